# CT: HU on cubic voxels, masks, candidates; behind the gate, as tiles of slides are.


rule prepare_ct:
    """HU on cubic voxels, lung and metal masks, candidates and windows of one CT."""
    input:
        facts=rules.measure_study.output.facts,
    output:
        volume="results/ct/{study_id}.nii.gz",
        lung="results/ct/{study_id}_lung.nii.gz",
        metal="results/ct/{study_id}_metal.nii.gz",
        windows="results/ct/{study_id}_windows.nii.gz",
        candidates="results/ct/{study_id}_candidates.csv",
        planes="results/ct_planes/{study_id}.jpg",
        facts="results/ct/{study_id}.json",
    log:
        "logs/prepare_ct/{study_id}.log",
    benchmark:
        "benchmarks/prepare_ct/{study_id}.tsv"
    conda:
        "../../envs/prepare_study.yaml"
    resources:
        mem_mb=study_memory(500, 20),
        runtime=study_minutes(10, 0.2),
    params:
        code=code_digest("prepare_ct"),
        gate=study_gate,
        announced=study_announced,
        study=study_path,
        series=study_series,
        ct=config["radiology"]["ct"],
    message:
        "{params.announced}"
    script:
        "../../scripts/prepare_ct.py"


PREPARED_FILES["CT"] = list(rules.prepare_ct.output)
PREPARED_RECORDS["CT"] = [rules.prepare_ct.output.facts]
STUDY_PICTURES["CT"] = [rules.prepare_ct.output.planes]
PATCH_SOURCES["CT"] = {
    "volume": rules.prepare_ct.output.volume,
    "mask": rules.prepare_ct.output.lung,
    "candidates": rules.prepare_ct.output.candidates,
    "facts": rules.prepare_ct.output.facts,
}
