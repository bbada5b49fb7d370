"""What the results were made of: versions, configuration, code, content of studies and tables."""

from pathlib import Path

from grossing.export import crate, provenance
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

made_of = provenance.describe(
    tables.read(snakemake.input.verdicts),
    snakemake.input.tables,
    Path(snakemake.output.crate).parent,
    of=provenance.STUDIES,
    config=snakemake.params.config,
    code=snakemake.params.digests,
    workflow=snakemake.params.workflow,
    libraries=provenance.library_versions(
        [*snakemake.input.facts, *snakemake.input.prepared, *snakemake.input.groups],
        [*snakemake.input.per_study, *snakemake.input.tables],
        snakemake.params.unstated,
    ),
)

made_of.write(snakemake.output.provenance)
crate.write(
    made_of,
    snakemake.output.crate,
    folders=snakemake.params.folders,
    also=snakemake.params.sheet,
)
