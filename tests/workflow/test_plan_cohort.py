"""The target `plan`: what is left to be done, and its page in the report."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from running import GATE_COHORT, by_slide, configure, run, write_sheet
from running import plan as dry_run


def totals(workdir: Path) -> dict[str, Any]:
    text = (workdir / "results/cohort/plan.json").read_text()
    found: dict[str, Any] = json.loads(text)
    return found


def jobs(workdir: Path) -> dict[str, tuple[int, int]]:
    """Rule to jobs that are to run and that have finished."""
    rules = totals(workdir)["rules"]
    return {rule["rule"]: (rule["jobs"], rule["finished_jobs"]) for rule in rules}


@pytest.fixture
def planned(workdir: Path) -> Path:
    """A finished run, of whose slides one has no file, and the plan of what is left."""
    done = run(workdir, "plan", report=True)
    assert "absent  file_missing (no such file; correct `path`" in done.text
    return workdir


def test_nothing_is_left_of_a_finished_run_and_a_new_plan_follows_what_is_removed(
    planned: Path,
) -> None:
    slides = len(GATE_COHORT)
    assert jobs(planned) == {"measure_slide": (0, slides), "tile_slide": (0, slides)}
    assert totals(planned)["jobs"] == 0
    assert "Nothing is left to be done" in (planned / "results/cohort/plan.html").read_text()
    (planned / "results/tile_metrics/real.parquet").unlink()
    configure(planned, plan={"hours_per_job": 0.0001, "memory": 1000})
    run(planned, "plan", report=True)
    assert jobs(planned) == {"measure_slide": (0, slides), "tile_slide": (1, slides - 1)}
    row = by_slide(planned, "plan.csv")["real"]
    assert (row["rules"], row["finished_jobs"]) == ("tile_slide", "1")
    assert totals(planned)["memory_mb"] == 2000  # of the report
    assert totals(planned)["at_once"] == 1  # the batches work on slides alone
    (planned / "slides/absent.svs").write_bytes((planned / "slides/real.svs").read_bytes())
    run(planned, "plan", report=True)
    assert by_slide(planned, "plan.csv")["absent"]["rules"] == "measure_slide;tile_slide"


def test_the_plan_makes_no_report_again_and_is_in_the_next_one(planned: Path) -> None:
    configure(planned, plan={"hours_per_job": 2, "memory": 4000})
    assert dry_run(planned, report=True).jobs == {}
    report = planned / "results/cohort/report"
    assert '"plan":false' in (report / "data/cohort.js").read_text()
    configure(planned, thresholds={"cohort": {"outlier_z_max": 5.9}})
    run(planned, "results/cohort/report", report=True)
    assert '"plan":true' in (report / "data/cohort.js").read_text()
    assert (report / "plan.html").read_text() == (planned / "results/cohort/plan.html").read_text()


def test_slides_masks_and_planes_are_looked_for_beside_the_sheet(
    slides: Path, tmp_path: Path
) -> None:
    """The sheet is often kept with the slides, and the run is somewhere else."""
    names = ("slide_id", "path", "mask", "z_stack", "z_plane")
    rows = [{"slide_id": "real", "path": "slides/real.svs", "mask": "slides/real.svs"}]
    rows += [
        {"slide_id": f"p{n}", "path": "slides/real.svs", "z_stack": "heap", "z_plane": n}
        for n in "01"
    ]
    rows += [{"slide_id": "gone", "path": "slides/gone.svs"}]
    shutil.copytree(slides, tmp_path / "sheets/slides")
    write_sheet(tmp_path / "sheets", [dict.fromkeys(names, "") | row for row in rows])
    (tmp_path / "work").mkdir()
    configure(tmp_path / "work", focus_stack={"enabled": True})
    run(tmp_path / "work", "plan", config=("cohort=../sheets/cohort.csv",))
    found = {i: row["error_code"] for i, row in by_slide(tmp_path / "work", "plan.csv").items()}
    assert found == {"real": "", "heap": "", "gone": "file_missing"}
