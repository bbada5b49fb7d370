"""LSF, Grid Engine and PBS by their profiles, with stand-ins for their commands."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from running import REPOSITORY, by_slide, clean_environment, read_csv, write_sheet

COMMANDS = {
    "lsf": ("bsub", "bjobs", "bkill"),
    "sge": ("qsub", "qstat", "qacct", "qdel"),
    "pbs": ("qsub", "qstat", "qdel"),
}
#: 1500 MB and 30 minutes, of `decide_slides`, as each asks for it
ASKED = {
    "lsf": "-W 30 -n 1 -R span[hosts=1] -M 1500MB -R rusage[mem=1500MB]",
    "sge": "-l h_rt=1800 -l h_vmem=1500M",
    "pbs": "-l walltime=00:30:00 -l select=1:ncpus=1:mem=1500mb",
}


def variables(folder: Path, kind: str) -> dict[str, str]:
    """The environment of a machine with a scheduler."""
    (folder / "bin").mkdir()
    (folder / "kind").write_text(kind)
    for command in COMMANDS[kind]:
        shutil.copy(Path(__file__).with_name("stand_in.py"), folder / "bin" / command)
    path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    return clean_environment() | {"PATH": path, "CLUSTER": str(folder)}


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_run_through_the_profile(kind: str, tmp_path: Path) -> None:
    work, cluster = tmp_path / "work", tmp_path / "cluster"
    work.mkdir()
    cluster.mkdir()
    write_sheet(work, [{"slide_id": "absent", "path": "absent.svs"}])
    done = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "qc", "--jobs", "1"),
            *("--profile", str(REPOSITORY / "profiles" / kind), "--directory", str(work)),
            *("--seconds-between-status-checks", "1", "--max-jobs-per-timespan", "10/1s"),
            *("--config", "cohort=cohort.csv"),
        ],
        cwd=REPOSITORY,
        env=variables(cluster, kind),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert by_slide(work, "measured_qc.csv")["absent"]["qc_status"] == "ERROR"
    calls = (cluster / "calls.txt").read_text().splitlines()
    submitted = [call for call in calls if call.startswith(COMMANDS[kind][0])]
    assert len(submitted) == 3
    jobs = read_csv(work, "cluster_jobs.csv")
    assert ("measure_slide", "absent") in {(job["rule"], job["slide_id"]) for job in jobs}
    assert len({job["cluster_job"] for job in jobs} - {""}) == 3
    (judging,) = (call for call in submitted if "decide_slides" in call)
    assert f" {ASKED[kind]} " in judging
    assert sum(COMMANDS[kind][-2] in call for call in calls) >= 3


#: what a scheduler says of job 7 that was killed, that runs, and that it cannot start
ANSWERS = {
    ("lsf", "failed"): {"bjobs": "EXIT"},
    ("lsf", "running"): {"bjobs": "PEND"},
    ("sge", "running"): {"qstat": "      7 0.55 x me r 01/01/2026"},
    ("sge", "failed"): {"qstat": "      7 0.55 x me Eqw 01/01/2026"},
    ("sge", "failed killed"): {"qstat": "", "qacct": "failed 100 : assumedly\nexit_status 137"},
    ("pbs", "running"): {"qstat": "    job_state = Q"},
    ("pbs", "failed"): {"qstat": "    job_state = F\n    Exit_status = -29"},
    ("pbs", "failed deleted"): {"qstat": "    job_state = F"},
}


def status(kind: str, folder: Path, answers: dict[str, str]) -> str:
    """What the profile's status command says of job 7."""
    (folder / ".snakemake").mkdir(exist_ok=True)
    for command in COMMANDS[kind]:
        text = f"cat <<'END'\n{answers[command]}\nEND\n" if command in answers else "exit 1\n"
        (folder / command).write_text(f"#!/bin/sh\n{text}")
        (folder / command).chmod(0o755)
    path = os.pathsep.join([str(folder), os.environ["PATH"]])
    command = [REPOSITORY / "profiles" / kind / "status", "7"]
    environment = os.environ | {"PATH": path}
    return subprocess.run(
        command, cwd=folder, env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.mark.parametrize(("kind", "state"), ANSWERS)
def test_states_of_a_job(kind: str, state: str, tmp_path: Path) -> None:
    assert status(kind, tmp_path, ANSWERS[kind, state]) == state.split()[0]


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_silent_scheduler_is_waited_for_but_not_for_ever(kind: str, tmp_path: Path) -> None:
    assert status(kind, tmp_path, {}) == "running"
    (silent,) = (tmp_path / ".snakemake").iterdir()
    os.utime(silent, (0, 0))
    assert status(kind, tmp_path, {}) == "failed"
