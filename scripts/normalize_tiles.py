"""The tiles of one slide in the colours of a reference; what would be ruined is passed through."""

from grossing.slide import record as record_files
from grossing.stain import fit as stain_fit
from grossing.support import logs, tables
from grossing.tiles import normalized_tiles

logs.to_file(snakemake.log[0])

rows = normalized_tiles.normalize(
    snakemake.input.container,
    snakemake.input.metrics,
    snakemake.output.container,
    record=record_files.read(snakemake.input.facts),
    reference=stain_fit.read_reference(snakemake.input.get("reference"), snakemake.params.method),
    method=snakemake.params.method,
    scope=snakemake.params.scope,
    tiles=snakemake.params.tiles,
    threads=snakemake.threads,
)

tables.write_parquet(tables.from_rows(rows, tables.STAIN_TILES), snakemake.output.tiles)
