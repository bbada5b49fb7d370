"""What happens to a cohort on a real SLURM when slides, jobs, nodes and the head break."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cluster
import damage
import pytest
from cluster import Cluster
from drills import FINISH_S, HERE, QUICK, START_S, Head, Job, install_profile, misbehave
from grossing.support import files
from make_cohort import REGION
from make_slide import make_slide
from running import (
    REPOSITORY,
    Run,
    by_slide,
    configure,
    copy_repository,
    metrics,
    read_csv,
    run,
    write_sheet,
)

COHORT = {"real": "PASS", "medium": "PASS", "truncated": "ERROR", "missing": "ERROR"}
#: SLURM's state, or its words where control groups keep the limit, and where it watches itself
MEMORY = ".*('OUT_OF_MEMORY': out of memory|oom.kill|Out Of Memory|memory limit)"
MEASURED = "results/slides/medium.json"


@pytest.fixture(scope="session")
def slides(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("slides")
    shutil.copyfile(REGION, folder / "real.svs")
    options = {"mpp": 0.5, "tissue_fraction": 0.5, "blurred_fraction": 0, "pen": False, "seed": 5}
    make_slide(REGION, folder / "medium.svs", 1500, 1200, **options)
    damage.truncate(folder / "medium.svs", folder / "truncated.svs", 0.6)
    return folder


@pytest.fixture(scope="session")
def prepare(tmp_path_factory: pytest.TempPathFactory, slides: Path) -> Callable[..., Path]:
    """Makes a working directory with a sheet of some of the slides."""

    def make(*slide_ids: str) -> Path:
        workdir = tmp_path_factory.mktemp("work").resolve()
        write_sheet(workdir, [{"slide_id": i, "path": str(slides / f"{i}.svs")} for i in slide_ids])
        return workdir

    return make


@pytest.fixture(scope="session")
def disturbed(slurm: Cluster, prepare: Callable[..., Path]) -> Iterator[Callable[..., Head]]:
    """Starts the measuring of one slide that misbehaves; no head outlives the tests."""
    heads: list[Head] = []

    def start(*words: str, **how: object) -> Head:
        workdir = prepare("medium")
        misbehave(workdir, script="measure_slide", **how)
        heads.append(Head(slurm, workdir, MEASURED, *words))
        return heads[-1]

    yield start
    for head in heads:
        head.process.kill()


@pytest.fixture(scope="session")
def over_time(slurm: Cluster, disturbed: Callable[..., Head]) -> tuple[Head, Job]:
    """A job that will exceed its time limit: a minute at least, so it is started early."""
    head = disturbed(sleep_s=300)
    job = head.running_job()
    slurm.ask("scontrol", "update", f"JobId={job.job_id}", "TimeLimit=1")
    return head, job


@pytest.fixture(scope="session")
def as_shipped(
    slurm: Cluster, prepare: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Head:
    """The command of the docs, nothing quickened; it takes its time, so it is started early."""
    variables = install_profile(tmp_path_factory.mktemp("home"))
    snakemake = (sys.executable, "-m", "snakemake")
    workdir = prepare("medium")
    return Head(slurm, workdir, MEASURED, command=snakemake, profile="slurm", variables=variables)


@pytest.fixture(scope="session")
def cohort(
    slurm: Cluster, prepare: Callable[..., Path], over_time: object, as_shipped: object
) -> tuple[Path, Run]:
    """A run over `COHORT`, undisturbed by what goes on beside it."""
    workdir = prepare(*COHORT)
    return workdir, Head(slurm, workdir).succeed()


def assert_whole(head: Head, cohort: tuple[Path, Run]) -> None:
    """The slide's JSON is that of an undisturbed run, and nothing half-written is left."""
    undisturbed = json.loads((cohort[0] / MEASURED).read_text())
    assert json.loads((head.workdir / MEASURED).read_text()) == undisturbed
    assert not list(head.workdir.glob("results/**/.*"))
    assert not list((head.workdir / ".snakemake/incomplete").iterdir())


def first_and_second(head: Head) -> tuple[Job, Job]:
    """The two attempts at the slide."""
    first, second = head.jobs()
    assert second.state == "COMPLETED"
    return first, second


