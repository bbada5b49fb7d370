"""What is measured of one slide, against drawn truth."""

import json
import subprocess
import sys

import cv2
import make_slide
import numpy as np
import pytest
import shapely
from grossing.cohort import decide
from grossing.mask import labels, outlines
from grossing.measure import slide_files
from grossing.slide import record as record_files
from grossing.support import tables
from running import REPOSITORY
from scores import iou
from stages import JUDGED_BY, measured


@pytest.fixture(scope="module")
def drawn(tmp_path_factory, real_slide):
    path = tmp_path_factory.mktemp("slides") / "drawn.svs"
    truth = make_slide.make_slide(real_slide, path, 6000, 5000, seed=5, blurred_fraction=0.15)
    return measured(path), truth


def test_mask_finds_the_drawn_tissue_and_ink(drawn):
    found, truth = drawn
    scale = found.record["overview_downsample"] * 0.25 / 8
    rows, columns = (np.arange(n) * scale for n in found.mask.shape)
    truth = truth[np.ix_(rows.astype(int).clip(max=len(truth) - 1), columns.astype(int))]
    tissue, expected = found.mask == labels.TISSUE, np.isin(truth, (1, 6))
    assert iou(tissue, expected) > 0.88
    ink = truth == labels.PEN
    assert (found.mask[ink] == labels.PEN).mean() > 0.9
    assert (tissue[ink]).mean() < 0.05


def test_numbers_agree_with_the_drawing(drawn):
    found, truth = drawn
    record, cell_mm2 = found.record, 64e-6
    assert record["tissue_area_mm2"] == pytest.approx(
        np.isin(truth, (1, 6)).sum() * cell_mm2, rel=0.1
    )
    blurred = decide.blurred_fraction(record, 0.42)
    share = (truth == 6).sum() / np.isin(truth, (1, 6)).sum()
    assert blurred == pytest.approx(share, abs=0.12)
    assert record["mpp_source"] == "file"
    assert all(225 < record[f"background_{band}"] < 255 for band in "rgb")
    assert record["stain_h_r"] > 2 * record["stain_e_r"]
    assert 0 < record["hematoxylin_od"] < 1


def test_outlines_are_valid_and_as_large_as_the_mask(drawn):
    found, _ = drawn
    record = found.record
    collection = outlines.feature_collection(
        found.mask,
        slide_files.CLASSES,
        origin=(0, 0),
        downsample=record["overview_downsample"],
        mpp=record["mpp"],
    )
    shapes = [shapely.geometry.shape(f["geometry"]) for f in collection["features"]]
    assert all(shape.is_valid for shape in shapes)
    tissue = [
        f for f in collection["features"] if f["properties"]["classification"]["name"] == "Tissue"
    ]
    area = sum(f["properties"]["measurements"]["area_mm2"] for f in tissue)
    assert area == pytest.approx(record["tissue_area_mm2"], rel=0.01)
    assert all(f["properties"]["objectType"] == "annotation" for f in tissue)


def test_outlines_keep_holes():
    mask = np.zeros((40, 40), bool)
    mask[5:35, 5:35] = True
    mask[15:25, 15:25] = False
    (piece,) = outlines.of_mask(mask)
    assert piece.area == pytest.approx(800, rel=0.01)
    assert not piece.contains(shapely.Point(20, 20))


def test_a_sheet_mpp_wins_and_is_recorded(real_slide):
    record = measured(real_slide, mpp=0.25).record
    assert (record["mpp"], record["mpp_source"]) == (0.25, "sheet")


def test_other_stains_have_no_stain_numbers(real_slide):
    record = measured(real_slide, stain="Ki67").record
    assert record["stain_h_r"] is None and record["hematoxylin_od"] is None
    assert decide.slide(record, **JUDGED_BY).status == "PASS"


def test_a_folder_is_no_slide(tmp_path):
    record = measured(tmp_path).record
    assert (record["error_code"], record["readable"]) == ("unsupported", False)


def test_storage_that_fails_is_not_taken_for_a_bad_slide(real_slide, monkeypatch):
    def fails(_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(identity, "content_hash", fails)
    with pytest.raises(OSError, match="Input/output"):
        measured(real_slide)


def test_all_files_of_an_unusable_slide_are_written_and_open(tmp_path):
    class Files:
        facts, mask = tmp_path / "a.json", tmp_path / "a.png"
        thumbnail, outlines = tmp_path / "a.jpg", tmp_path / "a.geojson"

    found = measured(tmp_path / "nowhere.svs")
    slide_files.write_slide(found, Files)
    assert record_files.read(Files.facts)["error_code"] == "file_missing"
    assert labels.read(Files.mask).shape == (1, 1)
    assert cv2.imread(str(Files.thumbnail)).shape == (1, 1, 3)
    assert json.loads(Files.outlines.read_text())["features"] == []


def test_writing_a_table_does_not_import_pandas(tmp_path):
    code = (
        "import sys; from grossing import tables\n"
        "rows = [{'slide_id': 'a', 'lost': False, 'mpp': 0.5}, {'slide_id': None}]\n"
        "table = tables.from_rows(rows, tables.TILE_METRICS)\n"
        f"tables.write_parquet(table, {str(tmp_path / 'a.parquet')!r})\n"
        "assert 'pandas' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY / "scripts", check=True)
    rows = tables.read(tmp_path / "a.parquet").select(["slide_id", "lost", "mpp"]).to_pylist()
    assert rows == [
        {"slide_id": "a", "lost": False, "mpp": 0.5},
        {"slide_id": None, "lost": None, "mpp": None},
    ]
