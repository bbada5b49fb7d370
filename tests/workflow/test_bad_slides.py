"""A cohort full of broken slides: every row is judged, none stops the others, nothing leaks."""

import json
import re
import zipfile
from pathlib import Path

import cv2
import damage
import grossing
import pyarrow.parquet
import pytest
from make_slide import PERSONAL
from running import Once, by_slide, configure, metrics, plan, read_csv, run, write_sheet

#: slide_id -> file, sheet's mpp, verdict before tiling, its first reason
COHORT = {
    "text": ("text", "", "ERROR", "unsupported"),
    "lying": ("lying", "", "ERROR", "unreadable"),
    "001": ("real", "", "PASS", ""),
    "missing": ("missing", "", "ERROR", "file_missing"),
    "destroyed": ("destroyed", "", "REVIEW", "salvaged"),
    "no_mpp": ("no_mpp", "", "ERROR", "mpp_missing"),
    "given.mpp": ("no_mpp", "0.5", "PASS", ""),
    "truncated": ("truncated", "", "ERROR", "unsupported"),
    "blank": ("blank", "", "FAIL", "no_tissue"),
    "empty": ("empty", "", "ERROR", "unreadable"),
    "twin": ("real", "", "PASS", ""),
    "absurd": ("absurd", "", "ERROR", "unreadable"),
}
UNTILED = [i for i, (_, _, status, _) in COHORT.items() if status in ("FAIL", "ERROR")]
UNMEASURED = [i for i, (_, _, status, _) in COHORT.items() if status == "ERROR"]
DESTROYED = [(4, 1), (1, 2)]  # column, row of the scanner's tiles of 256 px
CUT_PX = 512


@pytest.fixture(scope="session")
def bad(once: Once, slides: Path) -> Path:
    """A working directory after a run over `COHORT`; not to be changed."""

    def fill(workdir: Path) -> None:
        damage.destroy_tiles(slides / "medium.svs", workdir / "destroyed.svs", DESTROYED)
        rows = []
        for slide_id, (name, mpp, _, _) in COHORT.items():
            path = "destroyed.svs" if name == "destroyed" else str(slides / f"{name}.svs")
            rows.append({"slide_id": slide_id, "full_path": path, "mpp": mpp, "batch": "007"})
        write_sheet(workdir, rows)
        (workdir / "first_run.txt").write_text(run(workdir).text)

    return once("bad", fill)


def first_reason(reasons: str) -> str:
    return reasons.split(";")[0].split("=")[0]


@pytest.mark.parametrize("name", ["measured_qc", "cohort_qc"])
def test_one_row_per_row_of_the_sheet_in_its_order(bad: Path, name: str) -> None:
    assert [row["slide_id"] for row in read_csv(bad, f"{name}.csv")] == list(COHORT)
    table = pyarrow.parquet.read_table(bad / f"results/cohort/{name}.parquet")
    assert table["slide_id"].to_pylist() == list(COHORT)


def verdicts(bad: Path, name: str) -> dict[str, tuple[str, str]]:
    rows = by_slide(bad, name).items()
    return {i: (row["qc_status"], first_reason(row["qc_reasons"])) for i, row in rows}


def test_verdicts_and_reasons(bad: Path) -> None:
    before = {i: (status, reason) for i, (_, _, status, reason) in COHORT.items()}
    assert verdicts(bad, "measured_qc.csv") == before
    assert verdicts(bad, "cohort_qc.csv") == before | {"destroyed": ("FAIL", "salvaged")}


def test_errors_come_with_words_and_a_remedy(bad: Path) -> None:
    rows = by_slide(bad, "cohort_qc.csv")
    assert all(rows[slide_id]["error_message"] for slide_id in UNMEASURED)
    assert all(rows[slide_id]["remedy"] for slide_id in UNMEASURED)
    assert "`mpp`" in rows["no_mpp"]["remedy"]


def test_closing_words_name_the_bad_slides_and_the_remedy(bad: Path) -> None:
    text = (bad / "first_run.txt").read_text().split("\nVerdicts (results/cohort/cohort_qc.csv)")[1]
    for slide_id, row in by_slide(bad, "cohort_qc.csv").items():
        status, reasons = row["qc_status"], re.escape(row["qc_reasons"])
        assert re.search(rf"^ +{slide_id} +{status} *{reasons}( \(|$)", text, re.M), text
    assert "in the column `mpp` of the cohort sheet" in text
    assert f"{len(COHORT)} slides: 3 PASS, 0 REVIEW, 2 FAIL, 7 ERROR" in text


def test_sheet_is_carried_as_text(bad: Path) -> None:
    rows = by_slide(bad, "cohort_qc.csv")
    assert {row["batch"] for row in rows.values()} == {"007"}
    assert rows["001"]["path"].endswith("real.svs")
    assert (rows["given.mpp"]["mpp"], rows["given.mpp"]["mpp_source"]) == ("0.5", "sheet")
    assert (rows["001"]["mpp"], rows["001"]["mpp_source"]) == ("0.499", "file")


def test_same_path_under_two_ids_gives_equal_tiles(bad: Path) -> None:
    first, twin = metrics(bad, "001"), metrics(bad, "twin")
    names = ("tile_col", "tile_row", "tile_bytes", "tissue_fraction", "focus")
    assert len(first) == len(twin) > 0
    assert [[row[n] for n in names] for row in first] == [[row[n] for n in names] for row in twin]


