"""Identity of a slide by its content: a file that only moved or was touched keeps it."""

import functools
import hashlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

BLOCK_BYTES = 64 * 1024
SPREAD_BLOCKS = 16
ABSENT = "absent"
_SERIES_TAG = b"\x20\x00\x0e\x00UI"  # (0020,000E) SeriesInstanceUID, explicit VR
_SERIES_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True)
class Stat:
    """Size and age of a slide with its companions; equal means unchanged."""

    files: int
    bytes: int
    mtime_ns: int


@dataclass(frozen=True)
class Identity:
    """The content at a path; both None where there was no file to read."""

    source: Stat | None
    content_hash: str | None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        source = data["source"]
        return cls(None if source is None else Stat(**source), data["content_hash"])


@functools.lru_cache(maxsize=1024)
def _series_of_folder(folder: str) -> dict[bytes, list[str]]:
    """DICOM files of a folder by SeriesInstanceUID."""
    series: dict[bytes, list[str]] = {}
    for entry in sorted(os.scandir(folder), key=lambda e: e.name):
        if entry.is_file() and entry.name.lower().endswith(".dcm"):
            series.setdefault(_series_uid(entry.path), []).append(entry.path)
    return series


def _series_uid(path: str) -> bytes:
    with open(path, "rb") as file:
        head = file.read(_SERIES_HEAD_BYTES)
    at = head.find(_SERIES_TAG)
    if at < 0:
        return path.encode()
    length = int.from_bytes(head[at + 6 : at + 8], "little")
    return head[at + 8 : at + 8 + length].rstrip(b"\0 ")


def files_of(path: str | os.PathLike[str]) -> list[str]:
    """The slide's file and its companions (MIRAX data folder, DICOM series), sorted."""
    path = os.fspath(path)
    suffix = Path(path).suffix.lower()
    if suffix == ".mrxs":
        folder = Path(path).with_suffix("")
        inside = sorted(str(p) for p in folder.rglob("*") if p.is_file()) if folder.is_dir() else []
        return [path, *inside]
    if suffix == ".dcm":
        mates = _series_of_folder(os.path.dirname(os.path.abspath(path)))
        own = os.path.abspath(path)
        return next((files for files in mates.values() if own in files), [path])
    return [path]


def stat(path: str | os.PathLike[str]) -> Stat | None:
    """Size and newest mtime over the slide's files; None where the slide does not exist."""
    try:
        stats = [os.stat(p) for p in files_of(path)]
    except OSError:
        return None
    return Stat(len(stats), sum(s.st_size for s in stats), max(s.st_mtime_ns for s in stats))


def content_hash(path: str | os.PathLike[str]) -> str:
    """SHA-256 over names, sizes and sampled blocks (head, tail, spread) of the slide's files.

    Raises
    ------
    OSError : a file cannot be read.
    """
    digest = hashlib.sha256()
    files = files_of(path)
    folder = os.path.dirname(os.path.abspath(files[0]))
    for number, name in enumerate(files):
        with open(name, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            inside = os.path.relpath(os.path.abspath(name), folder) if number else ""
            digest.update(f"{inside}\0{size}\0".encode())
            for offset in _block_offsets(size):
                file.seek(offset)
                digest.update(file.read(BLOCK_BYTES))
    return digest.hexdigest()


def _block_offsets(size: int) -> list[int]:
    last = max(0, size - BLOCK_BYTES)
    if size <= BLOCK_BYTES * SPREAD_BLOCKS:
        return list(range(0, max(size, 1), BLOCK_BYTES))
    return [last * i // (SPREAD_BLOCKS - 1) for i in range(SPREAD_BLOCKS)]


def identity(path: str | os.PathLike[str], *, hashed: bool = True) -> Identity:
    """Identity of the slide at a path.

    Parameters
    ----------
    hashed : False leaves the hash out, where the content does not matter
    """
    readable = os.path.isfile(path) and os.access(path, os.R_OK)
    return Identity(stat(path), content_hash(path) if hashed and readable else None)


def recorded_hash(path: str | os.PathLike[str], recorded: Identity) -> str | None:
    """The content hash from an earlier measurement, if it is still valid; reads no content.

    It is valid where size and mtime are the recorded ones, and where the slide is gone (archived).
    """
    now = stat(path)
    return recorded.content_hash if now is None or recorded.source == now else None


def fingerprint(path: str | os.PathLike[str], recorded: Identity | None) -> str:
    """Content hash of a slide with as little reading as possible.

    Parameters
    ----------
    path : the slide
    recorded : its identity when it was measured, None before

    Returns
    -------
    The recorded hash where size and mtime are the recorded ones, or where a slide that was measured
    is gone (archived); `"absent"` where it was never there; else the hash of what is there now.
    """
    now = stat(path)
    known = recorded.content_hash if recorded else None
    if now is None:
        return known or ABSENT
    if recorded and known and recorded.source == now:
        return known
    try:
        return content_hash(path)
    except OSError:
        return "unreadable"
