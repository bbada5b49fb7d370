"""The reference of stain normalisation: colours of one slide, or of the training slides."""

from grossing.slide.record import SlideRecord
from grossing.stain import reference
from grossing.support import logs

logs.to_file(snakemake.log[0])

pooled = reference.pool(
    map(SlideRecord.read, snakemake.input.facts),
    reference=snakemake.params.reference,
    method=snakemake.params.method,
)

pooled.write(snakemake.output.reference)
