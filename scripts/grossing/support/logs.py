"""The log of a job."""

import atexit
import gc
import logging
import os
import sys
from pathlib import Path
from typing import Any

from grossing.support.errors import CohortError, SlideError, UserError

LOGGER = logging.getLogger("grossing")


class _WithoutPandas:
    """A finder of modules by which pandas is not installed, as in the conda environments."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("no job uses pandas", name=name)


def to_file(path: str | os.PathLike[str]) -> None:
    """Send logging, stdout and stderr of this process (libraries in C included) to `path`.

    It ends without a search for garbage, which takes a seventh of its start, and pyarrow does not
    import pandas, which it does where it finds it, with the first value that becomes an array: up
    to a third of a small job.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    sys.stdout.flush()
    sys.stderr.flush()
    for stream in (1, 2):
        os.dup2(target, stream)
    os.close(target)
    sys.excepthook = _message_or_traceback
    logging.basicConfig(
        level=logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname)s %(message)s",
        force=True,
    )
    atexit.register(gc.freeze)
    sys.meta_path.insert(0, _WithoutPandas)
    logging.getLogger("pyvips").setLevel(logging.WARNING)  # it logs every region


def _message_or_traceback(kind: type[BaseException], error: BaseException, trace: Any) -> None:
    """What a user can fix ends in its message, what only a developer can in a traceback."""
    if isinstance(error, (UserError, CohortError, SlideError)):
        LOGGER.error("%s", error)
    else:
        sys.__excepthook__(kind, error, trace)
