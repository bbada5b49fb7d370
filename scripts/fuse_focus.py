"""One slide from the focal planes of a stack, each place from the plane that is sharp there."""

from grossing import encode, files, fusion, logs, records, tables

logs.to_file(snakemake.log[0])

fused = fusion.stack(
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

files.write(snakemake.output.heatmap, encode.png(fused.heatmap))
tables.write_parquet(tables.from_rows(fused.rows, tables.FUSED_CELLS), snakemake.output.cells)
records.write(fused.facts, snakemake.output.facts)
