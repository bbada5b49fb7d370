"""Identity of a mask of the user's own by its content: moved or touched, it stays the same."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from grossing.slide import identity
from grossing.slide.identity import ABSENT, NOT_A_FILE
from grossing.support.types import PathLike


@dataclass(frozen=True)
class MaskFile:
    """Size and age of a mask; equal means unchanged."""

    bytes: int
    mtime_ns: int


@dataclass(frozen=True)
class MaskIdentity:
    """The mask at a path; both None where there was no file to read, or none is named."""

    mask_file: MaskFile | None = None
    mask_hash: str | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        file = data["mask_file"]
        return cls(None if file is None else MaskFile(**file), data["mask_hash"])


NO_MASK = MaskIdentity()


def of_file(path: PathLike) -> MaskIdentity:
    """Identity of the mask at a path; nothing but a regular file is opened.

    Raises
    ------
    OSError : the storage does not answer.
    """
    file = _stat(path)
    try:
        return MaskIdentity(file, _content_hash(path) if file else None)
    except PermissionError:
        return MaskIdentity(file)


def fingerprint(path: PathLike, recorded: MaskIdentity | None) -> str:
    """Content hash of a mask with as little reading as possible (`identity.fingerprint`).

    Parameters
    ----------
    path : the mask
    recorded : its identity when its slide was measured, None before

    Returns
    -------
    The recorded hash where size and age are the recorded ones, or where a mask that was used is
    gone; `ABSENT`, `NOT_A_FILE` or "unreadable"; else the hash of what is there now.
    """
    now = _stat(path)
    if recorded and recorded.mask_hash:
        valid = recorded.mask_file == now if now else not os.path.exists(path)
        if valid:
            return recorded.mask_hash
    if not os.path.exists(path):
        return ABSENT
    if now is None:
        return NOT_A_FILE
    try:
        return _content_hash(path)
    except OSError:
        return "unreadable"


def _stat(path: PathLike) -> MaskFile | None:
    file = identity.stat(path, single=True)
    return None if file is None else MaskFile(file.bytes, file.mtime_ns)


def _content_hash(path: PathLike) -> str:
    """SHA-256 of the whole file: a stroke more may change a few bytes in its middle only."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
