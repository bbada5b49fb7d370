"""The cohort sheet as a run was planned with it.

The head of a run keeps a copy at its start. All jobs read that, so that each slide keeps its own
row, whatever becomes of the sheet while they run.
"""

import hashlib
import json
import os
from pathlib import Path

from grossing.cohort.sheet import Sheet
from grossing.support import files
from grossing.support.errors import CohortError
from grossing.support.types import PathLike


def digest(sheet: Sheet) -> str:
    """Hash of the rows: an edited sheet counts also where its date is old (rsync, cp -p)."""
    return hashlib.sha256(_text(sheet).encode()).hexdigest()


def write(sheet: Sheet, path: PathLike) -> None:
    """Keep a sheet; a copy that holds the same rows stays untouched."""
    if not os.path.exists(path) or Path(path).read_text(encoding="utf-8") != _text(sheet):
        files.write(path, _text(sheet).encode())


def read(path: PathLike, expected: str | None = None) -> Sheet:
    """The sheet that a run was planned with.

    Parameters
    ----------
    expected : its `digest`, None for any

    Raises
    ------
    CohortError : it is another sheet: a second run was started meanwhile.
    """
    data = json.loads(Path(path).read_text(encoding="utf-8"))
    sheet = Sheet(data["path"], tuple(data["columns"]), data["rows"])
    if expected not in (None, digest(sheet)):
        raise CohortError(
            f"{sheet.path}: the cohort sheet changed while the run was going: run the same "
            "command again; finished work is kept"
        )
    return sheet


def _text(sheet: Sheet) -> str:
    return json.dumps(
        {"path": sheet.path, "columns": sheet.columns, "rows": sheet.rows}, ensure_ascii=False
    )
