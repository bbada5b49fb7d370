"""The nuclei of one slide: size, shape and stain of each, count and density per tile."""

from grossing.mask import labels
from grossing.nuclei import slide_nuclei
from grossing.nuclei.options import NucleiOptions
from grossing.slide.record import SlideRecord
from grossing.support import logs, memory

logs.to_file(snakemake.log[0])
memory.keep()

counts = slide_nuclei.measure(
    snakemake.input.container,
    snakemake.input.metrics,
    snakemake.output.nuclei,
    snakemake.output.get("geojson"),
    record=SlideRecord.read(snakemake.input.facts),
    mask=labels.read(snakemake.input.mask),
    given_stain=snakemake.params.stain,
    options=NucleiOptions(**snakemake.params.nuclei),
)

counts.write(snakemake.output.tiles)
