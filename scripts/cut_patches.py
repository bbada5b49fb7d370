"""Cubes of one prepared study, at its candidates or on a grid."""

from grossing.radiology import patches
from grossing.support import logs

logs.to_file(snakemake.log[0])

found = patches.of_files(
    snakemake.input.volume,
    snakemake.input.mask,
    snakemake.input.get("candidates"),
    snakemake.input.facts,
    **snakemake.params.patches,
)

found.write(snakemake.output.npz, snakemake.output.table)
