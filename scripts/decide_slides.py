"""Thresholds on the measured numbers: one verdict per row of the cohort sheet, before tiling."""

from grossing.cohort import duplicates, failures, measured_qc
from grossing.cohort.decide import Criteria
from grossing.cohort.planned_sheet import PlannedSheet
from grossing.cohort.reviews import Reviews
from grossing.slide.record import SlideRecord
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

table = measured_qc.table(
    PlannedSheet.read(snakemake.params.sheet, snakemake.params.sheet_digest).sheet,
    map(SlideRecord.read, snakemake.input.facts),
    failures.accepted(snakemake.params.failed_jobs, snakemake.params.accepted),
    Criteria.from_config(**snakemake.params.criteria),
    leakage=snakemake.params.leakage,
    pairs=duplicates.read(snakemake.input.duplicates),
    reviews=Reviews.read(snakemake.params.reviews, snakemake.params.reviews_digest),
)

tables.write_csv(table, snakemake.output.csv)
tables.write_parquet(table, snakemake.output.parquet)
