"""Snakemake on the test cluster: started as a user does, waited for with a limit, looked at."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster import BOUND, Cluster, wait_until
from running import REPOSITORY, Run

HERE = Path(__file__).parent
QUICK = (sys.executable, str(HERE / "quick_snakemake.py"))
FINISH_S = 240
START_S = 90


@dataclass(frozen=True)
class Job:
    """What SLURM says of a job: memory in MB, time limit in minutes."""

    job_id: str
    state: str
    node: str
    mem_mb: int
    minutes: int


class Head:
    """A `snakemake` command in the background, and the jobs that it submitted."""

    def __init__(
        self,
        cluster: Cluster,
        workdir: Path,
        *words: str,
        command: tuple[str, ...] = QUICK,
        profile: str = "profiles/slurm",
        repository: Path = REPOSITORY,
        variables: dict[str, str] | None = None,
        sheet: str = "cohort=cohort.csv",
    ) -> None:
        self.cluster, self.workdir = cluster, workdir
        self.said = workdir / "said.txt"
        mine = workdir / "mine.yaml"
        arguments = [
            *(*BOUND, *command, *words, "--profile", profile, "--directory", str(workdir)),
            *(("--configfile", str(mine)) if mine.exists() else ()),
            *("--config", sheet),
        ]
        environment = cluster.environment | {"PYTHONPATH": str(HERE / "hooks")} | (variables or {})
        with self.said.open("w") as said:
            self.process = subprocess.Popen(
                arguments, cwd=repository, env=environment, stdout=said, stderr=said
            )

    def finish(self) -> Run:
        """Wait for the end; a head that hangs is killed and fails the test."""
        try:
            code = self.process.wait(FINISH_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"hangs:\n{self.said.read_text()}") from None
        return Run(code, self.said.read_text())

    def succeed(self) -> Run:
        """Wait for a good end."""
        done = self.finish()
        assert done.code == 0, done.text
        return done

    def jobs(self) -> list[Job]:
        """Every job of this working directory, in the order of submission, ended ones too."""
        lines = self.cluster.ask(
            *("squeue", "--states=all", "--noheader", "--sort=i", "--format", "%i|%T|%N|%m|%l|%Z")
        ).splitlines()
        split = [line.split("|") for line in lines]
        return [
            Job(number, state, node, int(memory.rstrip("M")), minutes(limit))
            for number, state, node, memory, limit, folder in split
            if folder == str(self.workdir)
        ]

    def running_job(self) -> Job:
        """The job that has met its drill and sleeps."""

        def sleeps() -> bool:
            assert self.process.poll() is None, self.said.read_text()
            return (self.workdir / "drill.done").exists()

        wait_until(sleeps, START_S, "a job that sleeps")
        return next(job for job in self.jobs() if job.state == "RUNNING")


def install_profile(home: Path) -> dict[str, str]:
    """`make install-profile` for a user whose configuration is in `home`; what to set for that."""
    variables = {"XDG_CONFIG_HOME": str(home)}
    subprocess.run(
        ["make", "--old-file=setup", "install-profile", f"BIN={Path(sys.executable).parent}"],
        cwd=REPOSITORY,
        env=os.environ | variables,
        check=True,
        capture_output=True,
        timeout=START_S,
    )
    return variables


def minutes(limit: str) -> int:
    """A time limit as SLURM writes it: [hours:]minutes:seconds."""
    *hours, whole, _ = map(int, limit.split(":"))
    return (hours[0] * 60 if hours else 0) + whole


def misbehave(workdir: Path, **how: Any) -> None:
    """Order a drill (see hooks/sitecustomize.py)."""
    (workdir / "drill.json").write_text(json.dumps(how))
