# What the results were made of, for a reader in years, and as metadata for a repository of data.


rule write_provenance:
    """Versions, configuration, and hashes of code, slides and tables; an RO-Crate of the results."""
    input:
        verdicts="results/cohort/cohort_qc.parquet",
        facts=of_slides(COMPLETE, [rules.measure_slide.output.facts]),
        per_slide=of_slides(COMPLETE, [rules.tile_slide.output.metrics], TILE_TABLES.values()),
        tables=[
            "results/cohort/duplicates.csv",
            "results/cohort/measured_qc.csv",
            "results/cohort/measured_qc.parquet",
            *rules.collect_tiles.output,
            *COHORT_TABLES,
            *EXPORT_TABLES,
        ],
    output:
        provenance="results/cohort/provenance.json",
        crate="results/ro-crate-metadata.json",
    log:
        "logs/write_provenance.log",
    conda:
        "../../envs/write_provenance.yaml"
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code_digest("write_provenance"),
        config=STATED_CONFIG,
        digests=code_digests,
        workflow=workflow_versions,
        unstated=unstated_versions,
        folders=result_folders,
        sheet=RUN_FILES,
    script:
        "../../scripts/write_provenance.py"
