"""Focal planes from the sheet to tiles: fused, refused, and what a change runs again."""

import os
import shutil
from pathlib import Path

import make_stack
import numpy as np
import pytest
from make_cohort import REGION
from running import (
    GATE_COHORT,
    Once,
    by_slide,
    configure,
    metrics,
    plan,
    read_csv,
    run,
    snakemake,
    write_sheet,
)

STACK_RULES = ("fuse_focus", "measure_slide", "tile_slide")


def rows(folder: str = "slides") -> list[dict[str, str]]:
    """A stack of three slides, a shifted one, one of pages, one of no files; a plain slide."""
    found = [{"slide_id": "plain", "path": f"{folder}/plain.svs", "z_stack": "", "z_plane": ""}]
    for number in "012":
        names = {"heap": number, "moved": "moved" if number == "2" else number}
        found += [
            {
                "slide_id": f"{stack}_{number}",
                "path": f"{folder}/{name}.tif",
                "z_stack": stack,
                "z_plane": number,
            }
            for stack, name in names.items()
        ]
    pages = {"slide_id": "paged", "path": f"{folder}/pages.tif", "z_stack": "paged", "z_plane": ""}
    absent = [
        {"slide_id": f"never_{i}", "path": f"{folder}/never{i}.tif"}
        | {"z_stack": "never", "z_plane": i}
        for i in "01"
    ]
    return [row | {"label": "tumor"} for row in [*found, pages, *absent]]


@pytest.fixture(scope="session")
def fused(once: Once) -> Path:
    """A finished run over `rows()`; not to be changed."""

    def fill(workdir: Path) -> None:
        slides = workdir / "slides"
        slides.mkdir()
        shutil.copyfile(REGION, slides / "plain.svs")
        sharp = np.ascontiguousarray(make_stack.region(REGION)[1100:2700, 300:1900])
        truth = make_stack.heights(1600, 1600, 3, waves=0.4)
        planes = make_stack.defocused(sharp, truth, 3)
        for number, plane in enumerate(planes):
            make_stack.write_plane(plane, slides / f"{number}.tif")
        make_stack.write_plane(np.roll(planes[2], (6, 4), (0, 1)), slides / "moved.tif")
        make_stack.write_pages(planes, slides / "pages.tif")
        write_sheet(workdir, rows())
        configure(workdir, focus_stack={"enabled": True})
        (workdir / "first_run.txt").write_text(run(workdir).text)

    return once("fused", fill)


@pytest.fixture
def workdir(fused: Path, tmp_path: Path) -> Path:
    """A copy of the finished run, with all dates, to change at will."""
    return Path(shutil.copytree(fused, tmp_path / "work"))


def test_stacks_run_through_to_tiles_under_their_id(fused: Path) -> None:
    verdicts = by_slide(fused, "cohort_qc.csv")
    assert list(verdicts) == ["plain", "heap", "moved", "paged", "never"]
    assert {i: row["qc_status"] for i, row in verdicts.items()} == {
        "plain": "PASS",
        "heap": "PASS",
        "moved": "ERROR",
        "paged": "PASS",
        "never": "ERROR",
    }
    tiles = [row["slide_id"] for row in read_csv(fused, "patch_cohort.csv")]
    assert set(tiles) == {"plain", "heap", "paged"}
    assert {row["label"] for row in verdicts.values()} == {"tumor"}
    assert (fused / "results/tiles/heap.zip").stat().st_size > 10_000
    sharpness = {i: float(verdicts[i]["focus_median"]) for i in ("heap", "paged")}
    assert min(sharpness.values()) > 0.45


def test_a_shifted_plane_is_an_error_row_that_names_plane_and_shift(fused: Path) -> None:
    row = by_slide(fused, "cohort_qc.csv")["moved"]
    assert row["qc_reasons"] == "unregistered"
    assert row["error_message"] == "plane 2 is shifted by 4.0, 6.0 px against plane 1 (limit 2 px)"
    assert "align the planes" in row["remedy"]
    assert metrics(fused, "moved") == []
    for suffix in ("tif", "png", "parquet", "json"):
        assert (fused / f"results/fused/moved.{suffix}").stat().st_size > 0


def test_a_second_run_has_nothing_to_do(fused: Path) -> None:
    """Planes that never were are an error row now, and not called archived then."""
    assert by_slide(fused, "cohort_qc.csv")["never"]["qc_reasons"] == "file_missing"
    again = plan(fused)
    assert again.jobs == {}, again.text
    assert "WARNING" not in again.text


def test_a_replaced_plane_fuses_its_stack_alone(workdir: Path) -> None:
    shutil.copyfile(workdir / "slides/2.tif", workdir / "slides/moved.tif")
    planned = plan(workdir)
    assert {rule: planned.jobs[rule] for rule in STACK_RULES} == dict.fromkeys(STACK_RULES, 1)
    assert planned.measured == {"moved"}
    run(workdir)
    assert by_slide(workdir, "cohort_qc.csv")["moved"]["qc_status"] == "PASS"
    assert plan(workdir).jobs == {}


def test_touched_moved_and_archived_planes_run_no_slide(workdir: Path) -> None:
    for path in (workdir / "slides").iterdir():
        os.utime(path)
    assert plan(workdir).jobs == {}
    (workdir / "slides").rename(workdir / "elsewhere")
    write_sheet(workdir, rows("elsewhere"))
    moved = plan(workdir)
    assert not set(STACK_RULES) & set(moved.jobs), moved.text
    assert "WARNING" not in moved.text
    shutil.rmtree(workdir / "elsewhere")
    archived = plan(workdir)
    assert not set(STACK_RULES) & set(archived.jobs), archived.text
    assert archived.text.count("WARNING: 4 measured slides are not at their path") == 1


def test_a_fused_slide_removed_by_hand_loses_no_tiles_where_planes_are_archived(
    workdir: Path,
) -> None:
    (workdir / "results/fused/heap.tif").unlink()
    shutil.rmtree(workdir / "slides")
    assert not set(STACK_RULES) & set(plan(workdir).jobs)


def test_another_block_size_fuses_every_stack_and_measures_no_plain_slide(workdir: Path) -> None:
    configure(workdir, focus_stack={"enabled": True, "block_um": 128})
    planned = plan(workdir)
    assert planned.measured == {"heap", "moved", "paged", "never"}
    assert set(planned.tiled) == {"heap", "moved", "paged", "never"}


def test_switched_off_planes_are_plain_slides(workdir: Path) -> None:
    configure(workdir, focus_stack={"enabled": False})
    planned = plan(workdir)
    assert planned.measured == {row["slide_id"] for row in rows()} - {"plain"}
    assert "fuse_focus" not in planned.jobs


def test_cohorts_without_stacks_are_planned_as_ever(finished: Path) -> None:
    planned = plan(finished, config=("focus_stack={enabled: true}",), report=True)
    # they tell the settings
    assert planned.jobs.keys() <= {"report_cohort", "write_methods", "write_provenance"}
    assert GATE_COHORT.keys() == by_slide(finished, "cohort_qc.csv").keys()


def test_planes_that_contradict_each_other_stop_the_run(tmp_path: Path) -> None:
    wrong = rows()
    wrong[3]["label"] = "normal"
    write_sheet(tmp_path, wrong)
    configure(tmp_path, focus_stack={"enabled": True})
    said = snakemake(tmp_path, "-n")
    assert said.code != 0
    message = (
        "line 5, column label: 'normal': planes of one stack must agree, and line 3 has 'tumor'"
    )
    assert said.text.count(f"cohort.csv, {message}") == 1, said.text
    assert "Traceback" not in said.text