def test_cohort_with_bad_slides_has_one_row_per_slide(cohort: tuple[Path, Run]) -> None:
    workdir, done = cohort
    statuses = {row["slide_id"]: row["qc_status"] for row in read_csv(workdir, "cohort_qc.csv")}
    assert statuses == COHORT
    assert [row["slide_id"] for row in read_csv(workdir, "measured_qc.csv")] == list(COHORT)
    assert {row["slide_id"] for row in read_csv(workdir, "patch_cohort.csv")} == {"real", "medium"}
    assert "4 slides: 2 PASS, 0 REVIEW, 0 FAIL, 2 ERROR" in done.text
    jobs = read_csv(workdir, "cluster_jobs.csv")
    assert {job["slide_id"] for job in jobs if job["rule"] == "measure_slide"} == set(COHORT)
    assert all(job["cluster_job"].isdigit() for job in jobs)


def test_second_run_and_flip_are_exact(
    slurm: Cluster, cohort: tuple[Path, Run], tmp_path: Path
) -> None:
    workdir = cohort[0]
    assert Head(slurm, workdir, "-n").succeed().jobs == {}
    assert Head(slurm, workdir, "-n", repository=copy_repository(tmp_path)).succeed().jobs == {}
    measured = {path: path.stat().st_mtime_ns for path in (workdir / "results/slides").iterdir()}
    limits = {"slide": {"tissue_area_mm2_min": 0.4}}
    configure(workdir, thresholds=limits, report={"enabled": False})  # made by the first run
    planned = Head(slurm, workdir, "-n").succeed()
    assert planned.jobs == {
        "tile_slide": 1,
        "decide_slides": 1,
        "collect_tiles": 1,
        "draw_overlays": 1,
        "check_leakage": 1,
    }
    assert list(planned.tiled) == ["medium"]
    assert "before: 'pass' now: 'fail'" in planned.tiled["medium"][1]

    Head(slurm, workdir).succeed()
    assert {path: path.stat().st_mtime_ns for path in measured} == measured
    with zipfile.ZipFile(workdir / "results/tiles/medium.zip") as container:
        assert container.namelist() == ["medium.dzi"]
    assert metrics(workdir, "medium") == []
    assert by_slide(workdir, "cohort_qc.csv")["medium"]["qc_status"] == "FAIL"
    assert Head(slurm, workdir, "-n").succeed().jobs == {}


def test_job_over_its_memory_limit_gets_more(
    disturbed: Callable[..., Head], cohort: tuple[Path, Run]
) -> None:
    head = disturbed(memory_mb=700)
    done = head.succeed()
    first, second = first_and_second(head)
    assert first.state in ("OUT_OF_MEMORY", "FAILED", "CANCELLED")
    assert second.mem_mb == 2 * first.mem_mb
    assert re.search(
        f"1 slide had a job tried again:\n  medium  measure_slide: {MEMORY}", done.text
    )
    assert_whole(head, cohort)


def test_job_that_never_has_enough_is_named_with_its_cause(
    disturbed: Callable[..., Head],
) -> None:
    head = disturbed("--retries", "0", memory_mb=700)
    done = head.finish()
    assert done.code == 1
    assert re.search(f"1 slide has a failed job .*\n  medium  measure_slide: {MEMORY}", done.text)
    assert re.search(MEMORY, by_slide(head.workdir, "failed_jobs.csv")["medium"]["cause"])


def test_job_over_its_time_limit_gets_more(
    over_time: tuple[Head, Job], cohort: tuple[Path, Run]
) -> None:
    head, job = over_time
    done = head.succeed()
    first, second = first_and_second(head)
    assert first.state == "TIMEOUT"
    assert second.minutes == 2 * job.minutes
    assert re.search("medium  measure_slide: SLURM status 'TIMEOUT': time limit", done.text)
    assert_whole(head, cohort)


