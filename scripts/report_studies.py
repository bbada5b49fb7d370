"""The page on which a person sees the studies, moves thresholds and looks at their planes."""

from pathlib import Path

from grossing.radiology.studies import prepared_record
from grossing.radiology.studies.study_record import StudyRecord
from grossing.report import studies_page
from grossing.support import logs

logs.to_file(snakemake.log[0])

studies_page.write(
    Path(snakemake.output.page),
    Path(snakemake.params.template),
    results=Path(snakemake.input.verdicts).parents[1],
    records=map(StudyRecord.read, snakemake.input.facts),
    prepared=prepared_record.read_all(snakemake.input.prepared, snakemake.input.groups),
    config=snakemake.params.config,
    sheet=snakemake.params.sheet,
    version=snakemake.params.version,
)
