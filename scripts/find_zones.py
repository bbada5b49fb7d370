"""Zones of high cellularity of one slide, from its tiles."""

from grossing.mask import labels
from grossing.slide import record as record_files
from grossing.support import logs
from grossing.tiles import stored_tiles
from grossing.zones import cellularity

logs.to_file(snakemake.log[0])

record = record_files.read(snakemake.input.facts)
with stored_tiles.TileSet(snakemake.input.container, snakemake.input.metrics) as tiles:
    found = cellularity.slide(
        tiles,
        record,
        labels.read(snakemake.input.mask),
        given_stain=snakemake.params.stain,
        zones=snakemake.params.zones,
    )

cellularity.write(found, record, snakemake.output)
