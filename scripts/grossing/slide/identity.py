"""Identity of a slide by its content: a file that only moved or was touched keeps it."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from stat import S_ISREG
from typing import Any, Self

from grossing.slide import companions
from grossing.support.errors import SlideChanged
from grossing.support.types import PathLike

BLOCK_BYTES = 64 * 1024
SPREAD_BLOCKS = 16
ABSENT = "absent"
NOT_A_FILE = "not a file"


@dataclass(frozen=True)
class Stat:
    """Size and age of a slide with its companions; equal means unchanged.

    `mtime_ns` is the newest; `companions` depends on the size and age of each file, and is None
    where the slide's format is one file.
    """

    files: int
    bytes: int
    mtime_ns: int
    companions: str | None = None


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


def stat(path: PathLike, *, single: bool = False) -> Stat | None:
    """Size and age of a slide's files; None where the path names no regular file.

    Parameters
    ----------
    single : the format is known to be one file: nothing is opened, and one `stat` is enough
    """
    own = _regular(path)
    if own is None:
        return None
    alone = Stat(1, own.st_size, own.st_mtime_ns)
    if single:
        return alone
    try:
        found = companions.find(path)
        stats = [os.stat(name) for name in found.files]
    except OSError:  # whatever reads the slide reports it
        return alone
    if found.kind == "single":
        return alone
    text = repr([(found.kind, each.st_size, each.st_mtime_ns) for each in stats])
    return Stat(
        len(stats),
        sum(each.st_size for each in stats),
        max(each.st_mtime_ns for each in stats),
        hashlib.sha256(text.encode()).hexdigest()[:16],
    )


def _regular(path: PathLike) -> os.stat_result | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found if S_ISREG(found.st_mode) else None


def content_hash(path: PathLike) -> str:
    """SHA-256 over sizes and sampled blocks (head, tail, spread) of the slide's files.

    The names of companions count where the slide's index lists them. The files of a DICOM series
    count without name and order, so that each of them stands for the same slide.

    Parameters
    ----------
    path : a regular file

    Raises
    ------
    OSError : a file cannot be read.
    """
    found = companions.find(path)
    if found.kind == "single":
        return _file_hash(path, "").hex()
    own = os.path.abspath(path)
    ordered = found.kind != "dicom"
    hashes = []
    for name in found.files:
        is_companion = ordered and os.path.abspath(name) != own
        beside = companions.name_beside(path, name) if is_companion else ""
        hashes.append(_file_hash(name, beside))
    return hashlib.sha256(b"".join(hashes if ordered else sorted(hashes))).hexdigest()


def _file_hash(path: PathLike, name: str) -> bytes:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        digest.update(f"{name}\0{size}\0".encode(errors="surrogateescape"))
        for offset in _block_offsets(size):
            file.seek(offset)
            digest.update(file.read(BLOCK_BYTES))
    return digest.digest()


def _block_offsets(size: int) -> list[int]:
    last = max(0, size - BLOCK_BYTES)
    if size <= BLOCK_BYTES * SPREAD_BLOCKS:
        return list(range(0, max(size, 1), BLOCK_BYTES))
    return [last * i // (SPREAD_BLOCKS - 1) for i in range(SPREAD_BLOCKS)]


def identity(path: PathLike, *, hashed: bool = True) -> Identity:
    """Identity of the slide at a path; nothing but a regular file is opened.

    Parameters
    ----------
    hashed : False leaves the hash out, where the content does not matter

    Raises
    ------
    OSError : the storage does not answer.
    """
    source = stat(path)
    try:
        return Identity(source, content_hash(path) if hashed and source else None)
    except PermissionError:
        return Identity(source, None)


def _now(path: PathLike, recorded: Identity) -> Stat | None:
    """Size and age as far as they can be equal to the recorded ones."""
    source = recorded.source
    return stat(path, single=source is not None and source.companions is None)


def recorded_hash(path: PathLike, recorded: Identity) -> str | None:
    """The content hash from an earlier measurement, if it is still valid; reads no content.

    It is valid where size and age are the recorded ones, and where the slide is gone (archived).
    """
    now = _now(path, recorded)
    valid = recorded.source == now if now else not os.path.exists(path)
    return recorded.content_hash if valid else None


def fingerprint(path: PathLike, recorded: Identity | None) -> str:
    """Content hash of a slide with as little reading as possible.

    Parameters
    ----------
    path : the slide
    recorded : its identity when it was measured, None before

    Returns
    -------
    The recorded hash where size and age are the recorded ones, or where a slide that was measured
    is gone (archived); `ABSENT` where it was never there; `NOT_A_FILE` for a folder, a FIFO or a
    device, which is not opened; else the hash of what is there now.
    """
    known = recorded_hash(path, recorded) if recorded else None
    if known:
        return known
    if not os.path.exists(path):
        return ABSENT
    if not os.path.isfile(path):
        return NOT_A_FILE
    try:
        return content_hash(path)
    except OSError:
        return "unreadable"


def check(path: PathLike, recorded: Identity, slide_id: str) -> None:
    """Make sure that a slide is still the one that was measured.

    Costs one `stat` where it was not touched. A slide that is gone, or replaced while it is being
    read, is not noticed here.

    Parameters
    ----------
    path : the slide
    recorded : its identity when it was measured

    Raises
    ------
    SlideChanged : its content is another one.
    OSError : it cannot be read.
    """
    before = recorded.source
    if before is None or recorded.content_hash is None:
        return
    now = _now(path, recorded)
    if now is None or now == before or content_hash(path) == recorded.content_hash:
        return
    raise SlideChanged(slide_id, _difference(before, stat(path) or now))


def _difference(before: Stat, now: Stat) -> str:
    for quantity, then, value in (
        ("files", before.files, now.files),
        ("bytes", before.bytes, now.bytes),
    ):
        if then != value:
            return f"it had {then} {quantity} and has {value} now"
    return f"it still has {now.bytes} bytes, but with other content"