@pytest.mark.parametrize("slide_id", COHORT)
def test_every_output_exists_and_opens(bad: Path, slide_id: str) -> None:
    results = bad / "results"
    record = json.loads((results / f"slides/{slide_id}.json").read_text())
    mask = cv2.imread(str(results / f"tissue/masks/{slide_id}.png"), cv2.IMREAD_UNCHANGED)
    thumbnail = cv2.imread(str(results / f"tissue/thumbnails/{slide_id}.jpg"))
    overlay = cv2.imread(str(results / f"overlays/{slide_id}.jpg"))
    outlines = json.loads((results / f"tissue/outlines/{slide_id}.geojson").read_text())
    assert record["slide_id"] == slide_id
    assert record["readable"] is (slide_id not in UNMEASURED)
    assert (mask.shape == (1, 1)) is (thumbnail.shape == (1, 1, 3)) is (slide_id in UNMEASURED)
    assert (overlay.shape == (1, 1, 3)) is (slide_id in UNMEASURED)
    assert outlines["type"] == "FeatureCollection"
    assert bool(outlines["features"]) is (slide_id not in UNTILED)
    assert bool(metrics(bad, slide_id)) is (slide_id not in UNTILED)


@pytest.mark.parametrize("slide_id", COHORT)
def test_container_holds_the_tiles_or_only_its_dzi(bad: Path, slide_id: str) -> None:
    with zipfile.ZipFile(bad / f"results/tiles/{slide_id}.zip") as container:
        assert container.testzip() is None
        names = set(container.namelist())
    written = {row["tile_path"] for row in metrics(bad, slide_id)} - {None}
    assert f"{slide_id}.dzi" in names
    assert written <= names
    if slide_id in UNTILED:
        assert names == {f"{slide_id}.dzi"}


def test_no_traceback_anywhere(bad: Path) -> None:
    logs = [path for folder in ("logs", ".snakemake/log") for path in (bad / folder).rglob("*.log")]
    assert len(logs) > 2 * len(COHORT)
    for path in [bad / "first_run.txt", *logs]:
        assert "Traceback" not in path.read_text(), path


def personal(*skipped: str) -> list[bytes]:
    return [value.encode() for name, value in PERSONAL.items() if name not in skipped]


def test_slides_hold_personal_data_and_outputs_none(bad: Path, slides: Path) -> None:
    scanned = (slides / "medium.svs").read_bytes()
    assert all(value in scanned for value in personal())
    results = [path for path in (bad / "results").rglob("*") if path.is_file()]
    assert len(results) > 6 * len(COHORT)
    for path in results:
        shown = path.read_bytes()
        if path.suffix == ".parquet":
            shown += str(pyarrow.parquet.read_table(path).to_pydict()).encode()
        assert not [value for value in personal() if value in shown], path
    for path in (path for path in (bad / "logs").rglob("*") if path.is_file()):
        shown = path.read_bytes()  # its own lines have times of day
        assert not [value for value in personal("Time") if value in shown], path


def test_lost_tiles_are_listed_where_the_slide_is_destroyed(bad: Path) -> None:
    tiles = metrics(bad, "destroyed")
    scale = CUT_PX // 256
    expected = {(column // scale, row // scale) for column, row in DESTROYED}
    lost = [tile for tile in tiles if tile["lost"]]
    assert {(tile["tile_col"], tile["tile_row"]) for tile in lost} == expected
    for tile in lost:
        place = (tile["x_level0_px"], tile["y_level0_px"])
        assert place == (tile["tile_col"] * CUT_PX, tile["tile_row"] * CUT_PX)
        assert tile["tile_path"] is tile["focus"] is None
    rows = [row for row in read_csv(bad, "patch_cohort.csv") if row["slide_id"] == "destroyed"]
    at = {(int(row["tile_col"]), int(row["tile_row"])): row for row in rows}
    assert len(rows) == len(tiles)
    assert {place for place, row in at.items() if row["qc_reasons_tile"] == "lost"} == expected
    assert all(at[place]["qc_status_tile"] == "FAIL" for place in expected)
    assert not any(at[place]["tile_container"] for place in expected)


def test_lost_tiles_lower_the_final_status(bad: Path) -> None:
    row = by_slide(bad, "cohort_qc.csv")["destroyed"]
    candidates = len(metrics(bad, "destroyed"))
    assert by_slide(bad, "measured_qc.csv")["destroyed"]["qc_status"] == "REVIEW"
    assert row["qc_status"] == "FAIL"
    assert row["qc_reasons"].startswith("salvaged;lost_fraction=")
    assert int(row["lost_tiles"]) == len(DESTROYED)
    assert float(row["lost_fraction"]) == pytest.approx(len(DESTROYED) / candidates)


def test_the_reader_for_training_serves_no_tile_of_a_slide_that_failed(bad: Path) -> None:
    table = bad / "results/cohort/patch_cohort.parquet"
    final = by_slide(bad, "cohort_qc.csv")
    served = grossing.Tiles(table)
    assert set(served.rows["slide_id"].to_pylist()) == {"001", "given.mpp", "twin"}
    assert len(served) == sum(
        int(row["passed_tiles"]) for row in final.values() if row["qc_status"] == "PASS"
    )
    pixels, row = grossing.Tiles(table, status="FAIL")[0]
    assert (row["slide_id"], row["qc_status"], pixels.shape) == ("destroyed", "FAIL", (512, 512, 3))


def test_tolerated_loss_is_salvaged(bad: Path, tmp_path: Path) -> None:
    workdir = tmp_path / "work"
    workdir.mkdir()
    sheet = {"slide_id": "destroyed", "path": str(bad / "destroyed.svs")}
    write_sheet(workdir, [sheet])
    configure(workdir, thresholds={"slide": {"lost_fraction_max": 0.9}})
    run(workdir)
    row = by_slide(workdir, "cohort_qc.csv")["destroyed"]
    assert (row["qc_status"], row["qc_reasons"]) == ("REVIEW", "salvaged")
    assert row["lost_tiles"] == str(len(DESTROYED))
    assert plan(workdir).jobs == {}
