# Studies beside each other: duplicates, splits (optional), and what leaks between them. The config
# section `splits` is that of slides.


rule find_study_duplicates:
    """Pairs of studies that are one, by their files, their values and their middle planes."""
    input:
        facts=of_studies(["results/studies/{study_id}.json"]),
    output:
        csv="results/cohort/study_duplicates.csv",
        parquet="results/cohort/study_duplicates.parquet",
    log:
        "logs/find_study_duplicates.log",
    conda:
        "../../envs/checked_tables.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        code=code_digest("find_study_duplicates"),
        distance_max=config["thresholds"]["cohort"]["duplicate_distance_max"],
        sheet=STUDIES_SHEET,
        sheet_digest=PLANNED_STUDIES.digest,
    script:
        "../../scripts/find_study_duplicates.py"


rule assign_study_splits:
    """A split for every study that is used; patients, groups, or sites, are never in two."""
    input:
        duplicates="results/cohort/study_duplicates.parquet",
        verdicts="results/cohort/studies_qc.parquet",
    output:
        csv="results/cohort/study_splits.csv",
        shares="results/cohort/study_split_shares.csv",
    log:
        "logs/assign_study_splits.log",
    conda:
        "../../envs/assign_splits.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        code=code_digest("assign_study_splits"),
        splits={key: value for key, value in SPLITS.items() if key != "enabled"},
    script:
        "../../scripts/assign_study_splits.py"


#: the splits that were made, for the rules that follow them
MADE_SPLITS = {"splits": "results/cohort/study_splits.csv"} if SPLITS["enabled"] else {}


rule check_study_leakage:
    """Patients, duplicates, groups and sites of studies that are in several splits."""
    input:
        **MADE_SPLITS,
        duplicates="results/cohort/study_duplicates.parquet",
        verdicts="results/cohort/studies_qc.parquet",
    output:
        csv="results/cohort/study_leakage.csv",
    log:
        "logs/check_study_leakage.log",
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        code=code_digest("check_study_leakage"),
        site_alarm=SPLITS["enabled"] and SPLITS["strategy"] == "site",
    script:
        "../../scripts/check_study_leakage.py"


STUDY_TABLES += rules.find_study_duplicates.output
if SPLITS["enabled"]:
    STUDY_TABLES += rules.assign_study_splits.output
STUDY_TABLES += rules.check_study_leakage.output
