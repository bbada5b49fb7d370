"""Thresholds on the measured numbers: one verdict per row of the cohort sheet."""

from grossing.cohort import failures, measured_qc, sheet, stacks
from grossing.slide import record as record_files
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

table = measured_qc.table(
    stacks.slides(sheet.read_sheet(snakemake.input.sheet), snakemake.params.focus_stack),
    map(record_files.read, snakemake.input.facts),
    failures.accepted(snakemake.params.failed_jobs, snakemake.params.accepted),
    thresholds=snakemake.params.thresholds,
    target_mpp=snakemake.params.target_mpp,
    target_mpp_tolerance=snakemake.params.target_mpp_tolerance,
)

tables.write_csv(table, snakemake.output.csv)
tables.write_parquet(table, snakemake.output.parquet)
