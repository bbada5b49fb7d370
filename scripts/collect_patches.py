"""All patches of the cohort in one table."""

from grossing.radiology import patch_table
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

table = patch_table.collect(tables.read(snakemake.input.verdicts), snakemake.input.tables)

tables.write_parquet(table, snakemake.output.parquet)
