"""One slide as a pyramidal TIFF at the target resolution."""

from grossing import logs, records, wholeslide

logs.to_file(snakemake.log[0])

wholeslide.rescale(
    snakemake.params.slide,
    records.read(snakemake.input.facts),
    snakemake.output.tiff,
    passed=snakemake.params.gate == "pass",
    target_mpp=snakemake.params.target_mpp,
    target_mpp_tolerance=snakemake.params.target_mpp_tolerance,
    quality=snakemake.params.quality,
)
