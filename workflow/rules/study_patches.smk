# Patches of prepared studies, of every modality in PATCH_SOURCES; included after these.


rule cut_patches:
    """Cubes of one prepared study, at its candidates or on a grid."""
    input:
        volume=patch_source("volume"),
        mask=patch_source("mask"),
        candidates=patch_source("candidates"),
        facts=patch_source("facts"),
    output:
        npz="results/patches/{study_id}.npz",
        table="results/patches/{study_id}.parquet",
    log:
        "logs/cut_patches/{study_id}.log",
    benchmark:
        "benchmarks/cut_patches/{study_id}.tsv"
    conda:
        "../../envs/cut_patches.yaml"
    resources:
        mem_mb=study_memory(500, 8),
        runtime=study_minutes(10, 0.1),
    params:
        code=code_digest("cut_patches"),
        patches={k: v for k, v in config["radiology"]["patches"].items() if k != "enabled"},
    script:
        "../../scripts/cut_patches.py"


rule collect_patches:
    """All patches of the cohort in one table."""
    input:
        verdicts="results/cohort/studies_qc.parquet",
        tables=patch_tables,
    output:
        parquet="results/cohort/patch_studies.parquet",
    log:
        "logs/collect_patches.log",
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        code=code_digest("collect_patches"),
    script:
        "../../scripts/collect_patches.py"


if config["radiology"]["patches"]["enabled"]:
    STUDY_TABLES += rules.collect_patches.output
