"""Freed memory is kept for the next tile where a job says so."""

import ctypes
import subprocess
import sys

import pytest
from running import REPOSITORY

CODE = """
import resource, sys
import numpy as np
from grossing.support import memory

if sys.argv[1] == "keep":
    memory.keep()
for size in (5, 9, 13) * 20:  # of different sizes, as a tile's arrays are
    first, second = (np.ones(size << 20, np.uint8) for _ in range(2))
    del first, second
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


def faults(how: str) -> int:
    """Pages that a process asked the system for."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, how],
        cwd=REPOSITORY / "scripts",
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="not glibc")
def test_freed_memory_is_not_asked_for_again() -> None:
    assert faults("keep") < faults("leave") / 2
