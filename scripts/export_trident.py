"""Coordinates of the passing tiles for TRIDENT."""

from pathlib import Path

from grossing.export import trident
from grossing.export.selection import Selection, Tiling
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

report = trident.export(
    Selection.read(snakemake.input.verdicts, snakemake.input.patches),
    {Path(path).stem: Path(path) for path in snakemake.input.facts},
    snakemake.output.folder,
    Tiling(**snakemake.params.tiling),
)

tables.write_csv(report, snakemake.output.report)
