"""The cohort sheet: read as text, checked before any job runs."""

import csv
import datetime
import functools
import io
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema

from grossing.cohort import values
from grossing.support import findings, yaml_text
from grossing.support.errors import UserError
from grossing.support.findings import Finding, Severity

_PATHS = ("path", "mask")


@dataclass(frozen=True)
class SheetKind:
    """What a sheet has a row of, its columns that are used (the id first), and its config key."""

    noun: str
    nouns: str
    columns: tuple[str, ...]
    setting: str

    @property
    def id_column(self) -> str:
        return self.columns[0]

    @property
    def needed(self) -> tuple[str, ...]:
        return (self.id_column, "path")


SLIDES = SheetKind(
    "slide",
    "slides",
    (
        "slide_id",
        "path",
        "case_id",
        "site",
        "scanner",
        "stain",
        "label",
        "split",
        "mpp",
        "mask",
        "z_stack",
        "z_plane",
    ),
    "cohort",
)
_BLANKS = " \t\r\n"
_INVISIBLE = "invisible characters"
_DELETE = "delete them in the sheet"
_LISTED_MAX = 5
_OLDER_NAMES = {"full_path": "path"}
_MPP_RANGE = (0.05, 20.0)
_AS_UTF8 = (
    "save it as UTF-8 (in Excel: Save As, `CSV UTF-8`; an old file: "
    "`iconv -f WINDOWS-1252 -t UTF-8 OLD.csv > NEW.csv`)"
)


