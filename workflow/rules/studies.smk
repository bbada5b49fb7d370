# One study of CT, MRI or X-ray: read and measured once; judged in decide_studies alone.


rule measure_study:
    """Header facts, geometry, values and a picture of one study; judges nothing."""
    output:
        facts="results/studies/{study_id}.json",
        thumbnail="results/studies/{study_id}.png",
    log:
        "logs/measure_study/{study_id}.log",
    benchmark:
        "benchmarks/measure_study/{study_id}.tsv"
    conda:
        "../../envs/measure_study.yaml"
    resources:
        mem_mb=study_memory(300, 12),
        runtime=study_minutes(10, 0.1),
    params:
        code=code_digest("measure_study"),
        study=study_path,
        modality=study_modality,
        series=study_series,
        fingerprint=study_fingerprint,
    script:
        "../../scripts/measure_study.py"
