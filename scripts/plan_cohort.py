"""What a run will cost, slide by slide and in all, and which slides will fail."""

from grossing.cohort import plan, plan_totals
from grossing.cohort.planned_sheet import PlannedSheet
from grossing.cohort.reviews import Reviews
from grossing.report import plan_page
from grossing.support import files, logs, tables

logs.to_file(snakemake.log[0])

params = snakemake.params
settings = plan.Settings.from_params(
    **params.settings, memory_mb=params.memory_mb, cohort_memory_mb=params.cohort_memory_mb
)
planned = plan.make(
    PlannedSheet.read(params.sheet, params.sheet_digest, params.sheet_folder),
    Reviews.read(params.reviews, params.reviews_digest),
    settings,
)
batches = plan_totals.packed(planned, plan_totals.Batches(**params.batches), params.cores)

table = plan.table(planned, batches.batch_of)
totals = plan_totals.totals(planned, settings, batches, params.cores)

tables.write_csv(table, snakemake.output.csv)
files.write_json(totals, snakemake.output.totals)
plan_page.write(
    snakemake.output.page, params.template, totals=totals, table=table, version=params.version
)
