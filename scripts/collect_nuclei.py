"""Nuclei of the whole cohort: one row per slide, number, density, size and stain."""

from grossing.cohort import nuclei_table
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

table = nuclei_table.table(
    tables.read(snakemake.input.verdicts),
    snakemake.input.nuclei,
    snakemake.input.tiles,
    tuple(snakemake.params.median_area_um2),
)

tables.write_csv(table, snakemake.output.csv)
tables.write_parquet(table, snakemake.output.parquet)
