"""Mean and deviation of the CT values of the training split."""

from grossing.columns import study_leakage, study_splits
from grossing.radiology.studies import training_statistics
from grossing.support import logs, tables

logs.to_file(snakemake.log[0])

assigned = snakemake.input.get("splits")
statistics = training_statistics.of_verdicts(
    tables.read(snakemake.input.verdicts),
    tables.read_csv(snakemake.input.leakage, study_leakage.SCHEMA),
    tables.read_csv(assigned, study_splits.SCHEMA) if assigned else None,
)

statistics.write(snakemake.output.statistics)
