"""Zones of high cellularity of the whole cohort: one row per slide, number, area and share."""

from grossing.cohort import zones_table
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

table = zones_table.table(tables.read(snakemake.input.verdicts), snakemake.input.zones)

tables.write_csv(table, snakemake.output.csv)
tables.write_parquet(table, snakemake.output.parquet)
