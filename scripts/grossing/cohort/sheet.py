"""The cohort sheet and the configuration: read as text, checked before anything runs."""

import csv
import io
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from grossing.support.errors import UserError

KNOWN_COLUMNS = (
    "slide_id",
    "path",
    "case_id",
    "site",
    "scanner",
    "stain",
    "label",
    "split",
    "mpp",
    "z_stack",
    "z_plane",
)
_OLDER_NAMES = {"full_path": "path"}
_MPP_RANGE = (0.05, 20.0)


@dataclass(frozen=True)
class Sheet:
    """The rows of a cohort sheet in its order, every cell as text, its columns and line numbers."""

    path: str
    columns: tuple[str, ...]
    rows: dict[str, dict[str, str]]
    lines: dict[str, int] = field(default_factory=dict)

    def slide_path(self, slide_id: str) -> str:
        """Path of a slide's file; relative ones are relative to the sheet."""
        return os.path.join(os.path.dirname(self.path), self.rows[slide_id]["path"])

    def given_mpp(self, slide_id: str) -> float | None:
        """The sheet's um/px of a slide, None where it gives none."""
        cell = self.rows[slide_id].get("mpp", "")
        return float(cell) if cell else None

    def cell(self, slide_id: str, column: str) -> str:
        return self.rows[slide_id].get(column, "")


def read_sheet(
    path: str | os.PathLike[str],
    schema_path: str | os.PathLike[str] | None = None,
    reserved: Iterable[str] = (),
) -> Sheet:
    """Read and check a cohort sheet.

    Parameters
    ----------
    path : CSV, UTF-8, comma-separated, with a header
    schema_path : schema of a row; None where the rows were checked before
    reserved : column names of our own tables, which the sheet may not use

    Raises
    ------
    UserError : with file, line, column, value and remedy.
    """
    path = os.fspath(path)
    lines = list(_records(path))
    header = [_OLDER_NAMES.get(name, name) for name in lines[0][1]] if lines else []
    _check_header(path, header, set(reserved))
    validator = _row_validator(schema_path) if schema_path else None
    rows: dict[str, dict[str, str]] = {}
    seen: dict[str, int] = {}
    for number, cells in lines[1:]:
        if len(cells) != len(header):
            remedy = "quote cells that hold a comma, and give every column a cell"
            raise _complaint(
                path, number, "", f"{len(cells)} cells for {len(header)} columns", remedy
            )
        row = dict(zip(header, cells, strict=True))
        if validator:
            _check_row(path, number, row, validator)
        slide_id = row["slide_id"]
        if slide_id in seen:
            remedy = f"ids must be unique; line {seen[slide_id]} has it already"
            raise _complaint(path, number, "slide_id", repr(slide_id), remedy)
        seen[slide_id] = number
        rows[slide_id] = row
    if not rows:
        raise _complaint(path, 1, "", "no slides", "add one line per slide below the header")
    return Sheet(path, tuple(header), rows, seen)


def complaint(sheet: Sheet, slide_id: str, column: str, value: str, remedy: str) -> UserError:
    """What is wrong with a cell of a sheet that was read, with its place."""
    return _complaint(sheet.path, sheet.lines[slide_id], column, value, remedy)


def _records(path: str) -> Iterable[tuple[int, list[str]]]:
    """Line number and stripped cells of every record that is not blank."""
    try:
        text = Path(path).read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        remedy = "set `cohort` (--config cohort=SHEET.csv); it is relative to the working directory"
        raise UserError(f"{path}: no such cohort sheet: {remedy}") from error
    except OSError as error:
        raise UserError(
            f"{path}: {error.strerror}: give the path of a readable CSV file"
        ) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        value = repr(error.object[error.start : error.start + 1])
        raise _complaint(
            path, line, "", f"byte {value} is not UTF-8", "save it as UTF-8"
        ) from error
    if text.startswith("\ufeff"):
        remedy = "save the sheet as UTF-8 without a byte-order mark (`CSV`, not `CSV UTF-8`)"
        raise _complaint(path, 1, "first", "byte-order mark U+FEFF", remedy)
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise _complaint(path, line, "", "byte 0", "save it as UTF-8 text (not UTF-16, not XLSX)")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise _complaint(path, reader.line_num, "", str(error), "close the quotes") from error


def _check_header(path: str, header: list[str], reserved: set[str]) -> None:
    if not header:
        raise _complaint(path, 1, "", "empty sheet", "start with a header: slide_id,path,...")
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        remedy = "separate the columns with commas, not semicolons or tabs"
        raise _complaint(path, 1, "", repr(header[0]), remedy)
    for name in ("slide_id", "path"):
        if name not in header:
            remedy = f"add a column `{name}`"
            raise _complaint(
                path, 1, name, "missing column", f"{remedy}; found: {', '.join(header)}"
            )
    for name in header:
        if header.count(name) > 1:
            raise _complaint(path, 1, name, "column named twice", "rename or drop one of them")
        if not name:
            raise _complaint(path, 1, "", "a column without a name", "name it or drop it")
        if name in reserved and name not in KNOWN_COLUMNS:
            remedy = "rename it: Grossing writes a column of that name"
            raise _complaint(path, 1, name, "reserved name", remedy)


def _row_validator(schema_path: str | os.PathLike[str]) -> jsonschema.Draft202012Validator:
    checker = jsonschema.FormatChecker(formats=())
    checker.checks("mpp", raises=ValueError)(_is_mpp)
    schema = yaml.safe_load(Path(schema_path).read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema, format_checker=checker)


def _is_mpp(cell: Any) -> bool:
    return _MPP_RANGE[0] <= float(cell) <= _MPP_RANGE[1]


def _check_row(
    path: str, number: int, row: Mapping[str, str], validator: jsonschema.Draft202012Validator
) -> None:
    given = {name: cell for name, cell in row.items() if cell}
    for error in validator.iter_errors(given):
        column = str(error.path[0]) if error.path else str(error.message).split("'")[1]
        remedy = error.schema.get("remedy") if error.path else f"fill the cell of `{column}`"
        raise _complaint(path, number, column, repr(row.get(column, "")), str(remedy))


def _complaint(path: str, line: int, column: str, value: str, remedy: str) -> UserError:
    place = f"{path}, line {line}" + (f", column {column}" if column else "")
    return UserError(f"{place}: {value}: {remedy}")
