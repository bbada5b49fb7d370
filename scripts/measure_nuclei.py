"""The nuclei of one slide: size, shape and stain of each, count and density per tile."""

from grossing import labels, logs, nucleislide, records, tables, tileset

logs.to_file(snakemake.log[0])

with (
    tileset.TileSet(snakemake.input.container, snakemake.input.metrics) as tiles,
    nucleislide.Writer(snakemake.output.nuclei, snakemake.output.get("geojson")) as writer,
):
    counted = nucleislide.measure(
        tiles,
        records.read(snakemake.input.facts),
        labels.read(snakemake.input.mask),
        writer,
        given_stain=snakemake.params.stain,
        options=snakemake.params.nuclei,
    )

tables.write_parquet(tables.from_rows(counted, tables.NUCLEI_TILES), snakemake.output.tiles)
