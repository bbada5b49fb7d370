"""The tiles of one slide in the colours of a reference; what would be ruined is passed through."""

from grossing import logs, records, stainfit, staintiles, tables

logs.to_file(snakemake.log[0])

rows = staintiles.normalize(
    snakemake.input.container,
    snakemake.input.metrics,
    snakemake.output.container,
    record=records.read(snakemake.input.facts),
    reference=stainfit.read_reference(snakemake.input.get("reference"), snakemake.params.method),
    method=snakemake.params.method,
    scope=snakemake.params.scope,
    tiles=snakemake.params.tiles,
    threads=snakemake.threads,
)

tables.write_parquet(tables.from_rows(rows, tables.STAIN_TILES), snakemake.output.tiles)
