"""What is measured of a slide, as its JSON holds it."""

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from grossing.support import files


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """A slide's JSON."""
    with open(path, encoding="utf-8") as file:
        record: dict[str, Any] = json.load(file)
    return record


def write(record: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write a JSON file; a number that is none is an error."""
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    files.write(path, text.encode() + b"\n")


def glass_of(record: Mapping[str, Any]) -> npt.NDArray[np.uint8]:
    """The slide's glass colour, (3,) uint8; white where it was not measured."""
    bands = [record.get(f"background_{band}") for band in "rgb"]
    return np.array([255 if band is None else band for band in bands], np.uint8)


def read_if_any(path: Any) -> dict[str, Any] | None:
    """The JSON of an input that only some slides have; None where it is empty."""
    return read(path) if path else None
