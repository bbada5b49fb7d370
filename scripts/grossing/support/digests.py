"""Hashes of what a run is made of and of what it made."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grossing.support.types import PathLike


def of_file(path: PathLike) -> str:
    """SHA-256 of a file's bytes."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_settings(settings: Mapping[str, Any]) -> str:
    """SHA-256 of a configuration, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
