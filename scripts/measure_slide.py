"""Facts, tissue and pen mask, focus and stain of one slide; judges nothing."""

from grossing.measure import slide as measure_slide
from grossing.measure import slide_files
from grossing.slide import record as record_files
from grossing.support import logs

logs.to_file(snakemake.log[0])

measured = measure_slide.slide(
    snakemake.params.slide,
    slide_id=snakemake.wildcards.slide_id,
    given_mpp=snakemake.params.mpp,
    given_stain=snakemake.params.stain,
    mpp_from_objective=snakemake.params.mpp_from_objective,
    tissue=snakemake.params.tissue,
    focus=snakemake.params.focus,
    stack=record_files.read_if_any(snakemake.input.get("stack")),
)

slide_files.write_slide(measured, snakemake.output)
