"""Makes a job's script misbehave from outside the product: Python reads this when it starts.

`drill.json` in the working directory says how: {"script": "measure_slide", "memory_mb": 700} takes
that much memory in every attempt; {"script": ..., "sleep_s": 600} sleeps in the first one.
"""

import json
import os
import sys
import time
from contextlib import suppress


def _misbehave(memory_mb: int = 0, sleep_s: int = 0) -> None:
    if memory_mb:
        globals()["held"] = bytearray(b"1") * (memory_mb << 20)
        time.sleep(3)  # long enough for a SLURM that looks once a second
    if sleep_s:
        with suppress(FileNotFoundError):
            os.rename("drill.json", "drill.done")  # the first attempt to come here takes it
            time.sleep(sleep_s)


with suppress(OSError, IndexError):
    with open("drill.json") as file:
        drill = json.load(file)
    if sys.orig_argv[1].endswith(f".{drill.pop('script')}.py"):
        _misbehave(**drill)
