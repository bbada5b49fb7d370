"""Thresholds on the measured numbers: the final verdict per row of the sheet of studies."""

from grossing.cohort.planned_sheet import PlannedSheet
from grossing.radiology.studies import failed_studies, prepared_record, studies_table
from grossing.radiology.studies.study_record import StudyRecord
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

sheet = PlannedSheet.read(snakemake.params.sheet, snakemake.params.sheet_digest).sheet
failed = failed_studies.records(snakemake.params.failed_jobs, snakemake.params.accepted, sheet)

table = studies_table.table(
    sheet,
    [*failed, *map(StudyRecord.read, snakemake.input.facts)],
    prepared_record.read_all(snakemake.input.prepared, snakemake.input.groups),
    snakemake.params.thresholds,
    tables.read(snakemake.input.duplicates),
)

tables.write_csv(table, snakemake.output.csv)
tables.write_parquet(table, snakemake.output.parquet)
