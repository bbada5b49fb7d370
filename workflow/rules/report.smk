# The page of the cohort: opened from a file share, with no server and no network.
if config["report"]["enabled"]:

    rule report_cohort:
        """The page on which a person sees the cohort, moves thresholds and looks at slides."""
        input:
            verdicts="results/cohort/cohort_qc.parquet",
            patches="results/cohort/patch_cohort.parquet",
            facts=of_slides(COMPLETE, [rules.measure_slide.output.facts]),
            pictures=of_slides(
                COMPLETE, [rules.measure_slide.output.thumbnail, rules.measure_slide.output.mask]
            ),
            overlays=rules.draw_overlays.output,
            duplicates="results/cohort/duplicates.csv",
            leakage=rules.check_leakage.output,
            products=of_slides(COMPLETE, PRODUCTS),
        output:
            page=report(
                directory("results/cohort/report"),
                htmlindex="index.html",
                category="Cohort",
                caption="../report/captions/report.rst",
            ),
        log:
            "logs/report_cohort.log",
        conda:
            "../../envs/report_cohort.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: 2000 * attempt,
            runtime=lambda wildcards, attempt: 60 * attempt,
        params:
            code=code_digest("report_cohort"),
            page=page_digest("page.html.j2"),
            template=report_template,
            version=grossing.__version__,
            reviews=PLANNED_REVIEWS,
            reviews_digest=REVIEWS.digest,
            config=STATED_CONFIG,
            cohort=report_sheet,
        script:
            "../../scripts/report_cohort.py"
