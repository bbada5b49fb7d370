"""Nuclei of a slide: tile by tile as in one piece, each once, and what the tables hold."""

import json

import cv2
import numpy as np
import pytest
import shapely
import stages
from grossing.mask import labels
from grossing.measure import slide as measure_slide
from grossing.nuclei import segmentation, shape, slide_nuclei
from grossing.nuclei.grey_levels import BRIGHTFIELD
from grossing.support import tables
from grossing.tiles.stored_tiles import TileSet
from stages import PNG, write_rows

OPTIONS = stages.section("nuclei", "geojson")


@pytest.fixture(scope="module")
def measured(real_slide):
    return stages.measured(real_slide, slide_id="real")


def cut(real_slide, measured, folder):
    """The real slide in tiles of 256 px below `folder`."""
    write_rows(stages.cut(real_slide, measured, folder / "tiles", PNG), folder / "tiles.parquet")


def found_in(folder, measured, name="nuclei", given_stain="", geojson=False):
    """Nuclei and counts of the tiles below `folder`."""
    to = [folder / f"{name}.parquet", folder / f"{name}.geojson" if geojson else None]
    with (
        TileSet(folder / "tiles", folder / "tiles.parquet") as tileset,
        slide_nuclei.Writer(*to) as writer,
    ):
        counted = slide_nuclei.measure(
            tileset,
            measured.record,
            measured.mask,
            writer,
            given_stain=given_stain,
            options=OPTIONS,
        )
    return tables.read(to[0]).to_pylist(), counted


@pytest.fixture(scope="module")
def folder(real_slide, measured, tmp_path_factory):
    """The slide in tiles of 256 px, and its nuclei."""
    folder = tmp_path_factory.mktemp("cut")
    cut(real_slide, measured, folder)
    found_in(folder, measured, geojson=True)
    return folder


@pytest.fixture(scope="module")
def found(folder):
    return tables.read(folder / "nuclei.parquet").to_pylist()


def in_one_piece(folder, measured):
    """All tiles as one picture, segmented at once with the levels of the slide."""
    with TileSet(folder / "tiles", folder / "tiles.parquet") as tileset:
        surroundings = slide_nuclei._Surroundings(
            tileset, measured.record, measured.mask, BRIGHTFIELD
        )
        levels = slide_nuclei._levels(tileset, surroundings, BRIGHTFIELD, OPTIONS["blur_um"])
        side = 256 * (1 + max(max(r["tile_col"], r["tile_row"]) for r in tileset.rows))
        first = {"tile_col": 0, "tile_row": 0, "x_level0_px": 0, "y_level0_px": 0}
        whole = surroundings.cut(first, side)
    rgb, seen = whole.rgb, whole.seen
    segmented = segmentation.segment(
        rgb, surroundings.mpp, seen, levels=levels, glass=surroundings.glass
    )
    signal = segmentation.intensity(rgb, BRIGHTFIELD, surroundings.glass)
    shapes = shape.measure(segmented, signal, surroundings.mpp)
    x = (shapes.x_px + 0.5 - whole.x_px) * surroundings.per_px
    return np.stack([x, (shapes.y_px + 0.5 - whole.y_px) * surroundings.per_px], axis=1), shapes


def test_tiles_find_what_the_whole_picture_shows(folder, found, measured):
    """No nucleus is lost, doubled or cut where tiles meet."""
    whole, shapes = in_one_piece(folder, measured)
    places = np.array([(row["x_level0_px"], row["y_level0_px"]) for row in found])
    assert len(found) == pytest.approx(len(whole), rel=0.005) and len(found) > 2000
    apart = np.linalg.norm(places[:, None] - whole[None], axis=2)
    same = apart.min(axis=0) < 0.01
    assert same.mean() > 0.99
    areas = np.array([row["area_um2"] for row in found])[apart.argmin(axis=0)]
    assert np.allclose(areas[same], shapes.area_um2[same])


def test_no_two_nuclei_are_closer_than_the_separation(found):
    places = np.array([(row["x_level0_px"], row["y_level0_px"]) for row in found]) * 0.499
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert apart.min() > OPTIONS["separation_um"]


def test_each_nucleus_lies_in_its_tile_and_is_counted_there(folder, found, measured):
    rows = tables.read(folder / "tiles.parquet").to_pylist()
    _, counted = found_in(folder, measured, "again")
    assert [row["nucleus"] for row in found] == list(range(1, len(found) + 1))
    assert {row["slide_id"] for row in found} == {"real"}
    for row, count in zip(rows, counted, strict=True):
        assert (row["tile_col"], row["tile_row"]) == (count["tile_col"], count["tile_row"])
        own = [n for n in found if (n["tile_col"], n["tile_row"]) == tuple(count.values())[:2]]
        assert count["nuclei_count"] == len(own)
        for nucleus in own:
            assert 0 <= nucleus["x_level0_px"] - row["x_level0_px"] < row["size_level0_px"]
            assert 0 <= nucleus["y_level0_px"] - row["y_level0_px"] < row["size_level0_px"]
        area_mm2 = row["tissue_fraction"] * (256 * row["mpp"] / 1000) ** 2
        assert count["nuclei_per_mm2"] == pytest.approx(len(own) / area_mm2)


