"""A split for every study that is used; patients, groups, or sites, are never in two."""

from grossing.cohort.splits import SplitOptions
from grossing.radiology.studies import study_splits
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

assigned, shares = study_splits.assign(
    tables.read(snakemake.input.verdicts),
    tables.read(snakemake.input.duplicates),
    SplitOptions.from_config(snakemake.params.splits),
)

tables.write_csv(assigned, snakemake.output.csv)
tables.write_csv(shares, snakemake.output.shares)
