# What the results of studies were made of, as provenance.smk of slides; after all files of studies.

if STUDIES_RUN:

    ruleorder: write_study_provenance > write_provenance

else:

    ruleorder: write_provenance > write_study_provenance


rule write_study_provenance:
    """Versions, configuration, and hashes of code, studies and tables; an RO-Crate of the results."""
    input:
        verdicts="results/cohort/studies_qc.parquet",
        facts=of_studies(["results/studies/{study_id}.json"]),
        prepared=of_studies(PREPARED_RECORDS),
        groups=STUDY_GROUPS,
        per_study=patch_tables if CUT_PATCHES else [],
        tables=[
            *rules.decide_studies.output,
            *(path for path in STUDY_TABLES if os.path.dirname(path) == "results/cohort"),
        ],
    output:
        provenance="results/cohort/studies_provenance.json",
        crate="results/ro-crate-metadata.json",
    log:
        "logs/write_study_provenance.log",
    conda:
        "../../envs/write_provenance.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code_digest("write_study_provenance"),
        config=STATED_CONFIG,
        digests=code_digests,
        workflow=workflow_versions,
        unstated=unstated_versions,
        folders=study_folders,
        sheet=STUDY_RUN_FILES,
    script:
        "../../scripts/write_study_provenance.py"
