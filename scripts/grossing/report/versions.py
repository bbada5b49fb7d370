"""Versions of the programs that a run uses, for its methods text."""

import re
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

from grossing.support.types import PathLike

#: program -> the packages that state its version, in the lock and in the conda environments
PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "OpenSlide": ("openslide-bin", "openslide"),
    "libvips": ("pyvips-binary", "libvips"),
    "OpenCV": ("opencv-python-headless", "py-opencv"),
    "NumPy": ("numpy",),
    "torchstain": ("torchstain",),
    "scikit-image": ("scikit-image",),
}
_PIN = re.compile(r"^\s*- ([a-z][a-z0-9-]*) ==?(\d[\w.]*)", re.M)


def installed() -> dict[str, str]:
    """Versions of this Python's packages by program; a package that is not there is left out."""
    return _programs({d.name.lower(): d.version for d in metadata.distributions() if d.name})


def pinned(environments: Iterable[PathLike]) -> dict[str, str]:
    """Versions by program that files of conda environments state."""
    texts = (Path(path).read_text(encoding="utf-8") for path in environments)
    return _programs({name: version for text in texts for name, version in _PIN.findall(text)})


def _programs(packages: Mapping[str, str]) -> dict[str, str]:
    return {
        program: packages[name]
        for program, names in PROGRAMS.items()
        for name in names
        if name in packages
    }
