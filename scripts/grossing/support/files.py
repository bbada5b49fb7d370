"""Writing files so that a half-written one is never taken for a finished one."""

import contextlib
import glob
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

#: age in seconds at which a file of another machine's job counts as left over: longer than a job
ABANDONED_S = 7 * 86_400


def temporary_for(path: Path) -> Path:
    """A hidden name beside `path` to write to; leftovers of killed jobs are removed.

    The name holds machine and process: a job that still runs elsewhere, its Snakemake killed, keeps
    its own file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        if _is_abandoned(leftover):
            remove(leftover)
    return path.with_name(f".{path.name}.{_machine()}.{os.getpid()}.tmp")


def _machine() -> str:
    """Short, for names are limited: eight letters that no two machines of a cluster share."""
    return hashlib.sha256(os.uname().nodename.encode()).hexdigest()[:8]


def _is_abandoned(temporary: Path) -> bool:
    """Whether the process that wrote a temporary file is gone."""
    *_, machine, process, _ = temporary.name.split(".")
    if machine != _machine() or not process.isdecimal():
        with contextlib.suppress(FileNotFoundError):
            return time.time() - temporary.stat().st_mtime > ABANDONED_S
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return int(process) == os.getpid()


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


def write_json(data: object, path: str | os.PathLike[str]) -> None:
    """JSON under `path`, whole or not at all; NaN raises ValueError."""
    write(path, json.dumps(data, ensure_ascii=False, allow_nan=False).encode() + b"\n")
