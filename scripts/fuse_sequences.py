"""The studies of one group aligned to the first of them and stacked as channels."""

from grossing.radiology.mr import mr_group
from grossing.support import logs

logs.to_file(snakemake.log[0])

members = mr_group.read(snakemake.input.facts, snakemake.input.volumes, snakemake.input.brains)

mr_group.stack(members).write(snakemake.output.volume, snakemake.output.facts)
