"""Running the workflow as a user does, and reading what it says."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import prepared_snakemake
import pyarrow.parquet
import pytest

REPOSITORY = Path(__file__).parents[1]
#: pictures that may not be part of the repository, beside the checkout; often absent
SHARED = REPOSITORY.parent / "shared/data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason=f"needs the pictures of {SHARED}")
#: what a run needs of the repository
PARTS = ("Snakefile", "config", "envs", "profiles", "scripts", "workflow")

#: jobs that describe the whole cohort; they run again whenever its tables are made anew
REPORT_JOBS = ("report_cohort", "draw_figures", "write_methods", "write_provenance")

#: fixture `once`: name and what fills the folder -> the folder
Once = Callable[[str, Callable[[Path], None]], Path]

#: slide_id of the cohort that the gate is tested on -> what it shows; `absent` has no file
GATE_COHORT = {
    "real": "0.64 mm2 of tissue: passes",
    "medium": "0.25 mm2: passes",
    "small": "0.07 mm2: fails",
    "absent": "no file",
}
#: least share of tissue in a tile of the run `stricter`
STRICTER = 0.9
#: slides of it that the sheet of the run `shorter` still has
SHORTER = ("real", "small")


@dataclass(frozen=True)
class Run:
    """One `snakemake` command: exit code, what it printed, and its log, which a dry run has not."""

    code: int
    text: str
    log: str = ""

    @property
    def jobs(self) -> dict[str, int]:
        """Planned jobs by rule, without targets, and without `REPORT_JOBS` where there are others;
        empty where there is nothing to be done."""
        table = re.search(r"^Job stats:\njob .*\n[- ]+\n((?:\w+ +\d+\n)+)", self.text, re.M)
        if not table:
            assert "Nothing to be done" in self.text, self.text
            return {}
        counts = dict(line.split() for line in table[1].splitlines())
        targets = ("default", "all", "qc", "batch", "total")
        jobs = {rule: int(count) for rule, count in counts.items() if rule not in targets}
        return {rule: n for rule, n in jobs.items() if rule not in REPORT_JOBS} or jobs

    @property
    def measured(self) -> set[str]:
        """Slides that are (to be) measured."""
        said = self.text + self.log
        return set(re.findall(r"^    output: results/slides/(\S+)\.json,", said, re.M))

    @property
    def tiled(self) -> dict[str, tuple[str, str]]:
        """Slides that are (to be) tiled: their gate and Snakemake's reason."""
        line = re.compile(
            r"^Job \d+: (Not t|T)iling ([^\s:]+)( if it passes)?.*\nReason: (.*)$", re.M
        )
        return {
            slide_id: ("pending" if pending else "fail" if does == "Not t" else "pass", reason)
            for does, slide_id, pending, reason in line.findall(self.text + self.log)
        }


def snakemake(
    workdir: Path,
    *words: str,
    config: tuple[str, ...] = (),
    report: bool = False,
    repository: Path = REPOSITORY,
    variables: dict[str, str] | None = None,
) -> Run:
    """The README's command for the sheet `cohort.csv` of a working directory.

    Parameters
    ----------
    workdir : holds `cohort.csv`; `mine.yaml` in it is used as the user's configuration
    words : targets and options
    config : further `key=value` of the command line
    report : also the page, the figures and the text, which take longer than a small cohort
    repository : the checkout that is run
    variables : of the environment, further ones
    """
    started = command(workdir, *words, config=config, report=report)
    code, text = called(started, repository, variables)
    named = re.search(r"^Complete log\(s\): (.*)$", text, re.M)
    return Run(code, text, Path(named[1]).read_text() if named else "")


def called(
    command: list[str], cwd: Path, variables: dict[str, str] | None = None
) -> tuple[int, str]:
    """Exit code of `python -m snakemake ...`, and what it printed.

    With variables of its own, which Python reads when it starts, it is a process of its own, and so
    is the script of each job; else forks of one that has imported what they need.
    """
    python, _, module, *words = command
    assert (python, module) == (sys.executable, "snakemake")
    if not variables:
        return prepared_snakemake.call(words, cwd, clean_environment())
    done = subprocess.run(
        command,
        cwd=cwd,
        env=clean_environment() | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def command(
    workdir: Path, *words: str, config: tuple[str, ...] = (), report: bool = False
) -> list[str]:
    """What `snakemake` runs."""
    mine = workdir / "mine.yaml"
    return [
        *(sys.executable, "-m", "snakemake", *words),
        *("--profile", "profiles/local", "--directory", str(workdir)),
        *(("--configfile", str(mine)) if mine.exists() else ()),
        *("--config", "cohort=cohort.csv", *config),
        *(() if report else ("report={enabled: false}",)),
    ]


def clean_environment() -> dict[str, str]:
    """The environment without what a Snakemake around the tests set."""
    return {name: value for name, value in os.environ.items() if "SNAKEMAKE" not in name}


def run(workdir: Path, *words: str, **options: Any) -> Run:
    """A command that must succeed."""
    done = snakemake(workdir, *words, **options)
    assert done.code == 0, done.text
    return done


def plan(workdir: Path, *words: str, **options: Any) -> Run:
    """What would be done now."""
    return run(workdir, *words, "-n", **options)


def copy_repository(folder: Path) -> Path:
    """A checkout at another place, every file of a new date."""
    for part in PARTS:
        source, copy = REPOSITORY / part, folder / part
        if source.is_dir():
            compiled = shutil.ignore_patterns("__pycache__")  # of files of another date
            shutil.copytree(source, copy, copy_function=shutil.copyfile, ignore=compiled)
        else:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
    return folder


def configure(workdir: Path, **keys: Any) -> None:
    """Write the user's configuration file (JSON is YAML)."""
    Path(workdir, "mine.yaml").write_text(json.dumps(keys))


def write_sheet(workdir: Path, rows: list[dict[str, str]]) -> None:
    """Write `cohort.csv` with the columns of the first row."""
    with Path(workdir, "cohort.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def read_csv(workdir: Path, name: str) -> list[dict[str, str]]:
    """A table of `results/cohort`, every cell as text."""
    with Path(workdir, "results/cohort", name).open(newline="") as file:
        return list(csv.DictReader(file))


def by_slide(workdir: Path, name: str) -> dict[str, dict[str, str]]:
    """A table of one row per slide."""
    return {row["slide_id"]: row for row in read_csv(workdir, name)}


def metrics(workdir: Path, slide_id: str) -> list[dict[str, Any]]:
    """All candidate tiles of a slide."""
    path = Path(workdir, f"results/tile_metrics/{slide_id}.parquet")
    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
    return rows