def test_the_same_again_to_the_byte(folder, measured):
    found_in(folder, measured, "twice", geojson=True)
    for suffix in ("parquet", "geojson"):
        one, other = folder / f"nuclei.{suffix}", folder / f"twice.{suffix}"
        assert one.read_bytes() == other.read_bytes()


def test_outlines_are_valid_detections_around_the_centroids(folder, found):
    features = json.loads((folder / "nuclei.geojson").read_text())["features"]
    assert len(features) == len(found)
    for row, feature in zip(found, features, strict=True):
        outline = shapely.geometry.shape(feature["geometry"])
        assert outline.is_valid and outline.geom_type == "Polygon"
        assert outline.buffer(4).contains(shapely.Point(row["x_level0_px"], row["y_level0_px"]))
        assert outline.area * 0.499**2 == pytest.approx(row["area_um2"], rel=0.25)
        assert feature["properties"]["objectType"] == "detection"


def test_other_stains_have_valid_empty_tables(folder, measured):
    found, counted = found_in(folder, measured, "ihc", given_stain="CD3", geojson=True)
    assert found == []
    assert {row.get("nuclei_count") for row in counted} == {None}
    assert len(counted) == len(tables.read(folder / "tiles.parquet"))
    assert json.loads((folder / "ihc.geojson").read_text())["features"] == []


def test_tiles_too_coarse_for_nuclei_have_none(real_slide, measured, tmp_path):
    cut(real_slide, measured, tmp_path)
    rows = tables.read(tmp_path / "tiles.parquet").to_pylist()
    coarse = [row | {"mpp": 2.0} for row in rows]
    write_rows(coarse, tmp_path / "tiles.parquet")
    found, counted = found_in(tmp_path, measured)
    assert found == [] and {row.get("nuclei_count") for row in counted} == {None}


def test_a_tile_without_pixels_is_null_and_spoils_no_neighbour(folder, found, measured):
    rows = tables.read(folder / "tiles.parquet").to_pylist()
    hole = max(rows, key=lambda row: row["tissue_fraction"])
    hole |= {"lost": True, "tile_path": None}
    lost = folder.parent / "lost"
    lost.mkdir()
    (lost / "tiles").symlink_to(folder / "tiles")
    write_rows(rows, lost / "tiles.parquet")
    others, counted = found_in(lost, measured)
    at = rows.index(hole)
    assert counted[at]["nuclei_count"] is None
    assert sum(count["nuclei_count"] is None for count in counted) == 1
    kept = [n for n in found if (n["tile_col"], n["tile_row"]) != tuple(counted[at].values())[:2]]
    assert len(others) == pytest.approx(len(kept), rel=0.02)


def test_pen_and_glass_of_the_mask_are_left_out(folder, found, measured):
    half = measured.mask.copy()
    half[:, half.shape[1] // 2 :] = labels.PEN
    border = half.shape[1] // 2 * measured.record["overview_downsample"]
    inked, _ = found_in(folder, measure_slide.Measured(measured.record, half), "ink")
    assert 0 < len(inked) < 0.8 * len(found)
    assert max(row["x_level0_px"] for row in inked) < border + 10 / 0.499


def test_outlines_of_an_earlier_run_go(folder, measured, tmp_path):
    """Else they lie beside a table of other nuclei."""
    (tmp_path / "tiles").symlink_to(folder / "tiles")
    (tmp_path / "tiles.parquet").symlink_to(folder / "tiles.parquet")
    for slide_id in ("A.1", "A.2"):
        found_in(tmp_path, measured, slide_id, given_stain="CD3", geojson=True)
    found_in(tmp_path, measured, "A.1", given_stain="CD3")
    assert {p.name for p in tmp_path.glob("A.*")} == {"A.1.parquet", "A.2.parquet", "A.2.geojson"}


def test_one_thread_as_the_rule_asks_for(folder, measured):
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(2)
        found_in(folder, measured, "threads", given_stain="CD3")
        assert cv2.getNumThreads() == 1
    finally:
        cv2.setNumThreads(before)


def test_a_killed_writer_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), slide_nuclei.Writer(tmp_path / "n", tmp_path / "g"):
        assert len(list(tmp_path.iterdir())) == 2
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
