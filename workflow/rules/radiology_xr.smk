# X-ray: air black, local contrast, lung fields; behind the gate.


rule prepare_xr:
    """Picture with air black on 16 bit and lung fields of one X-ray."""
    input:
        facts=rules.measure_study.output.facts,
    output:
        picture="results/xr/{study_id}.png",
        lung="results/xr_lung/{study_id}.png",
        planes="results/xr_planes/{study_id}.jpg",
        facts="results/xr/{study_id}.json",
    log:
        "logs/prepare_xr/{study_id}.log",
    benchmark:
        "benchmarks/prepare_xr/{study_id}.tsv"
    conda:
        "../../envs/prepare_study.yaml"
    resources:
        mem_mb=study_memory(500, 100),
        runtime=study_minutes(10, 0.5),
    params:
        code=code_digest("prepare_xr"),
        gate=study_gate,
        announced=study_announced,
        study=study_path,
        series=study_series,
        xr=config["radiology"]["xr"],
    message:
        "{params.announced}"
    script:
        "../../scripts/prepare_xr.py"


PREPARED_FILES["XR"] = list(rules.prepare_xr.output)
PREPARED_RECORDS["XR"] = [rules.prepare_xr.output.facts]
STUDY_PICTURES["XR"] = [rules.prepare_xr.output.planes]
PATCH_SOURCES["XR"] = {
    "volume": rules.prepare_xr.output.picture,
    "mask": rules.prepare_xr.output.lung,
    "facts": rules.prepare_xr.output.facts,
}
