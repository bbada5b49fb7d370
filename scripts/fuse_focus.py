"""One slide from the focal planes of a stack, each place from the plane that is sharp there."""

from grossing.slide import record as record_files
from grossing.support import files, images, logs, tables
from grossing.zstack import fused_slide

logs.to_file(snakemake.log[0])

fused = fused_slide.stack(
    snakemake.params.paths,
    snakemake.params.planes,
    snakemake.output.tiff,
    slide_id=snakemake.wildcards.slide_id,
    given_mpp=snakemake.params.mpp,
    given_stain=snakemake.params.stain,
    mpp_from_objective=snakemake.params.mpp_from_objective,
    focus_stack=snakemake.params.focus_stack,
    tissue=snakemake.params.tissue,
)

files.write(snakemake.output.heatmap, images.png(fused.heatmap))
tables.write_parquet(tables.from_rows(fused.rows, tables.FUSED_CELLS), snakemake.output.cells)
record_files.write(fused.facts, snakemake.output.facts)
