"""The files of a study, and its identity by their content."""

import hashlib
import os
import stat as modes

from grossing.radiology.volumes.study_errors import StudyError
from grossing.slide.identity import ABSENT, Identity, Stat
from grossing.support.types import PathLike

BLOCK_BYTES = 16 * 1024
#: a folder of this many files is no study but the root of an archive
FILES_MAX = 20_000


def find(path: PathLike) -> list[str]:
    """Regular files of a study: the file itself, or all in a folder and the folders below it.

    Names that start with a dot are left out.

    Raises
    ------
    StudyError : there is nothing at the path, nothing that can be opened, or far too much.
    """
    path = os.fspath(path)
    if not os.path.isdir(path):
        if not os.path.exists(path):
            raise StudyError("file_missing", "no file or folder at the path")
        if not modes.S_ISREG(os.stat(path).st_mode):
            raise StudyError("unreadable", "the path is no regular file and no folder")
        return [path]
    found: list[str] = []
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        whole = (os.path.join(folder, name) for name in sorted(names) if not name.startswith("."))
        found += [name for name in whole if modes.S_ISREG(_mode(name))]
        if len(found) > FILES_MAX:
            raise StudyError("unreadable", f"more than {FILES_MAX} files in the folder")
    if not found:
        raise StudyError("file_missing", "an empty folder")
    return found


def _mode(path: str) -> int:
    try:
        return os.stat(path).st_mode
    except OSError:
        return 0


def stat(path: PathLike) -> Stat | None:
    """Number, size and age of a study's files; None where there are none."""
    try:
        stats = [os.stat(name) for name in find(path)]
    except (StudyError, OSError):
        return None
    text = repr([(each.st_size, each.st_mtime_ns) for each in stats])
    return Stat(
        len(stats),
        sum(each.st_size for each in stats),
        max(each.st_mtime_ns for each in stats),
        hashlib.sha256(text.encode()).hexdigest()[:16],
    )


def content_hash(path: PathLike) -> str:
    """SHA-256 over the size, head, middle and tail of each file, whatever the names of the files.

    Raises
    ------
    OSError, StudyError : a file cannot be read.
    """
    hashes = sorted(map(_file_hash, find(path)))
    return hashlib.sha256(b"".join(hashes)).hexdigest()


def _file_hash(path: str) -> bytes:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        digest.update(f"{size}\0".encode())
        last = max(0, size - BLOCK_BYTES)
        for offset in sorted({0, last // 2, last}):
            file.seek(offset)
            digest.update(file.read(BLOCK_BYTES))
    return digest.digest()


def identity(path: PathLike) -> Identity:
    """Identity of the study at a path; both None where nothing can be read."""
    source = stat(path)
    try:
        return Identity(source, content_hash(path) if source else None)
    except (OSError, StudyError):
        return Identity(source, None)


def fingerprint(path: PathLike, recorded: Identity | None) -> str:
    """Content hash of a study with as little reading as possible.

    Parameters
    ----------
    path : the study
    recorded : its identity when it was measured, None before

    Returns
    -------
    The recorded hash where number, size and age of the files are the recorded ones, or where a
    measured study is gone (archived); `absent` where it was never there; else the hash of now.
    """
    now = stat(path)
    if recorded and recorded.content_hash and now in (recorded.source, None):
        return recorded.content_hash
    if now is None:
        return ABSENT
    return identity(path).content_hash or "unreadable"
