"""Picture with air black on 16 bit and lung fields of one X-ray."""

from grossing.radiology.xr import prepared_xr
from grossing.support import logs

logs.to_file(snakemake.log[0])

prepared = prepared_xr.prepare(
    snakemake.params.study,
    study_id=snakemake.wildcards.study_id,
    passed=snakemake.params.gate == "pass",
    series=snakemake.params.series,
    **snakemake.params.xr,
)

prepared.write(snakemake.output)
