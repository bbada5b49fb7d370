"""Mean and deviation of the CT values of the training split."""

from grossing.radiology import training_statistics
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

statistics = training_statistics.of_verdicts(tables.read(snakemake.input.verdicts))

statistics.write(snakemake.output.statistics)
