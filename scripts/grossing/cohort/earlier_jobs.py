"""What jobs of earlier runs cost: their benchmark files, and what they wrote."""

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grossing.support.types import PathLike

#: Snakemake looks at a job every half second, and later every half minute
_SHORT_S, _LONG_S, _SHORT_SAMPLES = 0.5, 30.0, 31


@dataclass(frozen=True)
class JobTime:
    """CPU and wall seconds of a job."""

    cpu_s: float
    wall_s: float


def read(path: PathLike) -> JobTime | None:
    """One benchmark file; None where there is none, or nothing was measured.

    CPU seconds are those at the last look at the job, some time before its end: they are extended
    to its end.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            row = next(csv.DictReader(file, delimiter="\t"), {})
        wall, cpu = float(row["s"]), float(row["cpu_time"])
    except (OSError, KeyError, ValueError):
        return None
    last = _last_look(wall)
    return JobTime(cpu * wall / last, wall) if cpu > 0 and last > 0 else None


def _last_look(wall_s: float) -> float:
    """When a job of this length was looked at last, in seconds from its start."""
    if wall_s < _SHORT_S * _SHORT_SAMPLES:
        return wall_s // _SHORT_S * _SHORT_S
    short = _SHORT_S * _SHORT_SAMPLES
    return short + (wall_s - short) // _LONG_S * _LONG_S


def written(paths: Sequence[PathLike]) -> tuple[int, int] | None:
    """Bytes and files of outputs, folders included; None where one of them is missing."""
    total, count = 0, 0
    for path in paths:
        if not os.path.exists(path):
            return None
        for size in _sizes(path):
            total, count = total + size, count + 1
    return total, count


def _sizes(path: PathLike) -> Iterator[int]:
    yield os.stat(path).st_size
    for folder, folders, files in os.walk(path):
        yield from (os.stat(os.path.join(folder, name)).st_size for name in (*folders, *files))
