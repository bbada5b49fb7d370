"""One slide as a pyramidal TIFF at the target resolution."""

from grossing.slide import record as record_files
from grossing.support import logs
from grossing.tiles import libvips_engine

logs.to_file(snakemake.log[0])

libvips_engine.rescale(
    snakemake.params.slide,
    record_files.read(snakemake.input.facts),
    snakemake.output.tiff,
    passed=snakemake.params.gate == "pass",
    target_mpp=snakemake.params.target_mpp,
    target_mpp_tolerance=snakemake.params.target_mpp_tolerance,
    quality=snakemake.params.quality,
)
