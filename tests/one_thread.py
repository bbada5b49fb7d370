"""Linear algebra of the tests on one thread: two workers share two cores, and idle threads spin.

To be imported before NumPy. What the tests start has its own threads: the variable is gone again.
"""

import importlib
import os

NAME = "OPENBLAS_NUM_THREADS"
_given = NAME in os.environ
os.environ.setdefault(NAME, "1")
for _library in ("numpy", "scipy.linalg"):  # each has an OpenBLAS, which reads it once
    importlib.import_module(_library)
if not _given:
    del os.environ[NAME]
