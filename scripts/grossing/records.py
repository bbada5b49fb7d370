"""What is measured of a slide, as its JSON holds it."""

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """A slide's JSON."""
    with open(path, encoding="utf-8") as file:
        record: dict[str, Any] = json.load(file)
    return record


def to_json(value: Any) -> bytes:
    """A record as it is written; a number that is none is an error."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def glass_of(record: Mapping[str, Any]) -> npt.NDArray[np.uint8]:
    """The slide's glass colour, (3,) uint8; white where it was not measured."""
    bands = [record.get(f"background_{band}") for band in "rgb"]
    return np.array([255 if band is None else band for band in bands], np.uint8)
