"""All candidate tiles of the cohort in one table, and the final verdict of every slide."""

from grossing.cohort import collect
from grossing.cohort.patch_writer import PatchWriter
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

with PatchWriter(
    snakemake.output.patches,
    snakemake.output.patches_csv,
    csv_rows_max=snakemake.params.patch_csv_rows_max,
) as writer:
    verdicts = collect.tiles(
        tables.read(snakemake.input.verdicts),
        collect.TileTables.from_paths(
            snakemake.input.metrics,
            *(snakemake.input[stage] for stage in snakemake.params.stages),
        ),
        writer,
        limits=snakemake.params.thresholds,
        container=snakemake.params.container,
    )

tables.write_csv(verdicts, snakemake.output.verdicts_csv)
tables.write_parquet(verdicts, snakemake.output.verdicts)
