"""A split for every slide that is used; patients, or sites, are never in two."""

from grossing.cohort import duplicates, splits
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

assigned, shares = splits.assign(
    tables.read(snakemake.input.verdicts),
    duplicates.read(snakemake.input.duplicates),
    splits.SplitOptions.from_config(snakemake.params.splits),
)

tables.write_csv(assigned, snakemake.output.csv)
tables.write_csv(shares, snakemake.output.shares)
