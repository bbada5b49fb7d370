"""The ready configurations: each is valid, and a run can be planned with it."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
READY = sorted(REPOSITORY.glob("config/*.yaml"))


@pytest.mark.parametrize("config", READY, ids=lambda path: path.stem)
def test_a_run_is_planned_with_a_ready_configuration(config: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--profile",
        "profiles/local",
        "-n",
        "-q",
        "rules",
    ]
    key, job = (
        ("studies", "measure_study") if config.stem == "radiology" else ("cohort", "measure_slide")
    )
    sheet = REPOSITORY / f"config/{'radiology' if key == 'studies' else 'cohort'}.csv"
    command += ["--directory", str(tmp_path), "--configfile", str(config)]
    done = subprocess.run(
        [*command, "--config", f"{key}={sheet}"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert job in done.stdout + done.stderr
