"""Clears what a killed Snakemake left behind: its jobs, on this machine and on SLURM, and its lock.

Shows what it found and asks first. Jobs of other runs are not touched: a SLURM job belongs to a run
when it works in the run's directory and has the name that the SLURM profile gives, a process when
it runs one of the run's scripts. Where SLURM does not answer, nothing is done, unless the log of
the killed run says that it used this machine alone, or SLURM is not configured here.

Example: recover.py --directory WORKDIR
"""

import argparse
import contextlib
import getpass
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

FORMAT = "%i|%T|%N|%j|%k|%Z"
HEAD = re.compile(r"snakemake(\.py)?$")
LOCKS = ".snakemake/locks"
LOGS = ".snakemake/log/*.snakemake.log"
#: in the log of a run: it submits jobs, or runs them itself
REMOTE, LOCAL = "Provided remote nodes:", "Provided cores:"
#: in the log of a run that ended by itself
ENDED = ("LockException:", "Nothing to be done", "Complete log(s):")
NOT_CONFIGURED = "Could not establish a configuration source"
CANCEL_S = 120
AT_ONCE = 500


@dataclass(frozen=True)
class Job:
    """A SLURM job, or a process of this machine; `what` is its rule and slide, or its script."""

    job_id: str
    state: str
    node: str
    what: str


def executors(workdir: Path) -> set[str]:
    """How the killed runs ran their jobs, as their logs say: `REMOTE`, `LOCAL`, empty for unknown.

    A killed run left its lock, wrote to its log after it, and did not come to the end of the log.
    Without a lock all logs without an end count.
    """
    locked = [path.stat().st_mtime for path in workdir.glob(f"{LOCKS}/*")]
    used = set()
    for path in workdir.glob(LOGS):
        text = path.read_text(errors="replace")
        written_later = not locked or path.stat().st_mtime >= min(locked)
        if written_later and not any(words in text for words in ENDED):
            used.add(next((kind for kind in (REMOTE, LOCAL) if kind in text), ""))
    return used or {""}


def is_on_slurm(workdir: Path) -> bool:
    """Whether SLURM may know jobs of the run; ends the program where that cannot be told."""
    used = executors(workdir)
    if used == {LOCAL}:
        return False
    if not shutil.which("squeue"):
        if REMOTE in used:
            sys.exit(
                f"{workdir}: a run submitted jobs, and here is no squeue: do this on the cluster"
            )
        return False
    done = squeue("--format", "%i")
    if done.returncode and NOT_CONFIGURED in done.stderr and REMOTE not in used:
        print("SLURM is not configured here: no jobs to cancel.")
        return False
    if done.returncode:
        sys.exit(f"SLURM does not answer, nothing is done: {done.stderr.strip()}")
    return True


def squeue(*words: str) -> subprocess.CompletedProcess[str]:
    """What SLURM says of the user's jobs."""
    command = ["squeue", "--noheader", "--user", getpass.getuser(), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def slurm_jobs(workdir: Path, prefix: str) -> list[Job]:
    """Jobs of the run that SLURM still knows as waiting or running."""
    done = squeue("--format", FORMAT)
    if done.returncode:
        sys.exit(f"SLURM does not answer, nothing is done: {done.stderr.strip()}")
    found = []
    for line in done.stdout.splitlines():
        job_id, state, node, name, what, folder = line.split("|", 5)
        if name.startswith(f"{prefix}_") and Path(folder).resolve() == workdir:
            found.append(Job(job_id, state, node, what))
    return found


def processes(workdir: Path) -> list[Job]:
    """Processes of this machine that run a script of the run."""
    script = re.compile(re.escape(f"{workdir}/.snakemake/scripts/") + r"[^/ ]+\.py")
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (process / "cmdline").read_text(errors="replace").replace("\0", " ")
            if what := script.search(line):
                name = Path(what[0]).name.removesuffix(".py").rpartition(".")[2]
                found.append(Job(process.name, "RUNNING", socket.gethostname(), name))
    return found


def heads(workdir: Path) -> list[int]:
    """Snakemake processes on this machine that still look after the run (its jobs have --mode)."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_text(errors="replace").split("\0")
            is_head = any(map(HEAD.search, words[:3])) and "--mode" not in words
            if is_head and Path(os.readlink(process / "cwd")) == workdir:
                found.append(int(process.name))
    return found


def orphans(workdir: Path, prefix: str, *, on_slurm: bool) -> list[Job]:
    """What still runs or waits; the processes of SLURM's jobs are SLURM's to end."""
    return slurm_jobs(workdir, prefix) if on_slurm else processes(workdir)


def cancel(workdir: Path, prefix: str, *, on_slurm: bool) -> None:
    """Cancel the run's jobs, or end its processes, and wait until they are gone."""
    end = time.monotonic() + CANCEL_S
    while jobs := orphans(workdir, prefix, on_slurm=on_slurm):
        if time.monotonic() > end:
            sys.exit(f"{len(jobs)} jobs are still ending; run this again in a while.")
        ids = [job.job_id for job in jobs]
        if on_slurm:
            for start in range(0, len(ids), AT_ONCE):
                subprocess.run(["scancel", *ids[start : start + AT_ONCE]], check=False)
        else:
            for process_id in ids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(process_id), signal.SIGTERM)
        time.sleep(2)


def main() -> None:
    """Command line of `recover`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--directory", type=Path, default=Path(), help="of the run (default: here)")
    parser.add_argument("--prefix", default="grossing", help="slurm-jobname-prefix of the profile")
    parser.add_argument("--yes", action="store_true", help="do it without asking")
    options = parser.parse_args()
    workdir = options.directory.resolve()
    if not (workdir / ".snakemake").is_dir():
        sys.exit(f"{workdir}: no run of Snakemake was ever started here")
    if running := heads(workdir):
        pid = running[0]
        sys.exit(f"Snakemake still runs here: Ctrl-C, or `kill -INT {pid}`, cancels its jobs")

    on_slurm = is_on_slurm(workdir)
    jobs = orphans(workdir, options.prefix, on_slurm=on_slurm)
    locked = any(workdir.glob(f"{LOCKS}/*"))
    for job in jobs:
        print(f"  {job.job_id:>9}  {job.state:<10} {job.node:<12} {job.what}")
    print(f"{workdir}: {len(jobs)} jobs left, {'locked' if locked else 'not locked'}")
    if not (jobs or locked):
        return
    if not options.yes:
        print("If Snakemake still runs for this directory on another machine, stop it there first.")
        answer = input("Cancel and unlock? [y/N] ") if sys.stdin.isatty() else ""
        if answer.lower() not in ("y", "yes"):
            sys.exit("Nothing is done; --yes does it without asking.")
    cancel(workdir, options.prefix, on_slurm=on_slurm)
    shutil.rmtree(workdir / LOCKS, ignore_errors=True)
    print("Done. Run the same snakemake command again: finished work is kept.")


if __name__ == "__main__":
    main()
