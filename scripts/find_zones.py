"""Zones of high cellularity of one slide, from its tiles."""

from grossing.mask import labels
from grossing.slide.record import SlideRecord
from grossing.support import logs
from grossing.zones import slide_zones
from grossing.zones.options import ZoneOptions

logs.to_file(snakemake.log[0])

zones = slide_zones.find(
    snakemake.input.container,
    snakemake.input.metrics,
    record=SlideRecord.read(snakemake.input.facts),
    mask=labels.read(snakemake.input.mask),
    given_stain=snakemake.params.stain,
    options=ZoneOptions(**snakemake.params.zones),
)

zones.write(snakemake.output)
