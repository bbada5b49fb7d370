"""Facts, tissue and pen mask, focus and stain of one slide; judges nothing."""

from grossing import logs, measure, outputs, records

logs.to_file(snakemake.log[0])

measured = measure.slide(
    snakemake.params.slide,
    slide_id=snakemake.wildcards.slide_id,
    given_mpp=snakemake.params.mpp,
    given_stain=snakemake.params.stain,
    mpp_from_objective=snakemake.params.mpp_from_objective,
    tissue=snakemake.params.tissue,
    focus=snakemake.params.focus,
    stack=records.read_if_any(snakemake.input.get("stack")),
)

outputs.write_slide(measured, snakemake.output)
