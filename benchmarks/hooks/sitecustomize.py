"""Every Python process that starts with this folder on its path leaves its CPU seconds behind.

`CPU_SECONDS` names the folder; the jobs of a cluster are not child processes of the benchmark.
"""

import atexit
import os
import resource


def _leave(folder: str) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    with open(os.path.join(folder, str(os.getpid())), "w") as file:
        file.write(f"{used.ru_utime + used.ru_stime}\n")


if "CPU_SECONDS" in os.environ:
    atexit.register(_leave, os.environ["CPU_SECONDS"])
