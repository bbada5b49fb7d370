"""Header facts, geometry, values and a picture of one study; judges nothing."""

from grossing.radiology import measured_study
from grossing.support import logs

logs.to_file(snakemake.log[0])

measured = measured_study.measure(
    snakemake.params.study,
    study_id=snakemake.wildcards.study_id,
    modality=snakemake.params.modality,
    series=snakemake.params.series,
)

measured.write(snakemake.output)
