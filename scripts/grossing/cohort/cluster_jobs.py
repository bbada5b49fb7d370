"""Which job of the cluster made what: the ids that its scheduler gave."""

import csv
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from grossing.support import files
from grossing.support.types import PathLike

#: what the executor plugins of SLURM and cluster-generic say of a job that they submitted
_SUBMITTED = re.compile(
    r"^(?:Job (\d+) has been submitted with SLURM jobid (\S+) |"
    r"Submitted job (\d+) with external jobid '([^']*)')"
)


@dataclass(frozen=True)
class ClusterJob:
    """A job of the cluster: its rule, its slide or study (empty for the cohort), its id there."""

    rule: str
    slide_id: str
    cluster_job: str


def submitted(message: str) -> tuple[int, str] | None:
    """Snakemake's number and the cluster's id of a submitted job; None of other messages."""
    found = _SUBMITTED.match(message)
    if not found:
        return None
    number, name = (part for part in found.groups() if part is not None)
    return int(number), name


def append(path: PathLike, jobs: Sequence[ClusterJob]) -> None:
    """Add the jobs of a run to those of earlier runs; without jobs no file is made or changed."""
    if not jobs:
        return
    before = Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""
    with files.replacing(path) as made, made.open("w", newline="", encoding="utf-8") as file:
        file.write(before)
        table = csv.DictWriter(
            file, [field.name for field in fields(ClusterJob)], lineterminator="\n"
        )
        if not before:
            table.writeheader()
        table.writerows(map(asdict, jobs))
