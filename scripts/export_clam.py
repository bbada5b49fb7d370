"""Coordinates of the passing tiles, data set and splits for CLAM."""

from grossing.export import clam
from grossing.export.selection import Selection, Tiling
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

report = clam.export(
    Selection.read(
        snakemake.input.verdicts, snakemake.input.patches, snakemake.input.get("splits")
    ),
    snakemake.output.folder,
    Tiling(**snakemake.params.tiling),
)

tables.write_csv(report, snakemake.output.report)
