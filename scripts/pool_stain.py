"""The colours that all slides are brought to: those of one slide, or of the training slides."""

from grossing.slide import record as record_files
from grossing.stain import fit as stain_fit
from grossing.support import logs

logs.to_file(snakemake.log[0])

reference = stain_fit.reference(
    map(record_files.read, snakemake.input.facts),
    named=snakemake.params.reference,
    method=snakemake.params.method,
)

record_files.write(reference, snakemake.output.reference)
