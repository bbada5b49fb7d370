"""Tiles of one slide where there is tissue, each measured before it is encoded."""

from grossing.mask import labels
from grossing.slide.record import SlideRecord
from grossing.support import images, logs, memory
from grossing.tiles import tile_loop
from grossing.tiles.options import TileOptions

logs.to_file(snakemake.log[0])
memory.keep()

tiles = tile_loop.tile(
    snakemake.params.slide,
    SlideRecord.read(snakemake.input.facts),
    labels.read(snakemake.input.mask),
    images.read(snakemake.input.overview),
    container=snakemake.output.get("container"),
    passed=snakemake.params.gate == "pass",
    tiles=TileOptions.from_config(snakemake.params.tiles),
    target_mpp=snakemake.params.target_mpp,
    target_mpp_tolerance=snakemake.params.target_mpp_tolerance,
    threads=snakemake.threads,
)

tiles.write(snakemake.output.metrics)
