"""HU on cubic voxels, lung and metal masks, candidates and windows of one CT."""

from grossing.radiology.ct import prepared_ct
from grossing.radiology.studies.study_record import StudyRecord
from grossing.support import logs

logs.to_file(snakemake.log[0])

prepared = prepared_ct.prepare(
    snakemake.params.study,
    StudyRecord.read(snakemake.input.facts),
    passed=snakemake.params.gate == "pass",
    series=snakemake.params.series,
    options=prepared_ct.CtOptions(**snakemake.params.ct),
)

prepared.write(snakemake.output)
