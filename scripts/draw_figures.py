"""Figures of the cohort for papers: distributions with limits, verdicts, focus, stain, failures."""

from pathlib import Path

from grossing.report import figures, limits_in_use
from grossing.support import logs

logs.to_file(snakemake.log[0])

drawn = figures.draw(
    snakemake.input.verdicts,
    snakemake.input.patches,
    limits_in_use.of(snakemake.params.thresholds),
    pictures=[
        snakemake.input.overlays,
        Path(snakemake.input.verdicts).parents[1] / "tissue/thumbnails",
    ],
)

drawn.write(snakemake.output.figures)
