# Splits of the cohort, which are optional, and what leaks between them, which is always looked for.
SPLITS = config["splits"]


rule assign_splits:
    """A split for every slide that is used; patients, or sites, are never in two."""
    input:
        duplicates="results/cohort/duplicates.csv",
        verdicts="results/cohort/cohort_qc.parquet",
    output:
        csv="results/cohort/splits.csv",
        shares="results/cohort/split_shares.csv",
    log:
        "logs/assign_splits.log",
    conda:
        "../../envs/assign_splits.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        code=code_digest("assign_splits"),
        splits={key: value for key, value in SPLITS.items() if key != "enabled"},
    script:
        "../../scripts/assign_splits.py"


rule check_leakage:
    """Patients, duplicates and sites that are in several splits."""
    input:
        **({"splits": "results/cohort/splits.csv"} if SPLITS["enabled"] else {}),
        duplicates="results/cohort/duplicates.csv",
        verdicts="results/cohort/cohort_qc.parquet",
    output:
        csv="results/cohort/leakage.csv",
    log:
        "logs/check_leakage.log",
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        code=code_digest("check_leakage"),
        site_alarm=SPLITS["enabled"] and SPLITS["strategy"] == "site",
    script:
        "../../scripts/check_leakage.py"


if SPLITS["enabled"]:
    COHORT_TABLES += rules.assign_splits.output
COHORT_TABLES += rules.check_leakage.output
