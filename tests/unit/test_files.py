"""Temporary files: those of dead jobs go, those of living ones stay, also on other machines."""

import os
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from grossing.support import files


def beside(path: Path, machine: str, process: int) -> Path:
    """What a job on a machine left for `path`."""
    own = files.temporary_for(path).name.split(".")
    left = path.with_name(".".join([*own[:-3], machine or own[-3], str(process), own[-1]]))
    left.write_text("half")
    return left


@pytest.fixture
def dead() -> int:
    with subprocess.Popen(["true"]) as process:
        process.wait()
        return process.pid


def test_what_a_dead_job_left_goes_and_a_living_ones_stays(tmp_path: Path, dead: int) -> None:
    path = tmp_path / "a.b.zip"
    gone, living = beside(path, "", dead), beside(path, "", os.getppid())
    with files.replacing(path) as temporary:
        assert not gone.exists()
        temporary.write_text("whole")
    assert living.read_text() == "half"
    assert path.read_text() == "whole"


def test_another_machines_job_keeps_its_file_until_it_is_old(tmp_path: Path, dead: int) -> None:
    path = tmp_path / "a.zip"
    elsewhere = beside(path, "node7", os.getpid())
    assert files.temporary_for(path) != elsewhere
    assert elsewhere.exists()
    long_ago = elsewhere.stat().st_mtime - 2 * files.ABANDONED_S
    os.utime(elsewhere, (long_ago, long_ago))
    files.temporary_for(path)
    assert not elsewhere.exists()


def test_a_job_on_another_machine_with_our_number_does_not_share_our_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = files.temporary_for(tmp_path / "a.zip")
    elsewhere = SimpleNamespace(nodename="node7.cluster.org")
    monkeypatch.setattr(files.os, "uname", lambda: elsewhere)
    assert files.temporary_for(tmp_path / "a.zip") != here
