"""Patients, duplicates, groups and sites of studies that are in several splits."""

from grossing.columns import study_splits
from grossing.radiology.studies import study_leakage
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

assigned = snakemake.input.get("splits")
leaks = study_leakage.find(
    tables.read(snakemake.input.verdicts),
    tables.read(snakemake.input.duplicates),
    tables.read_csv(assigned, study_splits.SCHEMA) if assigned else None,
    site_alarm=snakemake.params.site_alarm,
)

tables.write_csv(leaks, snakemake.output.csv)
