"""The log records of a run: which jobs failed, and what a person sees of it on the console.

A handler on Snakemake's logger, which gets the records that a logger plugin gets. A plugin would be
the same code as a package `snakemake_logger_plugin_*`, installed (not editable) wherever a run is
started and named in every profile; and its records come through a queue that need not be empty when
`onerror` asks what failed. Snakemake's `quiet` does not do: it takes the same lines, errors with
them, out of the log file.
"""

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping

from grossing.cohort import cluster_jobs, failures
from grossing.cohort.cluster_jobs import ClusterJob

STOPPED = "on user request"  # Snakemake's message at Ctrl-C
ENDING = "Will exit after finishing"  # and at SIGTERM, again with each job that ends
PROGRESS_FRACTION = 0.05
PROGRESS_S = 300
JUDGED_AFTER = ("measure_slide", "tile_slide", "measure_study")
IDS = ("slide_id", "study_id")  # wildcards of the jobs of one slide or study
_IN_THE_FILE = ("job_started", "shellcmd", "group_info", "resources_info")


class RunLog(logging.Handler):
    """Follows the jobs of a run, and passes on to the console what a person wants to see of them.

    Parameters
    ----------
    console : the handler that prints; None prints nothing
    verdict : status and reasons of a measured slide; empty where it passes
    names : of the rules in this run to their own names; jobs of others are not followed
    started : called before the first job starts, never in a dry run
    """

    def __init__(
        self,
        console: logging.Handler | None,
        verdict: Callable[[str], str],
        names: Mapping[str, str],
        started: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self.took_part = False
        self._console, self._verdict = console, verdict
        self._names, self._started = names, started
        self._running = self._killed = self._ending = False
        self._jobs: dict[int, tuple[str, str]] = {}
        self._exceptions: dict[int | None, str] = {}
        self._attempts: Counter[int] = Counter()
        self._failures: dict[int, tuple[failures.Failure, list[str]]] = {}
        self._finished: set[int] = set()  # what is in storage is not there to be looked for
        self._judged: set[str] = set()
        #: in the order in which they were submitted, attempts included
        self.cluster_jobs: list[ClusterJob] = []
        self._progress_at = (0.0, 0.0)
        self._answers = {
            "job_info": self._start,
            "job_finished": self._finish,
            "job_error": self._fail,
            "error": self._exception,
            "progress": self._progress,
        }

    def emit(self, record: logging.LogRecord) -> None:
        """Note what the record says, and print it, print something shorter, or leave it out."""
        text = self._text(record)
        if text is not None:
            fields = {"msg": text, "levelno": record.levelno, "levelname": record.levelname}
            record = logging.makeLogRecord(fields)
        if self._console and text != "":
            self._console.handle(record)

    def end(self) -> None:
        """No more jobs: what follows is printed as it is."""
        self._running = False

    @property
    def stopped(self) -> bool:
        """Whether a person or a machine asked the run to end, whatever its jobs did."""
        return self._killed or self._ending

    def failed(self) -> list[failures.Failure]:
        """The jobs that failed and were not made good by a later attempt."""
        return [failure for failure, made in self._outcomes() if not made]

    def retried(self) -> list[failures.Failure]:
        """The jobs that failed and went well at a later attempt."""
        return [failure for failure, made in self._outcomes() if made]

    def _outcomes(self) -> list[tuple[failures.Failure, bool]]:
        """The jobs that failed, and whether a later attempt went well.

        Those that the signal ended that ended the run did not fail.
        """
        return [
            (failure, jobid in self._finished or _all_there(outputs))
            for jobid, (failure, outputs) in self._failures.items()
            if not (self._ending and failures.is_termination(failure))
        ]

    def _text(self, record: logging.LogRecord) -> str | None:
        """What to print for a record: empty for nothing, None for what Snakemake prints."""
        event = str(getattr(record, "event", None) or "")
        if event == "workflow_started":
            return ""
        if event == "job_started" and not self._running:  # never in a dry run
            self._started()
            self._running = True
        if not self._running:
            return None
        if event in self._answers:
            return self._answers[event](record)
        if not event and STOPPED in record.getMessage():
            self._killed = True
            return None
        if not event and ENDING in record.getMessage():
            first, self._ending = not self._ending, True
            return "Asked to stop: the jobs that run are finished first." if first else ""
        if not event and (job := cluster_jobs.submitted(record.getMessage())):
            number, name = job
            if number in self._jobs:
                self.cluster_jobs.append(ClusterJob(*self._jobs[number], name))
        for_the_file = event in _IN_THE_FILE or (not event and record.levelno <= logging.INFO)
        return "" if for_the_file else None

    def _start(self, record: logging.LogRecord) -> str:
        fields = vars(record)
        wildcards = fields["wildcards"] or {}
        slide_id = next((wildcards[name] for name in IDS if name in wildcards), "")
        if name := self._names.get(fields["rule_name"]):
            self._jobs[fields["jobid"]] = (name, slide_id)
            self.took_part = True
        return ""

    def _finish(self, record: logging.LogRecord) -> str:
        """The verdict of a slide that was measured or tiled, once, where it is not PASS."""
        jobid = vars(record)["job_id"]
        self._finished.add(jobid)
        rule, slide_id = self._jobs.get(jobid, ("", ""))
        if rule not in JUDGED_AFTER or slide_id in self._judged:
            return ""
        verdict = self._verdict(slide_id)
        if verdict:
            self._judged.add(slide_id)
        return verdict and f"  {slide_id}  {verdict}"

    def _exception(self, record: logging.LogRecord) -> str | None:
        """What a job raised; its thread names the job with its next record."""
        if record.thread == threading.main_thread().ident:
            return None
        self._exceptions[record.thread] = record.getMessage()
        return "" if vars(record)["exception"] == "RuleException" else None

    def _fail(self, record: logging.LogRecord) -> str | None:
        fields = vars(record)
        jobid = fields["jobid"]
        raised = self._exceptions.pop(record.thread, "")
        if fields["rule_name"] not in self._names:
            return None
        rule, slide_id = self._jobs.get(jobid, (self._names[fields["rule_name"]], ""))
        failure = failures.of_job(slide_id, rule, fields["rule_msg"] or "", raised, fields["log"])
        if self._killed or failures.is_interrupt(failure):
            return ""
        self._attempts[jobid] += 1
        self._failures[jobid] = failure, fields["output"]
        self._finished.discard(jobid)
        attempt = f"{rule} failed (attempt {self._attempts[jobid]})"
        return f"  {slide_id or 'cohort'}  {attempt}: {failure.cause}"

    def _progress(self, record: logging.LogRecord) -> str:
        """Steps done, at every twentieth of them and at the latest after five minutes."""
        done, total = vars(record)["done"], vars(record)["total"]
        share, now = done / total, time.monotonic()
        last_share, last_time = self._progress_at
        if done < total and share < last_share + PROGRESS_FRACTION and now < last_time + PROGRESS_S:
            return ""
        self._progress_at = share, now
        return f"{time.strftime('%H:%M:%S')} {done} of {total} steps ({100 * done // total}%) done"


def _all_there(paths: list[str]) -> bool:
    return all(map(os.path.exists, paths))


def watch(
    logger: logging.Logger, verdict: Callable[[str], str], names: Mapping[str, str]
) -> RunLog:
    """Follow a run from now on; `--verbose` leaves the console to Snakemake.

    Parameters
    ----------
    logger : Snakemake's
    verdict, names : as for `RunLog`
    """
    console = None
    if not logger.isEnabledFor(logging.DEBUG):
        console = next((h for h in logger.handlers if h.name == "DefaultStreamHandler"), None)
    if console:
        logger.removeHandler(console)
    run = RunLog(console, verdict, names)
    logger.addHandler(run)
    return run


def join(
    logger: logging.Logger,
    verdict: Callable[[str], str],
    names: Mapping[str, str],
    started: Callable[[], None],
) -> RunLog:
    """Follow a run of which this workflow is a part; its console stays as it is.

    Parameters
    ----------
    logger : Snakemake's
    verdict, names, started : as for `RunLog`
    """
    run = RunLog(None, verdict, names, started)
    logger.addHandler(run)
    return run
