"""All candidate tiles of the cohort in one table, judged by the thresholds."""

from grossing.cohort import collect
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

with collect.PatchWriter(
    snakemake.output.parquet,
    snakemake.output.csv,
    csv_rows_max=snakemake.params.patch_csv_rows_max,
) as writer:
    summary = collect.tiles(
        tables.read(snakemake.input.verdicts),
        snakemake.input.metrics,
        writer,
        thresholds=snakemake.params.thresholds,
        container=snakemake.params.container,
        more=[snakemake.input[stage] for stage in snakemake.params.stages],
    )

tables.write_csv(summary, snakemake.output.summary)
