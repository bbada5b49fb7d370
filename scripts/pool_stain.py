"""The colours that all slides are brought to: those of one slide, or of the training slides."""

from grossing import logs, records, stainfit

logs.to_file(snakemake.log[0])

reference = stainfit.reference(
    map(records.read, snakemake.input.facts),
    named=snakemake.params.reference,
    method=snakemake.params.method,
)

records.write(reference, snakemake.output.reference)
