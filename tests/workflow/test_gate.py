"""What runs again after a change, and what does not: thresholds, slides, sheet."""

import os
import re
import shutil
import zipfile
from pathlib import Path

import pytest
from running import (
    GATE_COHORT,
    SHORTER,
    Run,
    by_slide,
    configure,
    metrics,
    plan,
    read_csv,
    run,
    write_sheet,
)

FLIPPED = "before: 'fail' now: 'pass'"
COHORT_RULES = {"decide_slides", "collect_tiles", "draw_overlays", "check_leakage"}


@pytest.fixture(scope="session")
def per_slide_rules(finished: Path) -> set[str]:
    jobs = Run(0, (finished / "first_run.txt").read_text()).jobs
    return {rule for rule, count in jobs.items() if count > 1}


@pytest.fixture
def only_cohort_rules(per_slide_rules: set[str]):
    """Asserts that a plan judges anew and touches no slide."""

    def check(planned: Run) -> None:
        assert set(planned.jobs) >= COHORT_RULES, planned.text
        assert not per_slide_rules & set(planned.jobs), planned.text

    return check


def members(workdir: Path, slide_id: str) -> list[str]:
    with zipfile.ZipFile(workdir / f"results/tiles/{slide_id}.zip") as container:
        return container.namelist()


def tiles_in_table(workdir: Path) -> set[str]:
    return {row["slide_id"] for row in read_csv(workdir, "patch_cohort.csv")}


def set_thresholds(workdir: Path, **limits: dict[str, float]) -> None:
    configure(workdir, thresholds=limits)


def touch(path: Path) -> None:
    newer = path.stat().st_mtime_ns + 10**10
    os.utime(path, ns=(newer, newer))


def rows(*slide_ids: str, folder: str = "slides") -> list[dict[str, str]]:
    return [{"slide_id": i, "path": f"{folder}/{i}.svs"} for i in slide_ids]


def test_first_run_measures_and_tiles_every_row(finished: Path, per_slide_rules: set[str]) -> None:
    first = Run(0, "", (finished / "first_run.log").read_text())
    assert per_slide_rules >= {"measure_slide", "tile_slide"}
    assert first.measured == set(first.tiled) == set(GATE_COHORT)
    statuses = {i: row["qc_status"] for i, row in by_slide(finished, "cohort_qc.csv").items()}
    assert statuses == {"real": "PASS", "medium": "PASS", "small": "FAIL", "absent": "ERROR"}
    assert tiles_in_table(finished) == {"real", "medium"}


def test_second_dry_run_has_nothing_to_do(finished: Path) -> None:
    assert plan(finished).jobs == {}


def test_lowered_threshold_tiles_what_now_passes(workdir: Path) -> None:
    set_thresholds(workdir, slide={"tissue_area_mm2_min": 0.05})
    planned = plan(workdir)
    assert list(planned.tiled) == ["small"], planned.text
    gate, reason = planned.tiled["small"]
    assert gate == "pass"
    assert "Params have changed" in reason
    assert FLIPPED in reason
    assert planned.jobs["tile_slide"] == 1
    assert "measure_slide" not in planned.jobs

    run(workdir)
    assert len(members(workdir, "small")) > 1
    assert tiles_in_table(workdir) == {"real", "medium", "small"}
    assert by_slide(workdir, "cohort_qc.csv")["small"]["candidate_tiles"] != "0"
    assert plan(workdir).jobs == {}


def test_raised_threshold_takes_tiles_and_rows_away(workdir: Path) -> None:
    """Also those of a slide that is archived in the meantime."""
    set_thresholds(workdir, slide={"tissue_area_mm2_min": 0.4})
    planned = plan(workdir)
    assert list(planned.tiled) == ["medium"], planned.text
    assert "measure_slide" not in planned.jobs

    (workdir / "slides/medium.svs").unlink()
    done = run(workdir)
    assert set(done.tiled) == {"medium"}
    assert not done.measured
    assert done.text.count("WARNING: 1 measured slides") == 1
    assert members(workdir, "medium") == ["medium.dzi"]
    assert metrics(workdir, "medium") == []
    assert tiles_in_table(workdir) == {"real"}
    assert by_slide(workdir, "cohort_qc.csv")["medium"]["qc_status"] == "FAIL"
    assert plan(workdir).jobs == {}


def test_threshold_without_effect_runs_only_cohort_rules(workdir: Path, only_cohort_rules) -> None:
    set_thresholds(workdir, slide={"tissue_area_mm2_min": 0.2})
    only_cohort_rules(plan(workdir))


