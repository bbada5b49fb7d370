"""Versions of the programs that a run used, for its methods text."""

import json
import re
from importlib import metadata
from pathlib import Path

from grossing.support.types import PathLike


def of_run(provenance: PathLike) -> dict[str, str]:
    """Versions by name that `provenance.json` states; several are joined by "and"."""
    stated = json.loads(Path(provenance).read_bytes())
    libraries = {name: " and ".join(versions) for name, versions in stated["libraries"].items()}
    return libraries | {"Grossing": stated["grossing"], "Snakemake": stated["snakemake"]}


def installed(package: str) -> str:
    """Version of a package of this Python."""
    return metadata.version(package)


def pinned(package: str, environment: PathLike) -> str:
    """Version of a package that the file of a conda environment states.

    Raises
    ------
    ValueError : it does not state one.
    """
    found = re.search(rf"^\s*- {package} ==?(\d[\w.]*)", Path(environment).read_text("utf-8"), re.M)
    if not found:
        raise ValueError(f"{environment}: no version of {package}")
    return found[1]
