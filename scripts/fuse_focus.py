"""One slide from the focal planes of a stack, each block from the plane that is sharpest there."""

from grossing.support import logs
from grossing.zstack import fused_slide
from grossing.zstack.options import FocusStackOptions

logs.to_file(snakemake.log[0])

fused = fused_slide.fuse(
    snakemake.params.paths,
    snakemake.params.planes,
    snakemake.output.tiff,
    slide_id=snakemake.wildcards.slide_id,
    given_mpp=snakemake.params.mpp,
    given_stain=snakemake.params.stain,
    mpp_from_objective=snakemake.params.mpp_from_objective,
    focus_stack=FocusStackOptions(**snakemake.params.focus_stack),
    tissue=snakemake.params.tissue,
)

fused.write(snakemake.output)
