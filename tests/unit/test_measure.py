"""What is measured of one slide, against drawn truth."""

import json

import cv2
import make_slide
import numpy as np
import openslide
import pytest
import shapely
from grossing.cohort import decide
from grossing.mask import labels, outlines
from grossing.measure.measured import CLASSES
from grossing.slide import identity
from grossing.slide.record import SlideRecord
from grossing.slide.stain_record import StainMeasures
from scores import iou
from stages import CRITERIA, measured


@pytest.fixture(scope="module")
def drawn(tmp_path_factory, real_slide):
    path = tmp_path_factory.mktemp("slides") / "drawn.svs"
    truth = make_slide.make_slide(real_slide, path, 6000, 5000, seed=5, blurred_fraction=0.15)
    return measured(path), truth, path


def test_mask_finds_the_drawn_tissue_and_ink(drawn):
    found, truth, _ = drawn
    scale = found.record.measures.areas.overview_downsample * 0.25 / 8
    rows, columns = (np.arange(n) * scale for n in found.mask.shape)
    truth = truth[np.ix_(rows.astype(int).clip(max=len(truth) - 1), columns.astype(int))]
    tissue, expected = found.mask == labels.TISSUE, np.isin(truth, (1, 6))
    assert iou(tissue, expected) > 0.88
    ink = truth == labels.PEN
    assert (found.mask[ink] == labels.PEN).mean() > 0.9
    assert (tissue[ink]).mean() < 0.05


def test_numbers_agree_with_the_drawing(drawn):
    found, truth, _ = drawn
    slide, block_mm2 = found.record.usable(), 64e-6
    tissue = np.isin(truth, (1, 6)).sum()
    area = slide.measures.areas.tissue_area_mm2
    assert area == pytest.approx(tissue * block_mm2, rel=0.1)
    blurred = decide.FocusShares.of(found.record, 1.0).blurred
    assert blurred == pytest.approx((truth == 6).sum() / tissue, abs=0.12)
    assert slide.resolution.mpp_source == "file"
    assert all(225 < band < 255 for band in slide.glass)
    stain = slide.measures.stain
    assert stain.stain_h_r > 2 * stain.stain_e_r
    assert 0 < stain.hematoxylin_od < 1


def test_the_thumbnail_has_detail_that_the_overview_lacks(drawn):
    found, _, path = drawn
    assert max(found.overview.shape) < 200
    assert found.thumbnail.shape == (854, 1024, 3)
    with openslide.OpenSlide(path) as slide:
        whole = np.asarray(slide.read_region((0, 0), 1, slide.level_dimensions[1]).convert("RGB"))
    rows, columns = (8 * side for side in found.mask.shape)  # the overview has no part of a pixel
    whole = whole[:rows, :columns]
    expected = cv2.resize(whole, found.thumbnail.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert cv2.PSNR(found.thumbnail, expected) > 40


def test_a_finer_level_is_read_for_the_thumbnail(tmp_path, real_slide):
    """The overview is level 1 as it is, 750 px wide; level 0 has four times as many."""
    path = tmp_path / "coarse.svs"
    make_slide.make_slide(real_slide, path, 3000, 2400, mpp=2.0, seed=3, pen=False)
    found = measured(path)
    assert max(found.overview.shape) == 750
    assert found.thumbnail.shape == (819, 1024, 3)


def test_a_thumbnail_is_no_larger_than_the_slide(tmp_path, real_slide):
    path = tmp_path / "small.svs"
    make_slide.make_slide(real_slide, path, 900, 700, mpp=0.5, seed=3, pen=False)
    assert max(measured(path).thumbnail.shape) <= 900


def test_outlines_are_valid_and_as_large_as_the_mask(drawn):
    found, _, _ = drawn
    areas = found.record.measures.areas
    collection = outlines.feature_collection(
        found.mask,
        CLASSES,
        origin=(0, 0),
        downsample=areas.overview_downsample,
        mpp=found.record.resolution.mpp,
    )
    shapes = [shapely.geometry.shape(f["geometry"]) for f in collection["features"]]
    assert all(shape.is_valid for shape in shapes)
    tissue = [
        f for f in collection["features"] if f["properties"]["classification"]["name"] == "Tissue"
    ]
    area = sum(f["properties"]["measurements"]["area_mm2"] for f in tissue)
    assert area == pytest.approx(areas.tissue_area_mm2, rel=0.01)
    assert all(f["properties"]["objectType"] == "annotation" for f in tissue)


def test_outlines_keep_holes():
    mask = np.zeros((40, 40), bool)
    mask[5:35, 5:35] = True
    mask[15:25, 15:25] = False
    (piece,) = outlines.of_mask(mask)
    assert piece.area == pytest.approx(800, rel=0.01)
    assert not piece.contains(shapely.Point(20, 20))


def test_a_sheet_mpp_wins_and_is_recorded(real_slide):
    resolution = measured(real_slide, mpp=0.25).record.resolution
    assert (resolution.mpp, resolution.mpp_source) == (0.25, "sheet")


def test_other_stains_have_no_stain_numbers(real_slide):
    record = measured(real_slide, stain="Ki67").record
    assert record.measures.stain == StainMeasures(is_he=False)
    assert decide.slide(record, CRITERIA).status == "PASS"


def test_a_folder_is_no_slide(tmp_path):
    record = measured(tmp_path).record
    assert (record.refusal.code, record.readable) == ("not_a_file", False)


def test_storage_that_fails_is_not_taken_for_a_bad_slide(real_slide, monkeypatch):
    def fails(_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(identity, "content_hash", fails)
    with pytest.raises(OSError, match="Input/output"):
        measured(real_slide)


def test_all_files_of_an_unusable_slide_are_written_and_open(tmp_path):
    class Files:
        facts, mask, overview = (tmp_path / f"a.{kind}" for kind in ("json", "png", "jpeg"))
        thumbnail, outlines = tmp_path / "a.jpg", tmp_path / "a.geojson"

    found = measured(tmp_path / "nowhere.svs")
    found.write(Files)
    assert SlideRecord.read(Files.facts) == found.record
    assert found.record.refusal.code == "file_missing"
    assert labels.read(Files.mask).shape == (1, 1)
    for path in (Files.thumbnail, Files.overview):
        assert cv2.imread(str(path)).shape == (1, 1, 3)
    assert json.loads(Files.outlines.read_text())["features"] == []
