"""Writing files so that a half-written one is never taken for a finished one."""

import contextlib
import glob
import os
import shutil
from collections.abc import Iterator
from pathlib import Path


def temporary_for(path: Path) -> Path:
    """A hidden name beside `path` to write to; what a killed job left of an earlier one goes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for stale in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        remove(stale)
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A temporary path beside `path`, renamed to it when the block ends well, else removed."""
    final = Path(path)
    temporary = temporary_for(final)
    try:
        yield temporary
        os.replace(temporary, final)
    finally:
        temporary.unlink(missing_ok=True)


def write(path: str | os.PathLike[str], data: bytes) -> None:
    """`data` under `path`, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)
