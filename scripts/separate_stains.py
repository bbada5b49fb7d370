"""The tiles of one slide as pictures of hematoxylin and of eosin."""

from grossing.slide.record import SlideRecord
from grossing.support import logs, memory
from grossing.tiles import separated_stains
from grossing.tiles.options import Encoding

logs.to_file(snakemake.log[0])
memory.keep()

separated_stains.separate(
    snakemake.input.container,
    snakemake.input.metrics,
    {"hematoxylin": snakemake.output.hematoxylin, "eosin": snakemake.output.eosin},
    record=SlideRecord.read(snakemake.input.facts),
    encoding=Encoding.from_config(snakemake.params.tiles),
    threads=snakemake.threads,
)
