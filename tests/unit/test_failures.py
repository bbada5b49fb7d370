"""Why a job failed, and the command that goes on."""

import shlex
from pathlib import Path

import pytest
from grossing.cohort import failures

KILLED = "Command 'set -euo pipefail;  python a.py' died with <Signals.SIGKILL: 9>."
MEMORY = "killed by SIGKILL (signal 9), usually out of memory"
STATE = "SLURM-job '5' failed, SLURM status is: '{}'. Detailed failure reason unavailable"


@pytest.mark.parametrize(
    ("message", "exception", "log", "cause"),
    [
        ("", KILLED, "INFO reads a.svs\n", MEMORY),
        ("", "Command 'x' returned non-zero exit status 137.", "", MEMORY),
        ("", KILLED.replace("SIGKILL: 9", "SIGSEGV: 11"), "", "killed by SIGSEGV (signal 11)"),
        ("", "returned non-zero exit status 1.", "ERROR no space left", "ERROR no space left"),
        (STATE.format("TIMEOUT"), "", "ERROR CANCELLED", "SLURM status 'TIMEOUT': time limit"),
        (STATE.format("OUT_OF_MEMORY"), "", KILLED, "SLURM status 'OUT_OF_MEMORY': out of memory"),
        (STATE.format("NODE_FAIL"), "", "", "SLURM status 'NODE_FAIL': node failure"),
        (STATE.format("FAILED"), "", f"{KILLED}\n1 oom_kill event", "1 oom_kill event"),
        (STATE.format("FAILED"), "", KILLED, MEMORY),
        ("", "", "ERROR slide bloom\nERROR cannot read zoom.svs\n", "ERROR cannot read zoom.svs"),
        ("", "", "ERROR x\nINFO oom.svs\n", "ERROR x"),
        ("", "", "", "ended without a message"),
    ],
)
def test_cause(tmp_path: Path, message: str, exception: str, log: str, cause: str) -> None:
    (tmp_path / "a.log").write_text(log)
    failure = failures.of_job("a", "tile_slide", message, exception, [tmp_path / "a.log"])
    assert failure.cause == cause
    assert failure.log == str(tmp_path / "a.log")


def test_a_log_that_is_not_there_is_not_named(tmp_path: Path) -> None:
    failure = failures.of_job("a", "tile_slide", "", KILLED, [tmp_path / "a.log"])
    failures.update(tmp_path / "failed_jobs.csv", [failure], {"a": False})
    assert failures.read(tmp_path / "failed_jobs.csv") == [failure]
    accepted = failures.accepted(tmp_path / "failed_jobs.csv", ["a"])
    assert accepted["a"].refusal.remedy == "fix the cause and run again"
    commands = {"again": "AGAIN", "accepting": "ACCEPTING"}
    text = failures.summary([failure], [], "failed_jobs.csv", stopped=False, **commands)
    assert "a.log" not in text
    assert "  AGAIN\n" in text and text.endswith("  ACCEPTING")


@pytest.mark.parametrize(
    ("words", "accepting"),
    [
        (["qc"], ["qc", "--config", "accept_failures=true"]),
        (["--config", "a=1", "-n"], ["--config", "accept_failures=true", "a=1", "-n"]),
        (["--config=a=1", "-n"], ["--config", "accept_failures=true", "a=1", "-n"]),
        (["-Ca=1"], ["--config", "accept_failures=true", "a=1"]),
        (["-C", "a=1"], ["--config", "accept_failures=true", "a=1"]),
        (
            ["--configfile", "x.yaml"],
            ["--configfile", "x.yaml", "--config", "accept_failures=true"],
        ),
        (["-C", "b=1", "-C", "a=1"], ["-C", "b=1", "--config", "accept_failures=true", "a=1"]),
        (
            ["--config", "accept_failures=false", "a=1"],
            ["--config", "accept_failures=true", "a=1"],
        ),
    ],
)
def test_command_with_another_setting(words: list[str], accepting: list[str]) -> None:
    folder = "/data/my study"
    again = failures.command(["snakemake", *words, "--directory", "it's here"], folder)
    assert shlex.split(again) == [
        "cd",
        folder,
        "&&",
        "snakemake",
        *words,
        "--directory",
        "it's here",
    ]
    pasted = failures.command(["snakemake", *words], folder, "accept_failures=true")
    assert shlex.split(pasted)[4:] == accepting


def test_our_own_errors_are_told_without_the_name_of_their_class(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("grossing.support.errors.SlideChanged: slide a changed\n")
    failure = failures.of_job("a", "tile_slide", "", "", [tmp_path / "a.log"])
    assert failure.cause == "slide a changed"
    text = failures.summary([failure], [], "list.csv", stopped=False, again="", accepting="")
    assert text.startswith("1 slide has a failed job (all in list.csv)")