@dataclass(frozen=True)
class Sheet:
    """The rows of a cohort sheet in its order, every value as text, its columns and line numbers.

    `findings` are faults of single rows and values.
    """

    path: str
    columns: tuple[str, ...]
    rows: dict[str, dict[str, str]]
    lines: dict[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    id_column: str = SLIDES.id_column

    def slide_path(self, slide_id: str) -> str:
        """Path of a slide's file; relative ones are relative to the sheet."""
        return os.path.join(os.path.dirname(self.path), self.rows[slide_id]["path"])

    def mask_path(self, slide_id: str) -> str | None:
        """Path of a slide's mask of the user's own, None where it names none."""
        name = self.value(slide_id, "mask")
        return os.path.join(os.path.dirname(self.path), name) if name else None

    def given_mpp(self, slide_id: str) -> float | None:
        """The sheet's um/px of a slide, None where it gives none."""
        text = self.rows[slide_id].get("mpp", "")
        return float(text) if text else None

    def value(self, slide_id: str, column: str) -> str:
        return self.rows[slide_id].get(column, "")

    def finding(
        self, slide_id: str, column: str, value: str, remedy: str, severity: Severity = "error"
    ) -> Finding:
        """What is wrong with a value of this sheet, with its place."""
        return Finding(self.path, self.lines[slide_id], column, value, remedy, severity)


def read_sheet(
    path: str | os.PathLike[str],
    schema_path: str | os.PathLike[str] | None = None,
    reserved: Iterable[str] = (),
) -> Sheet:
    """Read a cohort sheet whose rows are all right (`load` for the parameters).

    Raises
    ------
    UserError : with file, line, column, value and remedy of all faults.
    """
    sheet = load(path, schema_path, reserved)
    findings.refuse(sheet.findings)
    return sheet


def load(
    path: str | os.PathLike[str],
    schema_path: str | os.PathLike[str] | None = None,
    reserved: Iterable[str] = (),
    kind: SheetKind = SLIDES,
) -> Sheet:
    """Read a cohort sheet and list the faults of its rows and values.

    In the columns that are used, marks of missing values are read as empty, and invisible
    characters are removed (not of the id and `path`).

    Parameters
    ----------
    path : CSV, UTF-8, comma-separated, with a header
    schema_path : schema of a row; None where the rows were checked before
    reserved : column names of our own tables, which the sheet may not use
    kind : what a row is

    Raises
    ------
    UserError : it cannot be read as a table; with file, line, column, value and remedy.
    """
    path = os.fspath(path)
    lines = list(records(path, kind))
    header, faults = _header(path, lines[0][1] if lines else [], set(reserved), kind)
    check, reader = check_of_rows(schema_path), _ValueReader(path, kind)
    id_column = kind.id_column
    rows: dict[str, dict[str, str]] = {}
    numbers: dict[str, int] = {}
    for number, raw in lines[1:]:
        if len(raw) != len(header):
            remedy = "quote values that hold a comma, and give each row one value per column"
            value = f"{len(raw)} values for {len(header)} columns"
            faults.append(Finding(path, number, "", value, remedy))
            continue
        row = {
            name: reader.read(number, name, text) for name, text in zip(header, raw, strict=True)
        }
        faults += [Finding(path, number, *fault) for fault in check(row)]
        slide_id = row[id_column]
        if slide_id in rows:
            value = f"{slide_id!r}, which line {numbers[slide_id]} has already"
            remedy = f"give each {kind.noun} its own id"
            faults.append(Finding(path, number, id_column, value, remedy))
        elif slide_id or schema_path is None:
            rows[slide_id], numbers[slide_id] = row, number
    if not lines[1:]:
        remedy = f"add one line per {kind.noun} below the header"
        faults.append(Finding(path, 1, "", f"no {kind.nouns}", remedy))
    found = (*faults, *reader.findings())
    return Sheet(path, tuple(header), rows, numbers, found, id_column)


class _ValueReader:
    """Reads values, and counts by column what was changed in them."""

    def __init__(self, path: str, kind: SheetKind) -> None:
        self._path, self._kind = path, kind
        self._changed: dict[tuple[str, str], list[tuple[int, str]]] = {}

    def read(self, line: int, column: str, raw: str) -> str:
        if column not in self._kind.columns:
            return raw.strip()
        value = raw.strip(_BLANKS)
        if not value.isascii() or not value.isprintable():
            value = self._visible(line, column, value)
        if not values.is_missing(value) or column in self._kind.needed:
            return value
        if value:
            self._note(line, column, value, "read as missing; leave such values empty")
        return ""

    def _visible(self, line: int, column: str, value: str) -> str:
        if not values.invisible(value) or column == self._kind.id_column:
            return value
        if column in _PATHS:
            self._note(line, column, value, f"{_INVISIBLE} are part of the path; {_DELETE}")
            return value.strip()
        self._note(line, column, value, f"{_INVISIBLE} are left out; {_DELETE}")
        return values.cleaned(value)

    def _note(self, line: int, column: str, value: str, remedy: str) -> None:
        self._changed.setdefault((column, remedy), []).append((line, value))

    def findings(self) -> list[Finding]:
        """A warning for each column and kind of change."""
        faults = []
        for (column, remedy), changed in self._changed.items():
            different = list(dict.fromkeys(value for _, value in changed))
            listed = [_shown(value) for value in different[:_LISTED_MAX]]
            more = ["..."] if len(different) > _LISTED_MAX else []
            count = f" in {len(changed)} rows" if len(changed) > 1 else ""
            text = ", ".join(listed + more) + count
            faults.append(Finding(self._path, changed[0][0], column, text, remedy, "warning"))
        return faults


def _shown(value: str) -> str:
    """A value with escapes for invisible characters, and their names."""
    names = values.invisible(value)
    return f"{value!a} ({', '.join(names)})" if names else repr(value)


def records(path: str, kind: SheetKind = SLIDES) -> Iterable[tuple[int, list[str]]]:
    """Line number and values of every record that is not blank."""
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        key = kind.setting
        remedy = f"set `{key}` (--config {key}=SHEET.csv); it is relative to the working directory"
        raise UserError(f"{path}: no such cohort sheet: {remedy}") from error
    except OSError as error:
        raise UserError(
            f"{path}: {error.strerror}: give the path of a readable CSV file"
        ) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        value = repr(error.object[error.start : error.start + 1])
        raise _unreadable(path, line, "", f"byte {value} is not UTF-8", _AS_UTF8) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise _unreadable(path, line, "", "byte 0", f"not a text of UTF-8: {_AS_UTF8}")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for record in reader:
            if any(value.strip() for value in record):
                yield reader.line_num, record
    except csv.Error as error:
        raise _unreadable(path, reader.line_num, "", str(error), "close the quotes") from error


def _header(
    path: str, texts: list[str], reserved: set[str], kind: SheetKind
) -> tuple[list[str], list[Finding]]:
    """Names of the columns, and what is wrong with them."""
    names = [_OLDER_NAMES.get(name, name) for name in map(values.cleaned, texts)]
    if not names:
        start = f"start with a header: {kind.id_column},path,..."
        raise _unreadable(path, 1, "", "empty sheet", start)
    refuse_other_separators(path, texts)
    every = dict.fromkeys((*kind.needed, *names))
    faults = [
        finding for name in every for finding in _faults_of_name(path, name, names, reserved, kind)
    ]
    for text in texts:
        if values.invisible(text.strip(_BLANKS)):
            remedy = f"{_INVISIBLE} are left out; {_DELETE}"
            faults.append(Finding(path, 1, values.cleaned(text), _shown(text), remedy, "warning"))
    if len(every) > len(names) or len(set(names)) < len(names):
        findings.refuse(faults)
    return names, faults


def refuse_other_separators(path: str, header: list[str]) -> None:
    """Raise UserError where a header is one cell that holds semicolons or tabs."""
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        remedy = "separate the columns with commas, not semicolons or tabs"
        raise _unreadable(path, 1, "", repr(header[0]), remedy)


def _faults_of_name(
    path: str, name: str, names: list[str], reserved: set[str], kind: SheetKind
) -> Iterable[Finding]:
    """What is wrong with the name of a column."""
    meant = {_plain(known): known for known in kind.columns}.get(_plain(name), name)
    if name not in names:
        remedy = f"add a column `{name}`; the sheet has {', '.join(names)}"
        yield Finding(path, 1, name, "missing column", remedy)
    elif not name:
        yield Finding(path, 1, "", "a column without a name", "name it or drop it")
    elif names.count(name) > 1:
        yield Finding(path, 1, name, "column named twice", "rename or drop one of them")
    elif name in reserved and name not in kind.columns:
        remedy = "rename it: Grossing writes a column of that name"
        yield Finding(path, 1, name, "reserved name", remedy)
    elif meant != name and meant not in kind.needed:
        remedy = f"it is carried through and not used: rename it if you mean `{meant}`"
        yield Finding(path, 1, name, f"a name like `{meant}`", remedy, "warning")


def _plain(name: str) -> str:
    return values.folded(name).replace("_", "").replace("-", "")


def check_of_rows(
    schema_path: str | os.PathLike[str] | None,
) -> Callable[[Mapping[str, str]], list[tuple[str, str, str]]]:
    """A function that gives column, value and remedy of what a schema forbids in a row."""
    if schema_path is None:
        return lambda row: []
    checker = jsonschema.FormatChecker(formats=())
    checker.checks("mpp", raises=ValueError)(_is_mpp)
    checker.checks("date", raises=ValueError)(_is_date)
    schema = yaml_text.load(Path(schema_path).read_text(encoding="utf-8"))
    validators = {
        name: jsonschema.Draft202012Validator(rule, format_checker=checker)
        for name, rule in schema["properties"].items()
        if rule.keys() & {"pattern", "minLength", "allOf", "format"}
    }

    @functools.lru_cache(maxsize=10_000)
    def remedy(name: str, value: str) -> str:
        error = next(validators[name].iter_errors(value), None)
        return str(error.schema["remedy"]) if error else ""

    def faults(row: Mapping[str, str]) -> list[tuple[str, str, str]]:
        wrong_values = []
        for name, value in row.items():
            if name not in validators:
                continue
            if name in schema["required"] and values.is_missing(value):
                wrong_values.append((name, repr(value), f"fill in `{name}`"))
            elif value and (wrong := remedy(name, value)):
                wrong_values.append((name, ascii(value), wrong))
        return wrong_values

    return faults


def _is_mpp(text: Any) -> bool:
    return _MPP_RANGE[0] <= float(text) <= _MPP_RANGE[1]


def _is_date(text: Any) -> bool:
    return bool(datetime.date.fromisoformat(text))


def _unreadable(path: str, line: int, column: str, value: str, remedy: str) -> UserError:
    return UserError(str(Finding(path, line, column, value, remedy)))
