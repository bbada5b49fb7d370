# Tables of the whole cohort: verdicts and tiles, judged by the thresholds.


rule decide_slides:
    """Thresholds on the measured numbers: a verdict per row of the cohort sheet, before tiling."""
    input:
        facts=of_slides(COMPLETE, [rules.measure_slide.output.facts]),
    output:
        csv=report(
            "results/cohort/measured_qc.csv",
            caption="../report/measured_qc.rst",
            category="Verdicts",
            labels={"table": "before tiling"},
        ),
        parquet="results/cohort/measured_qc.parquet",
    log:
        "logs/decide_slides.log",
    conda:
        "../../envs/decide_slides.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        criteria=JUDGED_BY,
        sheet=PLANNED_SHEET,
        sheet_digest=PLANNED.digest,
        leakage=config["leakage"],
        failed_jobs=FAILED_JOBS,
        accepted=list(ACCEPTED),
        code=code_digest("decide_slides"),
    script:
        "../../scripts/decide_slides.py"


rule collect_tiles:
    """All candidate tiles of the cohort in one table, judged; the final verdict of each slide."""
    input:
        **{stage: of_slides(COMPLETE, [table]) for stage, table in TILE_TABLES.items()},
        # by name: a rule's output beside a long list makes planning take the square of the slides
        verdicts="results/cohort/measured_qc.parquet",
        metrics=of_slides(COMPLETE, [rules.tile_slide.output.metrics]),
    output:
        verdicts_csv=report(
            "results/cohort/cohort_qc.csv",
            caption="../report/cohort_qc.rst",
            category="Verdicts",
            labels={"table": "final"},
        ),
        verdicts="results/cohort/cohort_qc.parquet",
        patches_csv="results/cohort/patch_cohort.csv",
        patches="results/cohort/patch_cohort.parquet",
    log:
        "logs/collect_tiles.log",
    conda:
        "../../envs/collect_tiles.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code_digest("collect_tiles"),
        thresholds=config["thresholds"],
        container=config["tiles"]["container"],
        stages=list(TILE_TABLES),
        patch_csv_rows_max=config["patch_csv_rows_max"],
    script:
        "../../scripts/collect_tiles.py"