def test_cancelled_job_comes_again(
    slurm: Cluster, disturbed: Callable[..., Head], cohort: tuple[Path, Run]
) -> None:
    head = disturbed(sleep_s=300)
    slurm.ask("scancel", head.running_job().job_id)
    done = head.succeed()
    assert first_and_second(head)[0].state == "CANCELLED"
    assert re.search("medium  measure_slide: .*'CANCELLED'", done.text)
    assert_whole(head, cohort)


def test_lost_node_moves_the_job_to_another(
    slurm: Cluster, disturbed: Callable[..., Head], cohort: tuple[Path, Run]
) -> None:
    head = disturbed(sleep_s=300)
    node = head.running_job().node
    slurm.kill_node(node)
    try:
        done = head.succeed()
        first, second = first_and_second(head)
        assert (first.state, first.node) == ("NODE_FAIL", node)
        assert second.node != node
        assert re.search("medium  measure_slide: .*NODE_FAIL", done.text)
        assert_whole(head, cohort)
    finally:
        slurm.start_node(node)


def recover(slurm: Cluster, workdir: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/recover.py", "--directory", str(workdir), *words]
    return subprocess.run(
        command,
        cwd=REPOSITORY,
        env=slurm.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


@pytest.fixture
def strangers(slurm: Cluster, tmp_path: Path) -> Iterator[Callable[[Path], list[str]]]:
    """Starts jobs that are not the run's: another cohort's, the user's own in the same place."""
    started: list[str] = []

    def submit(name: str, workdir: Path) -> str:
        options = ("--mem=50", "--output=/dev/null", "--job-name", name, "-D", str(workdir))
        return slurm.ask("sbatch", "--parsable", *options, "--wrap", "sleep 600")

    def start(workdir: Path) -> list[str]:
        started.extend([submit("grossing_other", tmp_path), submit("mine", workdir)])
        return started

    yield start
    slurm.ask("scancel", *started)


def test_killed_head_is_recovered(
    slurm: Cluster,
    disturbed: Callable[..., Head],
    strangers: Callable[[Path], list[str]],
    cohort: tuple[Path, Run],
) -> None:
    head = disturbed(sleep_s=300)
    orphan = head.running_job().job_id
    alive = recover(slurm, head.workdir, "--yes")
    assert alive.returncode == 1
    assert f"kill -INT {head.process.pid}" in alive.stderr

    head.process.kill()
    head.process.wait()
    others = strangers(head.workdir)
    left = files.temporary_for(head.workdir / MEASURED)
    left = left.with_name(left.name.replace(f".{os.getpid()}.", f".{head.process.pid}."))
    left.write_text('{"slide')
    locked = Head(slurm, head.workdir, MEASURED).finish()
    assert locked.code != 0
    assert "unlock" in locked.text

    shown = recover(slurm, head.workdir)
    assert shown.returncode == 1
    assert f"{orphan}  RUNNING" in shown.stdout
    assert "rule_measure_slide_wildcards_medium" in shown.stdout
    assert "1 jobs left, locked" in shown.stdout
    assert orphan in slurm.ask("squeue", "--noheader", "--format", "%i").split()

    done = recover(slurm, head.workdir, "--yes")
    assert done.returncode == 0, done.stderr
    queue = slurm.ask("squeue", "--noheader", "--format", "%i").split()
    assert orphan not in queue
    assert set(others) <= set(queue)
    Head(slurm, head.workdir, MEASURED).succeed()
    assert_whole(head, cohort)
    assert "0 jobs left, not locked" in recover(slurm, head.workdir).stdout


def in_the_docs(name: str) -> str:
    """The batch script that docs/slurm.md shows under a name."""
    text = (REPOSITORY / "docs/slurm.md").read_text()
    found = re.search(rf"{re.escape(name)}.*?```\n(#!/bin/bash\n.*?)```", text, re.DOTALL)
    assert found
    return found[1]


def submitted(slurm: Cluster, workdir: Path, name: str, **instead: str) -> str:
    """Number of the job of a batch script of docs/slurm.md, with other words in some places."""
    script = in_the_docs(name).replace("~/grossing", str(REPOSITORY))
    for shown, other in instead.items():
        assert shown in script
        script = script.replace(shown, other)
    (workdir / name).write_text(script)
    return slurm.ask("env", "--chdir", str(workdir), "sbatch", "--parsable", name)


def ended(slurm: Cluster, number: str) -> None:
    waiting = ("squeue", "--noheader", "--job", number)
    cluster.wait_until(lambda: not slurm.ask(*waiting), FINISH_S, f"the end of job {number}")


def test_head_that_is_a_job_is_stopped_in_order_and_goes_on(
    slurm: Cluster, prepare: Callable[..., Path]
) -> None:
    workdir = prepare("medium")
    misbehave(workdir, script="measure_slide", sleep_s=300)
    small = {
        "2-00:00:00": "50",
        "task=2": "task=1",
        "4G": "1500M",
        "=cohort.csv": "=cohort.csv 'report={enabled: false}'",
        ".venv/bin/snakemake --profile slurm": " ".join(
            ["env", f"PYTHONPATH={HERE / 'hooks'}", *QUICK, "qc", "--profile profiles/slurm"]
        ),
    }
    first = submitted(slurm, workdir, "head.sbatch", **small)
    cluster.wait_until((workdir / "drill.done").exists, START_S, "a job that sleeps")
    slurm.ask("scancel", "--signal=INT", "--batch", first)
    ended(slurm, first)
    assert "Stopped. Run the same command again" in (workdir / f"head.{first}.log").read_text()
    folders = ("squeue", "--noheader", "--format", "%Z")
    cluster.wait_until(
        lambda: str(workdir) not in slurm.ask(*folders).splitlines(), 20, "the end of its jobs"
    )

    second = submitted(slurm, workdir, "head.sbatch", **small)
    ended(slurm, second)
    said = (workdir / f"head.{second}.log").read_text()
    assert "1 slides: 1 PASS" in said, said


def test_parts_side_by_side_in_allocations_of_their_own(
    slurm: Cluster, prepare: Callable[..., Path]
) -> None:
    workdir = prepare(*COHORT)
    small = {
        "1-4": "1-2",
        "1-00:00:00": "30",
        "task=16": "task=1",
        "16G": "1500M",
        ".venv/bin/snakemake": f"{sys.executable} -m snakemake",
    }
    ended(slurm, submitted(slurm, workdir, "parts.sbatch", **small))
    said = "".join(path.read_text() for path in workdir.glob("part.*.log"))
    assert said.count("5 of 5 steps (100%) done") == 2, said

    done = run(workdir)
    assert done.jobs == {
        "find_duplicates": 1,
        "decide_slides": 1,
        "collect_tiles": 1,
        "draw_overlays": 1,
        "check_leakage": 1,
    }
    statuses = {row["slide_id"]: row["qc_status"] for row in read_csv(workdir, "cohort_qc.csv")}
    assert statuses == COHORT
    assert {row["slide_id"] for row in read_csv(workdir, "patch_cohort.csv")} == {"real", "medium"}


def test_profile_as_shipped_needs_no_accounting(slurm: Cluster, as_shipped: Head) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        slurm.ask("sacct")
    done = as_shipped.succeed()
    assert "Using profiles slurm and workflow specific profile profiles/default" in done.text
    assert "1 of 1 steps (100%) done" in done.text
    assert [job.state for job in as_shipped.jobs()] == ["COMPLETED"]


def test_site_choices_reach_slurm(
    slurm: Cluster, prepare: Callable[..., Path], tmp_path: Path
) -> None:
    shipped = (REPOSITORY / "profiles/slurm/config.yaml").read_text()
    chosen = re.sub("# (slurm_account|slurm_partition|qos|constraint|tmpdir):", r"\1:", shipped)
    assert chosen.count("\n  tmpdir: ") == 1
    chosen = chosen.replace("/scratch", str(tmp_path / "scratch"))
    (tmp_path / "config.yaml").write_text(chosen)
    head = Head(slurm, prepare("medium"), MEASURED, profile=str(tmp_path))
    head.succeed()
    (job,) = head.jobs()
    said = slurm.ask("scontrol", "show", "job", job.job_id)
    assert {"Account=mylab", "Partition=short", "Features=avx2", "Requeue=0"} <= set(said.split())
    assert (tmp_path / "scratch").is_dir()
