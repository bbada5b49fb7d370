"""Zones of high cellularity of one slide, from its tiles."""

from grossing import labels, logs, records, tileset, zones

logs.to_file(snakemake.log[0])

record = records.read(snakemake.input.facts)
with tileset.TileSet(snakemake.input.container, snakemake.input.metrics) as tiles:
    found = zones.slide(
        tiles,
        record,
        labels.read(snakemake.input.mask),
        given_stain=snakemake.params.stain,
        zones=snakemake.params.zones,
    )

zones.write(found, record, snakemake.output)
