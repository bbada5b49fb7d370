"""Patients, duplicates and sites that are in several splits."""

from grossing.cohort import leakage
from grossing.columns import duplicates, splits
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

assigned = snakemake.input.get("splits")
leaks = leakage.find(
    tables.read(snakemake.input.verdicts),
    tables.read_csv(snakemake.input.duplicates, duplicates.SCHEMA),
    tables.read_csv(assigned, splits.SCHEMA) if assigned else None,
    site_alarm=snakemake.params.site_alarm,
)

tables.write_csv(leaks, snakemake.output.csv)
