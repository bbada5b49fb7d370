"""Passing tiles as WebDataset shards, one series per split."""

from pathlib import Path

from grossing.export import shards
from grossing.export.selection import Selection
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

report = shards.export(
    Selection.read(
        snakemake.input.verdicts,
        snakemake.input.patches,
        snakemake.input.get("splits"),
        columns=None,
    ),
    Path(snakemake.input.verdicts).parents[1],
    snakemake.output.folder,
)

tables.write_csv(report, snakemake.output.report)
