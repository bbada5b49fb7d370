"""The other targets and containers: `qc`, lint, directory, virtual tiling, PNG."""

import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from make_cohort import REGION
from running import (
    REPOSITORY,
    Run,
    by_slide,
    configure,
    metrics,
    plan,
    read_csv,
    run,
    snakemake,
    write_sheet,
)

MEASURED = "measured_qc.csv"
MEASURES = ("tile_col", "tile_row", "tissue_fraction", "focus", "mean_od")


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    """A working directory after a run of `qc`, not to be changed, and the run."""
    workdir = tmp_path_factory.mktemp("judged")
    sheet = [("real", REGION), ("missing", workdir / "missing.svs")]
    write_sheet(workdir, [{"slide_id": i, "path": str(path)} for i, path in sheet])
    return workdir, run(workdir, "qc")


@pytest.fixture
def real_and_missing(judged: tuple[Path, Run], tmp_path: Path) -> Path:
    """A copy of it, to change at will."""
    return Path(shutil.copytree(judged[0], tmp_path / "work"))


def measured(workdir: Path) -> list[list[float]]:
    return [[row[name] for name in MEASURES] for row in metrics(workdir, "real")]


def test_qc_judges_and_tiles_nothing(judged: tuple[Path, Run], real_and_missing: Path) -> None:
    done = judged[1]
    assert done.measured == {"real", "missing"}
    assert not done.tiled
    verdicts = [(row["slide_id"], row["qc_status"]) for row in read_csv(real_and_missing, MEASURED)]
    assert verdicts == [("real", "PASS"), ("missing", "ERROR")]
    assert f"Verdicts before tiling (results/cohort/{MEASURED}):\n  real " in done.text
    results = real_and_missing / "results"
    assert not list(results.glob("tile*"))
    names = sorted(path.stem for path in results.glob("cohort/[!.]*"))
    assert names == ["duplicates", "measured_qc", "measured_qc", "planned_reviews", "planned_sheet"]
    planned = plan(real_and_missing)
    assert planned.tiled.keys() == {"real", "missing"}
    assert not planned.measured
    assert "decide_slides" not in planned.jobs


def test_a_whole_run_adds_the_final_verdicts_and_prints_them(
    judged: tuple[Path, Run], real_and_missing: Path
) -> None:
    first = judged[1]
    before = (real_and_missing / "results/cohort" / MEASURED).read_bytes()
    done = run(real_and_missing, report=True)
    assert f"Verdicts before tiling (results/cohort/{MEASURED}):" in first.text
    assert "Verdicts (results/cohort/cohort_qc.csv):\n  real " in done.text
    assert "2 slides: 1 PASS, 0 REVIEW, 0 FAIL, 1 ERROR" in done.text
    made = {path.name for path in (real_and_missing / "results/cohort").glob("[!.]*")}
    names = ("measured_qc", "cohort_qc", "patch_cohort")
    tables = {f"{name}.{suffix}" for name in names for suffix in ("csv", "parquet")}
    others = {"duplicates.csv", "leakage.csv", "planned_sheet.json", "planned_reviews.json"}
    assert made == {*tables, *others, "report", "figures", "methods.md", "provenance.json"}
    assert (real_and_missing / "results/cohort" / MEASURED).read_bytes() == before
    both = [by_slide(real_and_missing, name) for name in (MEASURED, "cohort_qc.csv")]
    for slide_id, row in both[0].items():
        assert row == {name: both[1][slide_id][name] for name in row}


def test_directory_container(real_and_missing: Path, finished: Path) -> None:
    configure(real_and_missing, tiles={"container": "directory"})
    run(real_and_missing)
    tiles = real_and_missing / "results/tiles"
    files = {
        str(path.relative_to(tiles / "real"))
        for path in (tiles / "real").rglob("*")
        if path.is_file() and path.name != ".snakemake_timestamp"
    }
    with zipfile.ZipFile(finished / "results/tiles/real.zip") as container:
        assert files == set(container.namelist())
        assert all(container.read(n) == (tiles / "real" / n).read_bytes() for n in files)
    rows = read_csv(real_and_missing, "patch_cohort.csv")
    assert {row["tile_container"] for row in rows} == {"tiles/real"}
    assert {row["tile_offset"] for row in rows} == {""}
    assert (tiles / "missing/missing.dzi").is_file()
    assert plan(real_and_missing).jobs == {}


def test_virtual_tiling_measures_the_same_and_writes_no_pixels(
    real_and_missing: Path, finished: Path
) -> None:
    configure(real_and_missing, tiles={"container": "none"})
    run(real_and_missing)
    assert not (real_and_missing / "results/tiles").exists()
    assert measured(real_and_missing) == measured(finished)
    rows = read_csv(real_and_missing, "patch_cohort.csv")
    assert {(row["tile_container"], row["tile_path"]) for row in rows} == {("", "")}
    verdicts = by_slide(real_and_missing, "cohort_qc.csv")
    assert verdicts["real"]["passed_tiles"] != "0"
    assert verdicts["missing"]["qc_status"] == "ERROR"
    assert plan(real_and_missing).jobs == {}


def test_png_tiles_are_where_the_table_says(real_and_missing: Path, finished: Path) -> None:
    configure(real_and_missing, tiles={"format": "png"})
    run(real_and_missing)
    assert measured(real_and_missing) == measured(finished)
    rows = read_csv(real_and_missing, "patch_cohort.csv")
    assert rows
    for row in rows:
        container = real_and_missing / "results" / row["tile_container"]
        start, size = int(row["tile_offset"]), int(row["tile_bytes"])
        data = container.read_bytes()[start : start + size]
        assert data.startswith(b"\x89PNG")
        assert row["tile_path"].endswith(".png")
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert pixels.shape == (512, 512, 3)
    with zipfile.ZipFile(real_and_missing / "results/tiles/real.zip") as container:
        assert {row["tile_path"] for row in rows} <= set(container.namelist())
        assert 'Format="png"' in container.read("real.dzi").decode()


def test_snakemake_finds_nothing_to_lint(tmp_path: Path) -> None:
    (tmp_path / "cohort.csv").write_text("slide_id,path\na,a.svs\n")
    command = [sys.executable, "-m", "snakemake", "--lint", "--directory", str(tmp_path)]
    command += ["--config", "cohort=cohort.csv"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "in a good condition" in done.stdout + done.stderr


def test_parts_run_side_by_side_without_stepping_on_each_other(tmp_path: Path) -> None:
    ids = [f"s{number}" for number in range(5)]
    write_sheet(tmp_path, [{"slide_id": i, "path": str(REGION)} for i in ids])
    with ThreadPoolExecutor() as pool:
        parts = list(pool.map(lambda i: run(tmp_path, "batch", config=(f"part={i}/2",)), (1, 2)))
    assert [part.measured for part in parts] == [{"s0", "s2", "s4"}, {"s1", "s3"}]
    rest = run(tmp_path)
    assert rest.jobs == {
        "find_duplicates": 1,
        "decide_slides": 1,
        "collect_tiles": 1,
        "draw_overlays": 1,
        "check_leakage": 1,
    }
    assert list(by_slide(tmp_path, "cohort_qc.csv")) == ids
    assert plan(tmp_path).jobs == {}


def test_a_part_that_does_not_exist_is_refused(real_and_missing: Path) -> None:
    refused = snakemake(real_and_missing, "batch", "-n", config=("part=3/2",))
    assert refused.code != 0
    assert "part: '3/2': must be i/n with i from 1 to n" in refused.text
