"""Coordinates of the passing tiles for hs2p and slide2vec."""

from pathlib import Path

from grossing.export import hs2p
from grossing.export.selection import PLACE, Selection, Tiling
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

report = hs2p.export(
    Selection.read(
        snakemake.input.verdicts, snakemake.input.patches, columns=(*PLACE, "tissue_fraction")
    ),
    {Path(path).stem: Path(path) for path in snakemake.input.facts},
    snakemake.params.slides,
    snakemake.output.folder,
    Tiling(**snakemake.params.tiling),
    tissue_fraction_min=snakemake.params.tissue_fraction_min,
)

tables.write_csv(report, snakemake.output.report)
