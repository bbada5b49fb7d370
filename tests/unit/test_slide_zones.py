"""High-cellularity zones of a slide: its tiles against one picture, files, slides without any."""

import json
from pathlib import Path

import cv2
import jsonschema
import make_slide
import numpy as np
import pytest
import yaml
from grossing.mask import labels
from grossing.slide.identity import Identity
from grossing.slide.record import (
    Areas,
    Bounds,
    FileFacts,
    FocusMeasures,
    FocusPlaces,
    Level,
    Light,
    Measures,
    Picture,
    Resolution,
    SlideRecord,
)
from grossing.slide.stain_record import StainMeasures
from grossing.support import images
from grossing.support.records import Refusal
from grossing.tiles import stored_tiles
from grossing.zones import dense_blocks, picture_zones, slide_zones
from grossing.zones.options import ZoneOptions
from running import REPOSITORY
from scores import iou
from stages import CONFIG, cut, measured, section, write_rows
from zone_scene import GLASS, scene

OPTIONS = section("zones")
SCHEMA = yaml.safe_load((REPOSITORY / "workflow/schemas/zones.schema.yaml").read_text())


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A slide's tiles with a dense disc, cut from one picture of 0.5 um/px, origin (1000, 400)."""
    return cut_into(tmp_path_factory.mktemp("drawn"), *scene(0.5, side_um=1024))


