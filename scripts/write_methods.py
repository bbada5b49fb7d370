"""A text for the methods section of a paper, with the numbers of this cohort."""

from grossing.report import limits_in_use, methods, versions
from grossing.support import files, logs, tables

logs.to_file(snakemake.log[0])

described = methods.describe(
    tables.read(snakemake.input.verdicts),
    snakemake.params.settings,
    limits_in_use.of(snakemake.params.settings["thresholds"]),
    versions.of_run(snakemake.input.provenance),
)

files.write(snakemake.output.methods, described.text.encode())
