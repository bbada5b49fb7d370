"""Passing tiles as GeoJSON for QuPath."""

from grossing.export import geojson
from grossing.export.selection import PLACE, Selection
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

report = geojson.export(
    Selection.read(
        snakemake.input.verdicts,
        snakemake.input.patches,
        columns=(*PLACE, *geojson.MEASUREMENTS),
    ),
    snakemake.output.folder,
)

tables.write_csv(report, snakemake.output.report)