def recorded(overview_downsample):
    """What `measure_slide` would state of the drawn slide, as far as zones need it."""
    bounds = Bounds(1000, 400, 4096, 4096)
    return SlideRecord(
        "drawn",
        Identity(None, None),
        file=FileFacts("aperio", 6000, 5000, (Level(6000, 5000, 1.0),), bounds, 40.0, None, 0),
        resolution=Resolution(0.25, 0.25, 0.25, "file", False),
        measures=Measures(
            Areas(overview_downsample, 0.0, 1.0, 0.9, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
            FocusMeasures(FocusPlaces(), 0, 0, None, None),
            Light(*GLASS, None, None),
            StainMeasures(is_he=True),
            Picture(None),
        ),
    )


def cut_into(folder, picture, body, disc):
    small = body.reshape(128, 16, 128, 16).mean((1, 3)) > 0.5
    mask = np.where(small, labels.TISSUE, labels.GLASS).astype(np.uint8)
    record = recorded(32.0)
    rows = []
    for row, column in np.ndindex(8, 8):
        data = images.png(
            np.ascontiguousarray(
                picture[row * 256 : row * 256 + 256, column * 256 : column * 256 + 256]
            )
        )
        name = f"{column}_{row}.png"
        (folder / name).write_bytes(data)
        rows.append(
            {
                "slide_id": "drawn",
                "tile_path": name,
                "tile_bytes": len(data),
                "tile_col": column,
                "tile_row": row,
                "x_level0_px": 1000 + 512 * column,
                "y_level0_px": 400 + 512 * row,
                "size_level0_px": 512,
                "mpp": 0.5,
                "tissue_fraction": 1.0,
            }
        )
    write_rows(rows, folder / "rows.parquet")
    return folder, record, mask, picture, body, disc


def sought(drawn, *, mask=None, given_stain="", **options):
    folder, record = drawn[:2]
    return slide_zones.find(
        folder,
        folder / "rows.parquet",
        record=record,
        mask=drawn[2] if mask is None else mask,
        given_stain=given_stain,
        options=ZoneOptions(**OPTIONS | options),
    )


def as_picture(zones, side=2048):
    return cv2.resize(zones.mask, (side, side), interpolation=cv2.INTER_NEAREST) > 0


@pytest.mark.parametrize("method", dense_blocks.METHODS)
def test_tiles_give_what_the_whole_picture_gives(drawn, method):
    """No seam: tile borders run through the disc."""
    _, _, mask, picture, body, disc = drawn
    zones = sought(drawn, method=method)
    assert zones.mask.shape == mask.shape
    whole = picture_zones.find(picture, 0.5, body, GLASS, method=method)
    assert iou(as_picture(zones), whole) > 0.97
    assert iou(as_picture(zones), disc) > (0.85 if method == "density" else 0.6)


def written(zones, folder):
    """JSON, mask and outlines as they are read back."""
    paths = {name: str(folder / f"z.{name}") for name in ("facts", "mask", "outlines")}
    zones.write(type("To", (), paths))
    facts, outlines = (json.loads(Path(paths[name]).read_text()) for name in ("facts", "outlines"))
    return facts, cv2.imread(paths["mask"], cv2.IMREAD_UNCHANGED), outlines


def test_area_fraction_and_outline_of_the_known_disc(drawn, tmp_path):
    zones = sought(drawn)
    facts, mask, outlines = written(zones, tmp_path)
    jsonschema.Draft202012Validator(SCHEMA).validate(facts)
    assert list(facts) == list(SCHEMA["properties"])
    truth_mm2 = np.pi * 0.15**2
    assert facts["zones"] == 1
    assert facts["area_mm2"] == pytest.approx(truth_mm2, rel=0.15)
    assert facts["tissue_area_mm2"] == pytest.approx(1.024 * 0.944, rel=0.02)
    assert facts["fraction"] == pytest.approx(facts["area_mm2"] / facts["tissue_area_mm2"], 1e-4)
    assert (facts["downsample"], facts["mpp"]) == (32, 8)
    assert 0.2 < facts["nuclear_od"] < 0.6
    assert mask.dtype == np.uint8 and set(np.unique(mask)) == {0, 255}
    assert np.array_equal(mask, zones.mask)
    (feature,) = outlines["features"]
    ring = np.array(feature["geometry"]["coordinates"][0])
    centre = (ring.min(axis=0) + ring.max(axis=0)) / 2
    assert centre == pytest.approx([1000 + 0.6 * 4096, 400 + 0.5 * 4096], abs=100)
    assert feature["properties"]["classification"]["name"] == "High cellularity"
    assert feature["properties"]["zone_id"] == 0
    assert feature["properties"]["measurements"]["area_mm2"] == pytest.approx(
        facts["area_mm2"], rel=0.05
    )


def test_a_coarse_mask_is_divided(drawn):
    record = recorded(64.0)
    coarse = drawn[2][::2, ::2]
    zones = sought((drawn[0], record, coarse, *drawn[3:]))
    assert zones.mask.shape == (128, 128)
    assert zones.record.measures.downsample == 32
    assert iou(as_picture(zones), as_picture(sought(drawn))) > 0.97


@pytest.mark.parametrize("method", dense_blocks.METHODS)
def test_only_tissue_counts(drawn, method):
    """The disc lies under a pen: nothing is left, nor does it raise the share beside it."""
    disc = cv2.resize(drawn[5].view(np.uint8), (128, 128), interpolation=cv2.INTER_AREA) > 0
    mask = np.where(disc, np.uint8(labels.PEN), drawn[2])
    assert not sought(drawn, mask=mask, method=method, fraction_min=0.2).mask.any()


def test_ink_beside_the_tissue_shifts_no_threshold(drawn, tmp_path):
    _, _, _, picture, body, disc = drawn
    inked = np.where(body[..., None], picture, np.uint8(10))
    zones = sought(cut_into(tmp_path, inked, body, disc))
    assert zones.record.measures.nuclear_od == sought(drawn).record.measures.nuclear_od
    assert zones.record.measures.zones == 1


def test_a_sampled_threshold_serves_a_slide_of_many_tiles(drawn, monkeypatch):
    whole = sought(drawn)
    monkeypatch.setattr(stored_tiles, "SAMPLE_TILES", 16)
    sampled = sought(drawn)
    assert sampled.record.measures.nuclear_od == pytest.approx(
        whole.record.measures.nuclear_od, abs=0.03
    )
    assert iou(sampled.mask, whole.mask) > 0.95


def test_no_tile_stays_in_memory(drawn, monkeypatch):
    """Each is looked at once, or twice far apart."""

    def keeping(*_):
        raise AssertionError("a decoded tile is kept")

    monkeypatch.setattr(stored_tiles.StoredTiles, "pixels", keeping)
    assert sought(drawn).mask.any()


def test_rerun_is_equal(drawn):
    first, second = sought(drawn), sought(drawn)
    assert first.record == second.record
    assert np.array_equal(first.mask, second.mask)


@pytest.mark.parametrize("stain", ["IHC", "fluorescence", "PAS"])
def test_other_stains_have_empty_valid_files_and_a_word_in_the_log(drawn, tmp_path, caplog, stain):
    with caplog.at_level("INFO"):
        zones = sought(drawn, given_stain=stain)
    assert "drawn" in caplog.text and "not_he" in caplog.text
    check_empty(zones, tmp_path, "not_he")


def test_a_slide_that_was_not_tiled_has_empty_valid_files(tmp_path):
    write_rows([], tmp_path / "rows.parquet")
    record = SlideRecord("broken", Identity(None, None), Refusal("file_missing", "", ""))
    zones = sought((tmp_path, record, np.zeros((1, 1), np.uint8)))
    check_empty(zones, tmp_path, "no_tiles")


def check_empty(zones, folder, reason):
    facts, mask, outlines = written(zones, folder)
    jsonschema.Draft202012Validator(SCHEMA).validate(facts)
    assert facts["reason"] == reason
    assert {
        value for key, value in facts.items() if key not in ("slide_id", "method", "reason")
    } == {None}
    assert mask.tolist() == [[0]]
    assert outlines == {"type": "FeatureCollection", "features": []}


def test_a_synthetic_slide_through_the_real_stages(real_slide, tmp_path):
    """Zones lie within the tissue mask of a slide at 40x, whatever the reader's grid."""
    make_slide.make_slide(real_slide, tmp_path / "a.svs", 2000, 1600, seed=3)
    found = measured(tmp_path / "a.svs")
    rows = cut(tmp_path / "a.svs", found, tmp_path / "a.zip", CONFIG["tiles"])
    write_rows(rows, tmp_path / "a.parquet")
    zones = slide_zones.find(
        tmp_path / "a.zip",
        tmp_path / "a.parquet",
        record=found.record,
        mask=found.mask,
        given_stain="H&E",
        options=ZoneOptions(**OPTIONS),
    )
    assert zones.mask.shape == found.mask.shape
    assert not ((zones.mask > 0) & (found.mask != labels.TISSUE)).any()
    whole = found.record.measures.areas.tissue_area_mm2
    assert 0.9 < zones.record.measures.tissue_area_mm2 / whole <= 1
