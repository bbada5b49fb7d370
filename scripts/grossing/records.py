"""What is measured of a slide, as its JSON holds it."""

import json
import os
from collections.abc import Mapping
from typing import Any

from grossing import files


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """A slide's JSON."""
    with open(path, encoding="utf-8") as file:
        record: dict[str, Any] = json.load(file)
    return record


def write(record: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write a JSON file; NaN is refused."""
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    files.write(path, text.encode() + b"\n")


def read_if_any(path: Any) -> dict[str, Any] | None:
    """The JSON of an input that only some slides have; None where it is empty."""
    return read(path) if path else None
