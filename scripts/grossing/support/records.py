"""How records of slides and studies become JSON: on one level, refusals, the libraries used."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

from grossing.columns.error_codes import ErrorCode
from grossing.columns.study_codes import StudyErrorCode
from grossing.support import files, versions
from grossing.support.types import PathLike

Json = dict[str, Any]
Record = TypeVar("Record")
#: keys that say whether and why a slide or a study cannot be used
REFUSAL = ("readable", "error_code", "error_message", "remedy")


class Refused(Protocol):
    """An exception that says why a slide or a study cannot be used."""

    @property
    def code(self) -> ErrorCode | StudyErrorCode: ...
    @property
    def message(self) -> str: ...
    @property
    def remedy(self) -> str: ...


@dataclass(frozen=True)
class Refusal:
    """Why a slide or a study cannot be used, and what to do about it."""

    code: ErrorCode | StudyErrorCode
    message: str
    remedy: str

    @classmethod
    def from_error(cls, error: Refused) -> Self:
        return cls(error.code, error.message, error.remedy)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self | None:
        """The refusal that a record's JSON states; None where the record is readable."""
        readable, *words = (data[key] for key in REFUSAL)
        return None if readable else cls(*words)


def stated(refusal: Refusal | None) -> Json:
    """The keys of `REFUSAL`, None where nothing is refused."""
    words = (refusal.code, refusal.message, refusal.remedy) if refusal else (None,) * 3
    return dict(zip(REFUSAL, (refusal is None, *words), strict=True))


def on_one_level(*groups: Any) -> Json:
    """The fields of several dataclasses by their names; those that are None are left out."""
    return {key: value for group in groups if group for key, value in asdict(group).items()}


def group(kind: Any, data: Mapping[str, Any]) -> Any:
    """A dataclass of the fields of that name; lists become tuples.

    Raises
    ------
    KeyError : a field is missing.
    """
    values = {each.name: data[each.name] for each in fields(kind)}
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def read(path: PathLike, from_json: Callable[[Json], Record]) -> Record:
    """The record of a JSON file.

    Raises
    ------
    ValueError : the file is of another version.
    """
    data = json.loads(Path(path).read_text(encoding="utf-8"))
    try:
        return from_json(data)
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path}: no {error}: delete this file and run again") from error


def write(record: Json, path: PathLike) -> None:
    """JSON of a record, and with which libraries it was made."""
    files.write_json(record | {versions.MADE_WITH: versions.used()}, path)
