"""Slides whose jobs died after all retries: who, where, why, and the way on."""

import csv
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from grossing.columns.error_codes import ErrorCode
from grossing.slide.identity import Identity
from grossing.slide.record import Refusal, SlideRecord
from grossing.support import files

CODE: ErrorCode = "job_failed"
REMEDY = "mend the cause and run again; see logs/<rule>/<slide_id>.log"
MOST_LINES = 3
#: what Snakemake says at Ctrl-C; jobs that end after it were ended by it
STOPPED = "on user request"
_BLOCK = re.compile(r"^Error in rule (\w+):$")
_FIELD = re.compile(r"^ {4}(\w+): (.*)$")
_TELLING = re.compile(
    r"error|killed|oom|out of memory|time limit|cancelled|no space|exceed", re.IGNORECASE
)
_CAUSE = re.compile(
    r"oom.?kill|out of memory|memory limit|time limit|no space left|node.?fail", re.IGNORECASE
)


@dataclass(frozen=True)
class Failure:
    """One slide that a job failed for; `cause` and `log_lines` are the job's own words."""

    slide_id: str
    rule: str
    cause: str
    log_lines: str


def from_log(
    text: str, slide_ids: Iterable[str], workdir: str | os.PathLike[str], *, mended: bool = False
) -> list[Failure]:
    """Failures that a run's log tells of.

    Parameters
    ----------
    text : Snakemake's log of the run
    slide_ids : of the cohort sheet
    workdir : against which the log's paths are relative
    mended : those that a later attempt made good, instead of those that are left
    """
    known, found = set(slide_ids), {}
    for rule, told in _blocks(text.partition(STOPPED)[0]):
        outputs = [Path(workdir, p) for p in told.get("output", "").split(", ") if p]
        logs = [Path(workdir, p) for p in told.get("log", "").split(" (")[0].split(", ") if p]
        slide_id = logs[0].name.removesuffix(".log") if logs else ""
        if slide_id in known and all(path.exists() for path in outputs) is mended:
            found[slide_id] = Failure(slide_id, rule, *_words(told.get("message", ""), logs))
    return list(found.values())


def _blocks(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    rule, told = "", dict[str, str]()
    for line in [*text.splitlines(), ""]:
        start, field = _BLOCK.match(line), _FIELD.match(line)
        if rule and not field:
            yield rule, told
            rule, told = "", {}
        if start:
            rule = start[1]
        elif rule and field:
            told[field[1]] = field[2]


def _words(message: str, logs: Sequence[Path]) -> tuple[str, str]:
    """The most telling line of a job's logs, and a few of them."""
    lines = [line.strip() for path in logs for line in _lines(path) if line.strip()]
    telling = [line for line in lines if _TELLING.search(line)] or lines
    if message and message != "None":
        telling.append(message)
    telling.sort(key=lambda line: bool(_CAUSE.search(line)))
    few = list(dict.fromkeys(telling))[-MOST_LINES:]
    return (few[-1] if few else "no words; see the scheduler's log"), " | ".join(few)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def read(path: str | os.PathLike[str]) -> list[Failure]:
    """The failures of `failed_jobs.csv`; none where there is no such file."""
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return [Failure(**row) for row in csv.DictReader(file)]


def update(
    path: str | os.PathLike[str], new: Iterable[Failure], finished: Mapping[str, bool]
) -> list[Failure]:
    """Write `failed_jobs.csv` anew and return what it holds.

    Parameters
    ----------
    new : failures of this run
    finished : slide_id to whether its outputs are there now; finished slides leave the file, and
        so do slides that are no longer in the sheet
    """
    merged = {failure.slide_id: failure for failure in [*read(path), *new]}
    kept = [f for f in merged.values() if not finished.get(f.slide_id, True)]
    if not kept:
        Path(path).unlink(missing_ok=True)
        return []
    names = [field.name for field in fields(Failure)]
    with files.replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as f:
        writer = csv.DictWriter(f, names)
        writer.writeheader()
        writer.writerows(asdict(failure) for failure in kept)
    return kept


def retried(mended: Sequence[Failure]) -> str:
    """What a person is told of jobs that went well only when they were tried again."""
    if not mended:
        return ""
    lines = [f"  {f.slide_id}  {f.rule}: {f.cause}" for f in mended]
    more = ["  ..."] if len(lines) > 20 else []
    return "\n".join([f"{len(lines)} slides had a job tried again:", *lines[:20], *more, ""])


def summary(kept: Sequence[Failure], path: str | os.PathLike[str], *, stopped: bool) -> str:
    """What a person is told at the end of a run with failures, or of one that was stopped."""
    if stopped and not kept:
        return "Stopped. Run the same command again to go on: finished work is kept."
    if not kept:
        return "Jobs failed, but none of them for a slide: see the log above."
    width = max(len(failure.slide_id) for failure in kept)
    lines = [f"  {f.slide_id:<{width}}  {f.rule}: {f.log_lines or f.cause}" for f in kept]
    return "\n".join(
        [
            f"{len(kept)} slides have a failed job (all in {path}); the others went on:",
            *lines[:20],
            *(["  ..."] if len(lines) > 20 else []),
            "Mend the cause and run the same command again: finished work is kept. Or complete "
            "the tables without them: --config accept_failures=true (ERROR job_failed).",
        ]
    )


def accepted(path: str | os.PathLike[str], slide_ids: Iterable[str]) -> dict[str, SlideRecord]:
    """What stands in for the records of slides whose failure is accepted."""
    wanted = set(slide_ids)
    return {
        failure.slide_id: SlideRecord(
            failure.slide_id,
            Identity(None, None),
            Refusal(CODE, f"{failure.rule}: {failure.cause}", REMEDY),
        )
        for failure in read(path)
        if failure.slide_id in wanted
    }