def test_tile_threshold_only_judges_anew(finished: Path, stricter: Path, only_cohort_rules) -> None:
    only_cohort_rules(Run(0, (stricter / "second_run.txt").read_text()))
    before, after = (by_slide(folder, "cohort_qc.csv")["real"] for folder in (finished, stricter))
    assert 0 < int(after["passed_tiles"]) < int(before["passed_tiles"])
    assert after["candidate_tiles"] == before["candidate_tiles"]


def test_touched_slides_measure_nothing(workdir: Path) -> None:
    for path in (workdir / "slides").iterdir():
        touch(path)
    assert plan(workdir).jobs == {}


def test_touched_sheet_runs_no_slide(workdir: Path, per_slide_rules: set[str]) -> None:
    touch(workdir / "cohort.csv")
    assert not per_slide_rules & set(plan(workdir).jobs)


def test_edited_sheet_counts_whatever_its_date(workdir: Path, only_cohort_rules) -> None:
    before = (workdir / "cohort.csv").stat().st_mtime_ns
    write_sheet(workdir, [row | {"label": "tumor"} for row in rows(*GATE_COHORT)])
    os.utime(workdir / "cohort.csv", ns=(before, before))
    only_cohort_rules(plan(workdir))


def test_moved_slides_are_still_known(workdir: Path, only_cohort_rules) -> None:
    (workdir / "slides").rename(workdir / "moved")
    write_sheet(workdir, rows(*GATE_COHORT, folder="moved"))
    planned = plan(workdir)
    only_cohort_rules(planned)
    assert "WARNING" not in planned.text


def test_archived_slides_keep_their_results_with_one_warning(workdir: Path) -> None:
    for slide_id in ("real", "medium"):
        (workdir / f"slides/{slide_id}.svs").unlink()
    planned = plan(workdir)
    assert planned.jobs == {}
    warnings = re.findall("WARNING: .*", planned.text)
    assert len(warnings) == 1, planned.text
    assert warnings[0].startswith("WARNING: 2 measured slides are not at their path")


def test_replaced_slide_is_measured_again(workdir: Path) -> None:
    shutil.copyfile(workdir / "slides/small.svs", workdir / "slides/medium.svs")
    planned = plan(workdir)
    assert planned.measured == {"medium"}
    assert set(planned.tiled) == {"medium"}


def test_resolution_from_the_sheet_measures_that_slide_again(workdir: Path) -> None:
    write_sheet(workdir, [row | {"mpp": ""} for row in rows(*GATE_COHORT)])
    assert not plan(workdir).measured
    given = {"medium": "0.48"}
    write_sheet(workdir, [r | {"mpp": given.get(r["slide_id"], "")} for r in rows(*GATE_COHORT)])
    planned = plan(workdir)
    assert planned.measured == {"medium"}
    assert set(planned.tiled) == {"medium"}


def test_slide_that_arrives_later_is_measured(workdir: Path) -> None:
    shutil.copyfile(workdir / "slides/medium.svs", workdir / "slides/absent.svs")
    planned = plan(workdir)
    assert planned.measured == {"absent"}
    assert set(planned.tiled) == {"absent"}

    run(workdir)
    assert by_slide(workdir, "cohort_qc.csv")["absent"]["qc_status"] == "PASS"
    assert tiles_in_table(workdir) == {"real", "medium", "absent"}
    assert plan(workdir).jobs == {}


def test_added_row_runs_only_its_own_jobs(workdir: Path, per_slide_rules: set[str]) -> None:
    shutil.copyfile(workdir / "slides/medium.svs", workdir / "slides/new.svs")
    write_sheet(workdir, rows("real", "new", "medium", "small", "absent"))
    planned = plan(workdir)
    assert planned.measured == {"new"}
    assert set(planned.tiled) == {"new"}
    assert {planned.jobs[rule] for rule in per_slide_rules} == {1}
    assert set(planned.jobs) >= COHORT_RULES


def test_removed_rows_run_only_cohort_rules(shorter: Path, only_cohort_rules) -> None:
    only_cohort_rules(Run(0, (shorter / "second_run.txt").read_text()))
    assert list(by_slide(shorter, "cohort_qc.csv")) == list(SHORTER)
    assert tiles_in_table(shorter) == {"real"}


def test_container_removed_by_hand_is_made_again(workdir: Path) -> None:
    before = (workdir / "results/tiles/medium.zip").read_bytes()
    (workdir / "results/tiles/medium.zip").unlink()
    done = run(workdir)
    assert set(done.tiled) == {"medium"}
    assert not done.measured
    assert (workdir / "results/tiles/medium.zip").read_bytes() == before
