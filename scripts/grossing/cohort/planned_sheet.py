"""The cohort sheet as a run was planned with it.

The head of a run writes a copy at its start. All jobs read this copy, so that each slide keeps its
own row even if the sheet changes during the run. The copy does not name the sheet's folder.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from grossing.cohort.sheet import Sheet
from grossing.cohort.stacks import Stack
from grossing.support import files
from grossing.support.errors import CohortError
from grossing.support.types import PathLike


@dataclass(frozen=True)
class PlannedSheet:
    """The sheet with a row per slide (stacks folded), and the stacks by slide_id."""

    sheet: Sheet
    stacks: dict[str, Stack]

    @property
    def digest(self) -> str:
        """Hash of the rows: an edited sheet is noticed even if its date is old (rsync, cp -p)."""
        return hashlib.sha256(self._text().encode()).hexdigest()

    def write(self, path: PathLike) -> None:
        """Write the sheet; a file with the same content is not touched."""
        text = self._text()
        if not os.path.exists(path) or Path(path).read_text(encoding="utf-8") != text:
            files.write(path, text.encode())

    @classmethod
    def read(cls, path: PathLike, expected: str | None = None, folder: str = "") -> Self:
        """The sheet that a run was planned with.

        Parameters
        ----------
        expected : its `digest`, None for any
        folder : of the sheet, which paths in it are relative to; needed by whoever opens slides

        Raises
        ------
        CohortError : the file holds another sheet: a second run was started meanwhile.
        """
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        sheet_path = os.path.join(folder, data["name"])
        sheet = Sheet(sheet_path, tuple(data["columns"]), data["rows"], data["lines"])
        stacks = {
            slide_id: Stack(
                tuple(os.path.join(folder, plane) for plane in stack["paths"]),
                tuple(stack["planes"]),
            )
            for slide_id, stack in data["stacks"].items()
        }
        planned = cls(sheet, stacks)
        if expected not in (None, planned.digest):
            raise CohortError(
                f"{sheet.path}: the cohort sheet changed during the run: run the same "
                "command again; finished work is kept"
            )
        return planned

    def _text(self) -> str:
        sheet = self.sheet
        folder = os.path.join(os.path.dirname(sheet.path), "")
        data = {
            "name": os.path.basename(sheet.path),
            "columns": sheet.columns,
            "rows": sheet.rows,
            "lines": sheet.lines,
            "stacks": {
                slide_id: {
                    "paths": [plane.removeprefix(folder) for plane in stack.paths],
                    "planes": stack.planes,
                }
                for slide_id, stack in self.stacks.items()
            },
        }
        return json.dumps(data, ensure_ascii=False)
