"""Slides whose jobs died after all retries: who, where, why, and how to go on."""

import csv
import os
import re
import shlex
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from grossing.columns.error_codes import ErrorCode
from grossing.slide.identity import Identity
from grossing.slide.record import SlideRecord
from grossing.support import files
from grossing.support.records import Refusal

CODE: ErrorCode = "job_failed"
REMEDY = "fix the cause and run again"
MOST_LINES = 3
MOST_SLIDES = 20
#: states of a SLURM job that name the cause
STATES = {
    "OUT_OF_MEMORY": "out of memory",
    "TIMEOUT": "time limit",
    "DEADLINE": "time limit",
    "NODE_FAIL": "node failure",
    "BOOT_FAIL": "node failure",
    "CANCELLED": "cancelled",
    "PREEMPTED": "preempted by another job",
}
_STATE = re.compile(r"SLURM status is: '(\w+)'")
_OURS = re.compile(r"^grossing\.support\.errors\.\w+: ")  # whose words are for people
#: as Python's subprocess says it; a shell gives 128 + the number
_SIGNAL = re.compile(r"died with <Signals\.\w+: (\d+)>|non-zero exit status (1[2-9]\d)\b")
_ERROR = re.compile(
    r"error|killed|\boom[-_ ]?kill|out of memory|time limit|cancelled|no space|exceed",
    re.IGNORECASE,
)
_CAUSE = re.compile(
    r"killed by SIG|\boom[-_ ]?kill|\bout of memory|\bMemoryError|memory limit|time limit"
    r"|no space left|SLURM status '\w+':",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Failure:
    """A job that failed: for which slide (empty for a job of the cohort), of which rule, and why.

    In a cohort of studies, `slide_id` is the id of a study.

    `log_lines` are up to three lines of its logs, joined by a bar; `log` those of its logs that
    there are, separated by blanks.
    """

    slide_id: str
    rule: str
    cause: str
    log_lines: str
    log: str = ""


def of_job(
    slide_id: str, rule: str, message: str, exception: str, logs: Sequence[str | os.PathLike[str]]
) -> Failure:
    """Why a job failed, from what is known of it.

    Parameters
    ----------
    message : of the scheduler
    exception : what Snakemake raised on this machine
    logs : of the job, and the scheduler's; those that do not exist are not named
    """
    there = [Path(path) for path in logs if os.path.exists(path)]
    lines = [line.strip() for path in there for line in _lines(path) if line.strip()]
    errors = [line for line in lines if _ERROR.search(line)] or lines
    ordered = [_signal("\n".join([*lines, exception])), *errors, _state(message)]
    few = list(dict.fromkeys(sorted(filter(None, ordered), key=_names_cause)))[-MOST_LINES:]
    cause = _OURS.sub("", few[-1]) if few else "ended without a message"
    return Failure(slide_id, rule, cause, " | ".join(few), " ".join(map(str, there)))


def _names_cause(line: str) -> bool:
    return bool(_CAUSE.search(line))


def _signal(text: str) -> str:
    """The signal that killed a job, where one did."""
    for died, exited in reversed(_SIGNAL.findall(text)):
        number = int(died or int(exited) - 128)
        if number in set(signal.Signals):
            usual = ", usually out of memory" if number == signal.SIGKILL else ""
            return f"killed by {signal.Signals(number).name} (signal {number}){usual}"
    return ""


def _state(message: str) -> str:
    """SLURM's state of a job where its message has one, else the message."""
    state = _STATE.search(message)
    if not state:
        return " ".join(message.split())
    meaning = STATES.get(state[1])
    return f"SLURM status '{state[1]}'" + (f": {meaning}" if meaning else "")


def is_interrupt(failure: Failure) -> bool:
    """Whether Ctrl-C ended the job."""
    return failure.cause.startswith("killed by SIGINT")


def is_termination(failure: Failure) -> bool:
    """Whether SIGTERM ended the job, as it ends all processes of a run."""
    return failure.cause.startswith("killed by SIGTERM")


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
    """What a person reads of jobs that went well only when they were tried again."""
    if not mended:
        return ""
    lines = [f"  {f.slide_id or 'cohort'}  {f.rule}: {f.cause}" for f in mended]
    return "\n".join([f"{_slides(lines, 'slides')} had a job tried again:", *_first(lines), ""])


def summary(
    left: Sequence[Failure],
    cohort: Sequence[Failure],
    path: str | os.PathLike[str],
    *,
    stopped: bool,
    again: str,
    accepting: str,
    nouns: str = "slides",
) -> str:
    """What a person reads at the end of a run with failures, or of one that was stopped.

    Parameters
    ----------
    left : failures of slides, as in `failed_jobs.csv`
    cohort : failures of jobs that are no slide's
    path : of `failed_jobs.csv`
    again, accepting : commands that go on, and that go on without these slides
    nouns : what the rows of the sheet are
    """
    lines = [f"{f.rule} failed: {f.cause}{_where(f)}" for f in cohort]
    if left:
        width = max(len(failure.slide_id) for failure in left)
        have = "has" if len(left) == 1 else "have"
        count = _slides(left, nouns)
        lines.append(f"{count} {have} a failed job (all in {path}); the others went on:")
        lines += _first([f"  {f.slide_id:<{width}}  {f.rule}: {f.cause}{_where(f)}" for f in left])
    if not (lines or stopped):
        lines.append(f"Jobs failed, but none of them of the {nouns}: see the errors above.")
    todo = "Stopped. Run" if stopped else "Fix the cause and run"
    lines += [f"{todo} the same command again, finished work is kept:", f"  {again}"]
    if left:
        lines += ["Or complete the tables without these slides (ERROR job_failed):"]
        lines += [f"  {accepting}"]
    return "\n".join(lines)


def _slides(them: Sequence[object], nouns: str) -> str:
    """`1 slide`, `2 slides`."""
    one = {"slides": "slide", "studies": "study"}
    return f"{len(them)} {one[nouns] if len(them) == 1 else nouns}"


def _first(lines: list[str]) -> list[str]:
    return lines[:MOST_SLIDES] + (["  ..."] if len(lines) > MOST_SLIDES else [])


def _where(failure: Failure) -> str:
    return f" (log: {failure.log})" if failure.log else ""


def command(words: Sequence[str], folder: str, setting: str = "") -> str:
    """A command line of Snakemake as one that can be pasted in any folder.

    Parameters
    ----------
    words : of the command line
    folder : where it was given
    setting : `key=value` to add to its configuration
    """
    words = list(words)
    if setting:
        words = _with_setting(words, setting)
    return f"cd {shlex.quote(folder)} && {shlex.join(words)}"


def _with_setting(words: list[str], setting: str) -> list[str]:
    """With a `key=value` as the first of the last `--config`, the one that counts."""
    key = setting.partition("=")[0]
    words = [word for word in words if not word.startswith(f"{key}=")]
    for i in reversed(range(len(words))):
        if option := re.fullmatch(r"(?:--config(?:=(.+))?|-C=?(.+)?)", words[i]):
            attached = [value for value in option.groups() if value]
            return [*words[:i], "--config", setting, *attached, *words[i + 1 :]]
    return [*words, "--config", setting]


def refusals(path: str | os.PathLike[str], ids: Iterable[str]) -> dict[str, Refusal]:
    """Why the slides whose failure is accepted cannot be used."""
    wanted = set(ids)
    return {
        failure.slide_id: Refusal(
            CODE,
            f"{failure.rule}: {failure.cause}",
            REMEDY + (f"; see {failure.log}" if failure.log else ""),
        )
        for failure in read(path)
        if failure.slide_id in wanted
    }


def accepted(path: str | os.PathLike[str], slide_ids: Iterable[str]) -> dict[str, SlideRecord]:
    """What stands in for the records of slides whose failure is accepted."""
    return {
        slide_id: SlideRecord(slide_id, Identity(None, None), refusal)
        for slide_id, refusal in refusals(path, slide_ids).items()
    }
