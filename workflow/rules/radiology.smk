# Tables of all studies, and what the target `radiology` makes; after the files of the modalities.


rule decide_studies:
    """Thresholds on the measured numbers: the final verdict per row of the sheet of studies."""
    input:
        facts=of_studies(["results/studies/{study_id}.json"]),
        prepared=of_studies(PREPARED_RECORDS),
        groups=STUDY_GROUPS,
        duplicates="results/cohort/study_duplicates.parquet",
    output:
        csv="results/cohort/studies_qc.csv",
        parquet="results/cohort/studies_qc.parquet",
    log:
        "logs/decide_studies.log",
    conda:
        "../../envs/checked_tables.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        thresholds=STUDY_LIMITS,
        sheet=STUDIES_SHEET,
        sheet_digest=PLANNED_STUDIES.digest,
        failed_jobs=FAILED_STUDIES,
        accepted=ACCEPTED_STUDIES,
        code=code_digest("decide_studies"),
    script:
        "../../scripts/decide_studies.py"


rule pool_intensities:
    """Mean and deviation of the CT values of the training split, for z-scores."""
    input:
        **MADE_SPLITS,
        leakage=rules.check_study_leakage.output.csv,
        verdicts=rules.decide_studies.output.parquet,
    output:
        statistics="results/cohort/ct_intensities.json",
    log:
        "logs/pool_intensities.log",
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        code=code_digest("pool_intensities"),
    script:
        "../../scripts/pool_intensities.py"


if of_modality("CT"):
    STUDY_TABLES += rules.pool_intensities.output
