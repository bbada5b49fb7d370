"""Jobs that die: the others go on, the failed ones are listed and can be accepted."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from make_cohort import REGION
from running import REPOSITORY, by_slide, configure, plan, read_csv, run, snakemake, write_sheet

DIES = 'if snakemake.wildcards.slide_id == "dies": raise MemoryError("no memory left")\n'


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    workdir = tmp_path / "work"
    workdir.mkdir()
    write_sheet(workdir, [{"slide_id": i, "path": str(REGION)} for i in ("a", "dies", "b")])
    return workdir


def break_rule(checkout: Path, rule: str) -> None:
    """A rule's script that dies for one slide."""
    script = checkout / f"scripts/{rule}.py"
    head, logs, rest = script.read_text().partition("logs.to_file(snakemake.log[0])\n")
    script.write_text(head + logs + DIES + rest)


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
    assert all((cohort / f"results/tiles/{i}.zip").exists() for i in "ab")
    judged = (cohort / "results/cohort/cohort_qc.csv").exists()
    assert judged == (rule == "tile_slide")

    accepted = run(cohort, repository=checkout, config=("accept_failures=true",))
    assert "job_failed" in accepted.text
    rows = by_slide(cohort, "cohort_qc.csv")
    assert [row["qc_status"] for row in rows.values()] == ["PASS", "ERROR", "PASS"]
    assert rows["dies"]["qc_reasons"] == "job_failed"
    assert by_slide(cohort, "tile_summary.csv")["dies"]["final_status"] == "ERROR"
    assert {row["slide_id"] for row in read_csv(cohort, "patch_cohort.csv")} == {"a", "b"}

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
    assert by_slide(cohort, "tile_summary.csv")["dies"]["final_status"] == "ERROR"
    tiles = read_csv(cohort, "patch_cohort.csv")
    assert {row["slide_id"] for row in tiles} == {"a", "b"}
    assert all(row["nuclei_count"] for row in tiles)


def test_a_run_that_is_stopped_lists_no_failures_and_goes_on(tmp_path: Path, slides: Path) -> None:
    ids = [f"s{number}" for number in range(6)]
    write_sheet(tmp_path, [{"slide_id": i, "path": str(slides / "medium.svs")} for i in ids])
    command = ("-m", "snakemake", "--profile", "profiles/local", "--directory", str(tmp_path))
    with (tmp_path / "said").open("w") as said:
        head = subprocess.Popen(
            [sys.executable, *command, "--config", "cohort=cohort.csv"],
            cwd=REPOSITORY,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
        while not list(tmp_path.glob("results/slides/*.json")):
            assert head.poll() is None
            time.sleep(0.05)
        os.killpg(head.pid, signal.SIGINT)  # as a terminal does at Ctrl-C
        assert head.wait(60) != 0
    assert "Stopped. Run the same command again" in (tmp_path / "said").read_text()
    assert not (tmp_path / "results/cohort/failed_jobs.csv").exists()
    assert "6 slides: 6 PASS" in run(tmp_path).text


def test_an_archived_slide_that_has_to_be_tiled_again_says_so(tmp_path: Path, slides: Path) -> None:
    shutil.copyfile(slides / "medium.svs", tmp_path / "gone.svs")
    write_sheet(tmp_path, [{"slide_id": "gone", "path": "gone.svs"}])
    run(tmp_path)
    (tmp_path / "gone.svs").unlink()
    (tmp_path / "results/tiles/gone.zip").unlink()
    died = snakemake(tmp_path)
    assert died.code != 0
    assert "bring the file back" in died.text
    assert "Traceback" not in died.text
