"""Pairs of slides that show the same glass slide, by their content and their pictures."""

from grossing.cohort import duplicates
from grossing.cohort.planned_sheet import PlannedSheet
from grossing.slide.record import SlideRecord
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

pairs = duplicates.find(
    PlannedSheet.read(snakemake.params.sheet, snakemake.params.sheet_digest).sheet,
    map(SlideRecord.read, snakemake.input.facts),
    snakemake.params.distance_max,
)

tables.write_csv(duplicates.table(pairs), snakemake.output.csv)
