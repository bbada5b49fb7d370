# What a run will cost, from headers alone: target `plan`.
localrules:
    plan_cohort,


rule plan_cohort:
    """What a run will cost, slide by slide and in all, and which slides will fail."""
    output:
        csv="results/cohort/plan.csv",
        totals="results/cohort/plan.json",
        page="results/cohort/plan.html",
    log:
        "logs/plan_cohort.log",
    conda:
        "../../envs/plan_cohort.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code_digest("plan_cohort"),
        files=files_digest,
        page=page_digest("plan.html.j2", PLAN_STYLES),
        template=plan_template,
        version=grossing.__version__,
        settings=plan_settings,
        memory_mb=planned_memory,
        cohort_memory_mb=cohort_memory,
        batches=config["plan"],
        cores=plan_cores(),
        sheet=PLANNED_SHEET,
        sheet_digest=PLANNED.digest,
        sheet_folder=sheet_folder,
        reviews=PLANNED_REVIEWS,
        reviews_digest=REVIEWS.digest,
    script:
        "../../scripts/plan_cohort.py"
