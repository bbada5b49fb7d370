"""Jobs that die: the others go on, the failed ones are listed and can be accepted."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from make_cohort import REGION
from running import REPOSITORY, by_slide, configure, plan, read_csv, run, snakemake, write_sheet

#: read by Python when it starts: what the job that tiles the slide `dies` does
HOOK = """
import os, sys, time
script = sys.orig_argv[1] if len(sys.orig_argv) > 1 else ""
if script.endswith(".tile_slide.py") and b"dies.zip" in open(script, "rb").read():
    {deed}
"""
DIES = 'if snakemake.wildcards.slide_id == "dies": raise MemoryError("no memory left")\n'


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    workdir = tmp_path / "work"
    workdir.mkdir()
    write_sheet(workdir, [{"slide_id": i, "path": str(REGION)} for i in ("dies", "b")])
    return workdir


def break_rule(checkout: Path, rule: str) -> None:
    """A rule's script that dies for one slide."""
    script = checkout / f"scripts/{rule}.py"
    head, logs, rest = script.read_text().partition("logs.to_file(snakemake.log[0])\n")
    script.write_text(head + logs + DIES + rest)


@pytest.fixture
def hook(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """Variables with which the job that tiles the slide `dies` does something else."""

    def make(deed: str) -> dict[str, str]:
        (tmp_path / "hook").mkdir()
        (tmp_path / "hook/sitecustomize.py").write_text(HOOK.format(deed=deed))
        return {"PYTHONPATH": str(tmp_path / "hook")}

    return make


@pytest.mark.parametrize("rule", ["measure_slide", "tile_slide"])
def test_a_dead_job_is_listed_accepted_and_forgotten(
    checkout: Path,
    cohort: Path,
    rule: str,
) -> None:
    whole = shutil.copytree(checkout, checkout.parent / "whole")
    break_rule(checkout, rule)
    died = snakemake(cohort, repository=checkout)
    assert died.code != 0
    assert "no memory left" in died.text and "accept_failures=true" in died.text
    (failed,) = read_csv(cohort, "failed_jobs.csv")
    assert (failed["slide_id"], failed["rule"]) == ("dies", rule)
    assert "no memory left" in failed["cause"]
    assert (cohort / "results/tiles/b.zip").exists()
    judged = (cohort / "results/cohort/measured_qc.csv").exists()
    assert judged == (rule == "tile_slide")
    assert not (cohort / "results/cohort/cohort_qc.csv").exists()

    accepted = run(cohort, repository=checkout, config=("accept_failures=true",))
    assert "job_failed" in accepted.text
    rows = by_slide(cohort, "cohort_qc.csv")
    assert [row["qc_status"] for row in rows.values()] == ["ERROR", "PASS"]
    assert rows["dies"]["qc_reasons"] == "job_failed"
    assert {row["slide_id"] for row in read_csv(cohort, "patch_cohort.csv")} == {"b"}

    run(cohort, repository=whole)
    assert by_slide(cohort, "cohort_qc.csv")["dies"]["qc_status"] == "PASS"
    assert not (cohort / "results/cohort/failed_jobs.csv").exists()
    assert plan(cohort, repository=whole).jobs == {}


def test_a_dead_job_of_an_optional_stage_is_listed_and_accepted(
    checkout: Path,
    cohort: Path,
) -> None:
    break_rule(checkout, "measure_nuclei")
    configure(cohort, nuclei={"enabled": True})
    died = snakemake(cohort, repository=checkout)
    assert died.code != 0
    (failed,) = read_csv(cohort, "failed_jobs.csv")
    assert (failed["slide_id"], failed["rule"]) == ("dies", "measure_nuclei")

    run(cohort, repository=checkout, config=("accept_failures=true",))
    assert by_slide(cohort, "cohort_qc.csv")["dies"]["qc_status"] == "ERROR"
    tiles = read_csv(cohort, "patch_cohort.csv")
    assert {row["slide_id"] for row in tiles} == {"b"}
    assert all(row["nuclei_count"] for row in tiles)


def test_a_killed_job_names_its_signal_and_the_commands_that_go_on(
    cohort: Path, hook: Callable[[str], dict[str, str]]
) -> None:
    died = snakemake(cohort, variables=hook("os.kill(os.getpid(), 9)"))
    assert died.code != 0
    (failed,) = read_csv(cohort, "failed_jobs.csv")
    assert (failed["slide_id"], failed["rule"]) == ("dies", "tile_slide")
    assert failed["cause"] == "killed by SIGKILL (signal 9), usually out of memory"
    assert failed["log"] == ""
    assert died.text.count("  dies  tile_slide failed (attempt ") == 2
    assert "logs/tile_slide/dies.log" not in died.text
    assert "Traceback" not in died.text and "CalledProcessError" not in died.text
    assert "Error in rule tile_slide" in died.log

    again, accepting = re.findall(r"^  (cd .*)$", died.text, re.M)
    subprocess.run(accepting, shell=True, cwd="/", check=True, capture_output=True)
    assert by_slide(cohort, "cohort_qc.csv")["dies"]["qc_reasons"] == "job_failed"
    subprocess.run(again, shell=True, cwd="/", check=True, capture_output=True)
    assert by_slide(cohort, "cohort_qc.csv")["dies"]["qc_status"] == "PASS"


def test_a_killed_run_goes_on_after_recovery_without_slurm(
    cohort: Path, hook: Callable[[str], dict[str, str]]
) -> None:
    variables = hook(f"open({str(cohort / 'sleeps')!r}, 'w'); time.sleep(600)")
    head = start(cohort, variables)
    while not (cohort / "sleeps").exists():
        assert head.poll() is None
        time.sleep(0.05)
    alive = recover(cohort, "--yes")
    assert alive.returncode != 0
    assert f"kill -INT {head.pid}" in alive.stderr
    head.kill()
    head.wait()
    assert "Directory cannot be locked" in snakemake(cohort).text

    asked = recover(cohort)
    assert asked.returncode != 0
    assert re.search(r" RUNNING .* tile_slide\n", asked.stdout)
    assert ", locked" in asked.stdout
    done = recover(cohort, "--yes")
    assert done.returncode == 0, done.stderr
    assert "0 jobs left, not locked" in recover(cohort).stdout
    assert "2 slides: 2 PASS" in run(cohort).text


def recover(workdir: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`scripts/recover.py` where `squeue` exists and has no SLURM to ask."""
    folder = workdir / "bin"
    folder.mkdir(exist_ok=True)
    (folder / "squeue").write_text("#!/bin/sh\necho no answer >&2\nexit 1\n")
    (folder / "squeue").chmod(0o755)
    return subprocess.run(
        [sys.executable, "scripts/recover.py", "--directory", str(workdir), *words],
        cwd=REPOSITORY,
        env=os.environ | {"PATH": f"{folder}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("said", ["Provided remote nodes: 500", ""])
def test_recovery_does_nothing_where_a_cluster_does_not_answer(tmp_path: Path, said: str) -> None:
    for name in ("locks", "log"):
        (tmp_path / ".snakemake" / name).mkdir(parents=True)
    (tmp_path / ".snakemake/locks/0.input.lock").touch()
    (tmp_path / ".snakemake/log/1.snakemake.log").write_text(said)
    refused = recover(tmp_path, "--yes")
    assert refused.returncode != 0
    assert "SLURM does not answer, nothing is done" in refused.stderr
    assert list(tmp_path.glob(".snakemake/locks/*"))


def start(workdir: Path, variables: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
    """The README's command in a process group of its own; what it prints is in `said`."""
    command = ("-m", "snakemake", "--profile", "profiles/local", "--directory", str(workdir))
    with (workdir / "said").open("w") as said:
        return subprocess.Popen(
            [sys.executable, *command, "--config", "cohort=cohort.csv"],
            cwd=REPOSITORY,
            env=os.environ | (variables or {}),
            stdout=said,
            stderr=said,
            start_new_session=True,
        )


@pytest.mark.parametrize(
    ("send", "number"),
    [
        (os.killpg, signal.SIGINT),  # as a terminal does at Ctrl-C
        (os.killpg, signal.SIGTERM),  # as service managers and clusters do
        (os.kill, signal.SIGTERM),
    ],
)
def test_a_run_that_is_stopped_lists_no_failures_and_goes_on(
    tmp_path: Path, slides: Path, send: Callable[[int, int], None], number: int
) -> None:
    ids = [f"s{number}" for number in range(4)]
    write_sheet(tmp_path, [{"slide_id": i, "path": str(slides / "medium.svs")} for i in ids])
    head = start(tmp_path)
    while not list(tmp_path.glob("results/slides/*.json")):
        assert head.poll() is None
        time.sleep(0.05)
    send(head.pid, number)
    assert head.wait(60) != 0
    said = (tmp_path / "said").read_text()
    assert "Stopped. Run the same command again" in said
    assert "a failed job" not in said
    assert number == signal.SIGTERM or "failed (attempt" not in said
    assert not (tmp_path / "results/cohort/failed_jobs.csv").exists()
    assert "4 slides: 4 PASS" in run(tmp_path).text


def test_an_archived_slide_that_has_to_be_tiled_again_says_so(workdir: Path) -> None:
    (workdir / "slides/medium.svs").unlink()
    (workdir / "results/tiles/medium.zip").unlink()
    died = snakemake(workdir)
    assert died.code != 0
    assert "bring the file back" in died.text
    assert "Traceback" not in died.text
