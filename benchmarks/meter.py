"""What a command costs, measured from outside: CPU with that of its children, memory, files.

A command may also print figures of its own: a number of tiles, or an object of JSON, as last line.
"""

import hashlib
import json
import os
import shutil
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Command = tuple[str | Path, ...]
#: the container of a tile job, whose bytes are compared between rows
CONTAINER = "tiles.zip"
#: with it every process compiles the library, 0.3 CPU s that no user pays
NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"


@dataclass(frozen=True)
class Cost:
    """One run; `peak_mb` is the resident memory of the largest single process, 1e6 bytes.

    `digest` is that of the container, "" without one; `figures` are what the last command printed.
    """

    cpu_s: float
    wall_s: float
    peak_mb: float
    bytes: int
    files: int
    digest: str
    figures: dict[str, Any]


def run(commands: tuple[Command, ...], out: Path, cwd: Path) -> Cost:
    """Run commands one after the other; they write into `out`, which is emptied before.

    Raises
    ------
    RuntimeError : a command fails; with the end of its output.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    environment = {name: value for name, value in os.environ.items() if name != NO_BYTECODE}
    cpu_s, peak_kb, text, start = 0.0, 0, "", time.perf_counter()
    for command in commands:
        with (out.parent / "output.log").open("w+b") as log:
            process = subprocess.Popen(
                command, cwd=cwd, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            log.seek(0)
            text = log.read().decode(errors="replace")
        if process.returncode:
            raise RuntimeError(f"{' '.join(map(str, command))}\n{text[-2000:]}")
        cpu_s += used.ru_utime + used.ru_stime
        peak_kb = max(peak_kb, used.ru_maxrss)
    wall_s = time.perf_counter() - start
    sizes = [path.stat().st_size for path in out.rglob("*") if path.is_file()]
    digest = digest_of(out / CONTAINER)
    return Cost(cpu_s, wall_s, peak_kb * 1024 / 1e6, sum(sizes), len(sizes), digest, printed(text))


def digest_of(path: Path) -> str:
    """SHA-256 of a file, "" without one; in pieces, as a child's peak includes its parent's."""
    if not path.exists():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def printed(text: str) -> dict[str, Any]:
    """The figures in the last line of an output; none where it is anything else."""
    last = text.rstrip().rpartition("\n")[2]
    if last.isdigit():
        return {"tiles": int(last)}
    try:
        figures = json.loads(last)
    except ValueError:
        return {}
    return figures if isinstance(figures, dict) else {}


def summary(costs: list[Cost]) -> dict[str, Any]:
    """Medians of some runs, with every CPU time; `peak_mb` is the largest."""
    return {
        "cpu_s": round(statistics.median(c.cpu_s for c in costs), 3),
        "cpu_s_each": [round(c.cpu_s, 3) for c in costs],
        "wall_s": round(statistics.median(c.wall_s for c in costs), 3),
        "peak_mb": round(max(c.peak_mb for c in costs), 1),
        "bytes": costs[-1].bytes,
        "files": costs[-1].files,
        "digests": sorted({c.digest for c in costs}),
        "figures": {key: _middle([c.figures[key] for c in costs]) for key in costs[-1].figures},
    }


def _middle(values: list[Any]) -> Any:
    """Median of fractions; of anything else, such as counts, the last."""
    if all(isinstance(value, float) for value in values):
        return round(statistics.median(values), 4)
    return values[-1]
