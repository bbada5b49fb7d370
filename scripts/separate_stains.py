"""The tiles of one slide as pictures of haematoxylin and of eosin."""

from grossing.slide import record as record_files
from grossing.support import logs
from grossing.tiles import separated_stains

logs.to_file(snakemake.log[0])

separated_stains.separate(
    snakemake.input.container,
    snakemake.input.metrics,
    {"hematoxylin": snakemake.output.hematoxylin, "eosin": snakemake.output.eosin},
    record=record_files.read(snakemake.input.facts),
    tiles=snakemake.params.tiles,
    threads=snakemake.threads,
)
