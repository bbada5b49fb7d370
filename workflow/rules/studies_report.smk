# The page of the studies: opened from a file share, with no server and no network.
if config["report"]["enabled"]:

    rule report_studies:
        """The page on which a person sees the studies, moves thresholds and looks at their planes."""
        input:
            duplicates=rules.find_study_duplicates.output.csv,
            leakage=rules.check_study_leakage.output.csv,
            verdicts=rules.decide_studies.output.parquet,
            facts=of_studies([rules.measure_study.output.facts]),
            prepared=of_studies(PREPARED_RECORDS),
            groups=STUDY_GROUPS,
            scanned=of_studies([rules.measure_study.output.thumbnail]),
            pictures=of_studies(STUDY_PICTURES),
        output:
            page=report(
                directory("results/cohort/studies_report"),
                htmlindex="index.html",
                category="Cohort",
                caption="../report/captions/studies_report.rst",
            ),
        log:
            "logs/report_studies.log",
        conda:
            "../../envs/report_cohort.yaml"
        resources:
            mem_mb=lambda wildcards, attempt: 1500 * attempt,
            runtime=lambda wildcards, attempt: 30 * attempt,
        params:
            code=code_digest("report_studies"),
            page=page_digest("studies.html.j2"),
            template=studies_template,
            version=grossing.__version__,
            config=config["radiology"],
            sheet=os.path.basename(str(config["studies"])),
        script:
            "../../scripts/report_studies.py"

    STUDY_TABLES += rules.report_studies.output
