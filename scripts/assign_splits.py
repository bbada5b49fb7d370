"""A split for every slide that is used; patients, or sites, are never in two."""

from grossing.cohort import splits
from grossing.columns import duplicates
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

assigned, shares = splits.assign(
    tables.read(snakemake.input.verdicts),
    tables.read_csv(snakemake.input.duplicates, duplicates.SCHEMA),
    splits.SplitOptions.from_config(snakemake.params.splits),
)

tables.write_csv(assigned, snakemake.output.csv)
tables.write_csv(shares, snakemake.output.shares)
