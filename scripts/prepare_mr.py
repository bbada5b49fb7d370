"""Bias field, intensities in units of white matter and cubic voxels of one MR study."""

from grossing.radiology.mr import prepared_mr
from grossing.support import logs

logs.to_file(snakemake.log[0])

prepared = prepared_mr.prepare(
    snakemake.params.study,
    study_id=snakemake.wildcards.study_id,
    sequence=snakemake.params.sequence,
    passed=snakemake.params.gate == "pass",
    series=snakemake.params.series,
    options=prepared_mr.MrOptions(**snakemake.params.mr),
)

prepared.write(snakemake.output)
