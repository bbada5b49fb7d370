"""Snakemake's command line, with an executor that looks after its jobs once a second.

The intervals of the profile and the plugin (20 s, then up to 180 s) are for clusters that others
use too.
"""

import asyncio
import sys

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor


async def _a_second(_: RemoteExecutor) -> None:
    await asyncio.sleep(1)


RemoteExecutor.sleep = _a_second
QUICK = ("--slurm-init-seconds-before-status-checks", "1", "--max-jobs-per-timespan", "20/1s")
main([*QUICK, *sys.argv[1:]])
