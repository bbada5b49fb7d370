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


GIVEN_BACK = """
import resource, sys
import numpy as np
from grossing.support import memory

memory.keep()
pieces = [np.ones(60_000, np.uint8) for _ in range(200)]
del pieces
memory.give_back(int(sys.argv[1]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
pieces = [np.ones(60_000, np.uint8) for _ in range(200)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str, code: str = CODE) -> int:
    """Pages that a process asked the system for."""
    done = subprocess.run(
        [sys.executable, "-c", code, how],
        cwd=REPOSITORY / "scripts",
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="not glibc")
def test_freed_memory_is_not_asked_for_again() -> None:
    assert faults("keep") < faults("leave") / 2


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="not glibc 2.33")
def test_little_freed_memory_is_not_given_back() -> None:
    assert faults("24000000", GIVEN_BACK) < faults("1000000", GIVEN_BACK) / 2
