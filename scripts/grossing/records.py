"""What is measured of a slide, as its JSON holds it."""

import json
import os
from typing import Any


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """A slide's JSON."""
    with open(path, encoding="utf-8") as file:
        record: dict[str, Any] = json.load(file)
    return record


def read_if_any(path: Any) -> dict[str, Any] | None:
    """The JSON of an input that only some slides have; None where it is empty."""
    return read(path) if path else None
