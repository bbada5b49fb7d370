"""One slide as a pyramidal TIFF at the target resolution."""

from grossing.slide.record import SlideRecord
from grossing.support import logs
from grossing.tiles import rescaled_slide

logs.to_file(snakemake.log[0])

rescaled_slide.rescale(
    snakemake.params.slide,
    SlideRecord.read(snakemake.input.facts),
    snakemake.output.tiff,
    passed=snakemake.params.gate == "pass",
    target_mpp=snakemake.params.target_mpp,
    target_mpp_tolerance=snakemake.params.target_mpp_tolerance,
    quality=snakemake.params.quality,
)
