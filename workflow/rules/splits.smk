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
        "../../envs/check_leakage.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        code=code_digest("check_leakage"),
        site_alarm=SPLITS["enabled"] and SPLITS["strategy"] == "site",
    script:
        "../../scripts/check_leakage.py"


def check_splits():
    """Stops at start where the wanted splits make no sense."""
    fractions = SPLITS["fractions"]
    if abs(sum(fractions.values()) - 1) > 1e-6:
        listed = ", ".join(f"{name} {fractions[name]:g}" for name in ("train", "val", "test"))
        raise WorkflowError(f"splits.fractions: {listed}: they must sum to 1; 0 leaves one out")
    siteless = [i for i in SHEET.rows if not SHEET.value(i, "site")]
    if SPLITS["strategy"] == "site" and siteless:
        names = ", ".join(siteless[:5]) + (", ..." if len(siteless) > 5 else "")
        raise WorkflowError(
            f"splits.strategy: site: {len(siteless)} slides of {config['cohort']} have no site "
            f"({names}): fill that column, or use strategy: patient"
        )


if SPLITS["enabled"]:
    check_splits()
    COHORT_TABLES += rules.assign_splits.output
COHORT_TABLES += rules.check_leakage.output
