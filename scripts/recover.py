"""Clears what a killed Snakemake left behind: its SLURM jobs and its lock.

Shows what it found and asks first. Jobs of other runs are not touched: a job belongs to a run when
it works in the run's directory and has the name that the SLURM profile gives.

Example: recover.py --directory WORKDIR
"""

import argparse
import contextlib
import getpass
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

FORMAT = "%i|%T|%N|%j|%k|%Z"
HEAD = re.compile(r"snakemake(\.py)?$")
LOCKS = ".snakemake/locks"
CANCEL_S = 120
AT_ONCE = 500


@dataclass(frozen=True)
class Job:
    """A SLURM job; `what` is its rule and slide."""

    job_id: str
    state: str
    node: str
    what: str


def orphans(workdir: Path, prefix: str) -> list[Job]:
    """Jobs of the run in `workdir` that SLURM still knows as waiting or running."""
    if not shutil.which("squeue"):
        return []
    command = ["squeue", "--noheader", "--user", getpass.getuser(), "--format", FORMAT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"SLURM does not answer, nothing is done: {done.stderr.strip()}")
    found = []
    for line in done.stdout.splitlines():
        job_id, state, node, name, what, folder = line.split("|", 5)
        if name.startswith(f"{prefix}_") and Path(folder).resolve() == workdir:
            found.append(Job(job_id, state, node, what))
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


def cancel(workdir: Path, prefix: str) -> None:
    """Cancel the run's jobs and wait until they are gone."""
    end = time.monotonic() + CANCEL_S
    while jobs := orphans(workdir, prefix):
        if time.monotonic() > end:
            sys.exit(f"{len(jobs)} jobs are still ending; run this again in a while.")
        ids = [job.job_id for job in jobs]
        for start in range(0, len(ids), AT_ONCE):
            subprocess.run(["scancel", *ids[start : start + AT_ONCE]], check=False)
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

    jobs = orphans(workdir, options.prefix)
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
    cancel(workdir, options.prefix)
    shutil.rmtree(workdir / LOCKS, ignore_errors=True)
    print("Done. Run the same snakemake command again: finished work is kept.")


if __name__ == "__main__":
    main()
