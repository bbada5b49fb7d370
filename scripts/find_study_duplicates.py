"""Pairs of studies that are one, by their files, their values and their middle planes."""

from grossing.cohort.planned_sheet import PlannedSheet
from grossing.radiology.studies import study_duplicates
from grossing.radiology.studies.study_record import StudyRecord
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

table = study_duplicates.table(
    study_duplicates.find(
        PlannedSheet.read(snakemake.params.sheet, snakemake.params.sheet_digest).sheet,
        map(StudyRecord.read, snakemake.input.facts),
        snakemake.params.distance_max,
    )
)

tables.write_csv(table, snakemake.output.csv)
tables.write_parquet(table, snakemake.output.parquet)
