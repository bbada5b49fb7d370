"""Facts, tissue and pen mask, focus and stain of one slide; judges nothing."""

from grossing.measure import slide
from grossing.slide import stack_record
from grossing.support import logs

logs.to_file(snakemake.log[0])

measured = slide.measure(
    snakemake.params.slide,
    slide_id=snakemake.wildcards.slide_id,
    given_mpp=snakemake.params.mpp,
    given_stain=snakemake.params.stain,
    mpp_from_objective=snakemake.params.mpp_from_objective,
    tissue=snakemake.params.tissue,
    focus=snakemake.params.focus,
    users_mask=snakemake.params.mask,
    stack=stack_record.read_if_stack(snakemake.input.get("stack")),
)

measured.write(snakemake.output)
