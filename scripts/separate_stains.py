"""The tiles of one slide as pictures of haematoxylin and of eosin."""

from grossing import channels, logs, records

logs.to_file(snakemake.log[0])

channels.separate(
    snakemake.input.container,
    snakemake.input.metrics,
    {"hematoxylin": snakemake.output.hematoxylin, "eosin": snakemake.output.eosin},
    record=records.read(snakemake.input.facts),
    tiles=snakemake.params.tiles,
    threads=snakemake.threads,
)
