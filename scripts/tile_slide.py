"""Tiles of one slide where there is tissue, each measured before it is encoded."""

from grossing.mask import labels
from grossing.slide import record as record_files
from grossing.support import logs, tables
from grossing.tiles import tile_loop

logs.to_file(snakemake.log[0])

rows = tile_loop.slide(
    snakemake.params.slide,
    record_files.read(snakemake.input.facts),
    labels.read(snakemake.input.mask),
    container=snakemake.output.get("container"),
    passed=snakemake.params.gate == "pass",
    tiles=snakemake.params.tiles,
    target_mpp=snakemake.params.target_mpp,
    target_mpp_tolerance=snakemake.params.target_mpp_tolerance,
    threads=snakemake.threads,
)

tables.write_parquet(tables.from_rows(rows, tables.TILE_METRICS), snakemake.output.metrics)
