"""What was found on each slide of the cohort, drawn over its thumbnail."""

from grossing.report import overlays
from grossing.support import logs

logs.to_file(snakemake.log[0])

overlays.draw(
    snakemake.input.verdicts,
    snakemake.input.patches,
    overlays.MeasuredFiles.from_paths(
        snakemake.input.facts, snakemake.input.masks, snakemake.input.thumbnails
    ),
    snakemake.output.folder,
    focus_tile_um=snakemake.params.focus_tile_um,
    limits=snakemake.params.thresholds,
    threads=snakemake.threads,
)
