# Tables of the whole cohort: verdicts and tiles, judged by the thresholds.


rule find_duplicates:
    """Pairs of slides that show the same glass slide, by their content and their pictures."""
    input:
        facts=of_slides(COMPLETE, [rules.measure_slide.output.facts]),
    output:
        csv="results/cohort/duplicates.csv",
    log:
        "logs/find_duplicates.log",
    conda:
        "../../envs/checked_tables.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        code=code_digest("find_duplicates"),
        distance_max=config["thresholds"]["cohort"]["duplicate_distance_max"],
        sheet=PLANNED_SHEET,
        sheet_digest=PLANNED.digest,
    script:
        "../../scripts/find_duplicates.py"


rule decide_slides:
    """Thresholds on the measured numbers: a verdict per row of the cohort sheet, before tiling."""
    input:
        # by name, as below
        duplicates="results/cohort/duplicates.csv",
        facts=of_slides(COMPLETE, [rules.measure_slide.output.facts]),
    output:
        csv=report(
            "results/cohort/measured_qc.csv",
            caption="../report/captions/measured_qc.rst",
            category="Verdicts",
            labels={"table": "before tiling"},
        ),
        parquet="results/cohort/measured_qc.parquet",
    log:
        "logs/decide_slides.log",
    conda:
        "../../envs/checked_tables.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        criteria=JUDGED_BY,
        sheet=PLANNED_SHEET,
        sheet_digest=PLANNED.digest,
        reviews=PLANNED_REVIEWS,
        reviews_digest=REVIEWS.digest,
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
            caption="../report/captions/cohort_qc.rst",
            category="Verdicts",
            labels={"table": "final"},
        ),
        verdicts="results/cohort/cohort_qc.parquet",
        patches_csv="results/cohort/patch_cohort.csv",
        patches="results/cohort/patch_cohort.parquet",
    log:
        "logs/collect_tiles.log",
    conda:
        "../../envs/tables.yaml"
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


rule draw_overlays:
    """A picture of each slide: tissue, ink, folds, focus, and its tiles with their verdict."""
    input:
        verdicts="results/cohort/cohort_qc.parquet",
        patches="results/cohort/patch_cohort.parquet",
        facts=of_slides(COMPLETE, [rules.measure_slide.output.facts]),
        masks=of_slides(COMPLETE, [rules.measure_slide.output.mask]),
        thumbnails=of_slides(COMPLETE, [rules.measure_slide.output.thumbnail]),
    output:
        folder=directory("results/overlays"),
    log:
        "logs/draw_overlays.log",
    conda:
        "../../envs/pictures.yaml"
    threads: 4
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code_digest("draw_overlays"),
        thresholds=config["thresholds"]["tile"],
        focus_tile_um=config["focus"]["tile_um"],
    script:
        "../../scripts/draw_overlays.py"
