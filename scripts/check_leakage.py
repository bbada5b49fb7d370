"""Patients, duplicates and sites that are in several splits."""

from grossing.cohort import duplicates, leakage
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

splits = snakemake.input.get("splits")
leaks = leakage.find(
    tables.read(snakemake.input.verdicts),
    duplicates.read(snakemake.input.duplicates),
    leakage.read_splits(splits) if splits else None,
    site_alarm=snakemake.params.site_alarm,
)

tables.write_csv(leaks, snakemake.output.csv)
