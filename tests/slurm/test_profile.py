"""The profile by name, where Snakemake looks for profiles."""

import subprocess
from pathlib import Path

import pytest
from drills import install_profile
from running import REPOSITORY


def test_profile_is_linked_and_linked_again(tmp_path: Path) -> None:
    for _ in range(2):
        install_profile(tmp_path)
        assert (tmp_path / "snakemake/slurm").resolve() == REPOSITORY / "profiles/slurm"
    assert not list((REPOSITORY / "profiles/slurm").glob("slurm"))


def test_profile_of_that_name_from_elsewhere_is_kept(tmp_path: Path) -> None:
    own = tmp_path / "snakemake/slurm/config.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("jobs: 1\n")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        install_profile(tmp_path)
    assert b"move it away" in refused.value.stderr
    assert own.read_text() == "jobs: 1\n"
