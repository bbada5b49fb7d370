"""The nuclei of one slide: size, shape and stain of each, count and density per tile."""

from grossing.mask import labels
from grossing.nuclei import slide_nuclei
from grossing.slide import record as record_files
from grossing.support import logs, tables
from grossing.tiles import stored_tiles

logs.to_file(snakemake.log[0])

with (
    stored_tiles.TileSet(snakemake.input.container, snakemake.input.metrics) as tiles,
    slide_nuclei.Writer(snakemake.output.nuclei, snakemake.output.get("geojson")) as writer,
):
    counted = slide_nuclei.measure(
        tiles,
        record_files.read(snakemake.input.facts),
        labels.read(snakemake.input.mask),
        writer,
        given_stain=snakemake.params.stain,
        options=snakemake.params.nuclei,
    )

tables.write_parquet(tables.from_rows(counted, tables.NUCLEI_TILES), snakemake.output.tiles)
