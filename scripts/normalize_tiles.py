"""The tiles of one slide in the colours of a reference; unsuitable tiles are passed through."""

from grossing.slide.record import SlideRecord
from grossing.stain import reference
from grossing.support import logs, memory
from grossing.tiles import normalized_tiles
from grossing.tiles.options import Encoding

logs.to_file(snakemake.log[0])
memory.keep()

normalized = normalized_tiles.normalize(
    snakemake.input.container,
    snakemake.input.metrics,
    snakemake.output.container,
    record=SlideRecord.read(snakemake.input.facts),
    reference=reference.read_fit(snakemake.input.get("reference"), snakemake.params.method),
    method=snakemake.params.method,
    scope=snakemake.params.scope,
    encoding=Encoding.from_config(snakemake.params.tiles),
    threads=snakemake.threads,
)

normalized.write(snakemake.output.tiles)
