"""Nuclei of a slide: tile by tile as in one piece, each once, and what the tables hold."""

import dataclasses
import json

import cv2
import numpy as np
import pytest
import shapely
import stages
from grossing.mask import labels
from grossing.measure.measured import Measured
from grossing.nuclei import segmentation, shape, slide_nuclei
from grossing.nuclei.nuclei_files import NucleiFiles
from grossing.nuclei.options import NucleiOptions
from grossing.nuclei.signal_levels import BRIGHTFIELD
from grossing.nuclei.tile_surroundings import TileSurroundings
from grossing.support import tables
from grossing.tiles.stored_tiles import StoredTiles
from stages import PNG, write_rows

OPTIONS = NucleiOptions(**stages.section("nuclei", "geojson", *stages.NUCLEI_LIMITS))


@pytest.fixture(scope="module")
def measured(real_slide):
    return stages.measured(real_slide, slide_id="real")


def cut(real_slide, measured, folder):
    """The real slide in tiles of 256 px below `folder`."""
    write_rows(stages.cut(real_slide, measured, folder / "tiles", PNG), folder / "tiles.parquet")


def nuclei_of(folder, measured, name="nuclei", given_stain="", geojson=False):
    """Nuclei and counts of the tiles below `folder`, as rows of their tables."""
    counts = slide_nuclei.measure(
        folder / "tiles",
        folder / "tiles.parquet",
        folder / f"{name}.parquet",
        folder / f"{name}.geojson" if geojson else None,
        record=measured.record,
        mask=measured.mask,
        given_stain=given_stain,
        options=OPTIONS,
    )
    counts.write(folder / f"{name}_tiles.parquet")
    to_read = (folder / f"{name}.parquet", folder / f"{name}_tiles.parquet")
    return tuple(tables.read(path).to_pylist() for path in to_read)


@pytest.fixture(scope="module")
def folder(real_slide, measured, tmp_path_factory):
    """The slide in tiles of 256 px, and its nuclei."""
    folder = tmp_path_factory.mktemp("cut")
    cut(real_slide, measured, folder)
    nuclei_of(folder, measured, geojson=True)
    return folder


@pytest.fixture(scope="module")
def nuclei(folder):
    return tables.read(folder / "nuclei.parquet").to_pylist()


def in_one_piece(folder, measured):
    """All tiles as one picture, segmented at once with the levels of the slide."""
    with StoredTiles(folder / "tiles", folder / "tiles.parquet") as tiles:
        slide = measured.record.usable()
        surroundings = TileSurroundings(tiles, slide, measured.mask, BRIGHTFIELD)
        levels = slide_nuclei.slide_levels(tiles, surroundings, OPTIONS.blur_um)
        side = 256 * (1 + max(max(row.place) for row in tiles.rows))
        first = dataclasses.replace(
            tiles.rows[0], tile_col=0, tile_row=0, x_level0_px=0, y_level0_px=0
        )
        whole = surroundings.cut(first, side)
    segmented = segmentation.segment_nuclei(
        whole.rgb, surroundings.mpp, whole.inside, levels=levels, glass=surroundings.glass
    )
    signal = segmentation.intensity(whole.rgb, BRIGHTFIELD, surroundings.glass)
    shapes = shape.measure(segmented, signal, surroundings.mpp)
    x = (shapes.x_px + 0.5 - whole.x_px) * surroundings.scale
    return np.stack([x, (shapes.y_px + 0.5 - whole.y_px) * surroundings.scale], axis=1), shapes


def test_tiles_find_what_the_whole_picture_shows(folder, nuclei, measured):
    """No nucleus is lost, doubled or cut where tiles meet."""
    whole, shapes = in_one_piece(folder, measured)
    places = np.array([(row["x_level0_px"], row["y_level0_px"]) for row in nuclei])
    assert len(nuclei) == pytest.approx(len(whole), rel=0.005) and len(nuclei) > 2000
    apart = np.linalg.norm(places[:, None] - whole[None], axis=2)
    same = apart.min(axis=0) < 0.01
    assert same.mean() > 0.99
    areas = np.array([row["area_um2"] for row in nuclei])[apart.argmin(axis=0)]
    assert np.allclose(areas[same], shapes.area_um2[same])


def test_no_two_nuclei_are_closer_than_the_separation(nuclei):
    places = np.array([(row["x_level0_px"], row["y_level0_px"]) for row in nuclei]) * 0.499
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert apart.min() > OPTIONS.separation_um


def test_each_nucleus_lies_in_its_tile_and_is_counted_there(folder, nuclei, measured):
    rows = tables.read(folder / "tiles.parquet").to_pylist()
    _, counted = nuclei_of(folder, measured, "again")
    assert [row["nucleus"] for row in nuclei] == list(range(1, len(nuclei) + 1))
    assert {row["slide_id"] for row in nuclei} == {"real"}
    for row, count in zip(rows, counted, strict=True):
        assert (row["tile_col"], row["tile_row"]) == (count["tile_col"], count["tile_row"])
        own = [
            n
            for n in nuclei
            if (n["tile_col"], n["tile_row"]) == (count["tile_col"], count["tile_row"])
        ]
        assert count["nuclei_count"] == len(own)
        for nucleus in own:
            assert 0 <= nucleus["x_level0_px"] - row["x_level0_px"] < row["size_level0_px"]
            assert 0 <= nucleus["y_level0_px"] - row["y_level0_px"] < row["size_level0_px"]
        area_mm2 = row["tissue_fraction"] * (256 * row["mpp"] / 1000) ** 2
        assert count["nuclei_per_mm2"] == pytest.approx(len(own) / area_mm2)


def test_no_nuclei_beside_possible_pen(folder, measured, nuclei):
    """The mask tells ink by two pixels; tissue that was not searched is no tissue of the tile."""
    inked = measured.mask.copy()
    rows, columns = np.nonzero(inked == labels.TISSUE)
    middle = int(np.median(columns))
    stripe = np.s_[:, middle - 4 : middle + 4]
    inked[stripe][inked[stripe] == labels.TISSUE] = labels.POSSIBLE_PEN
    stroked = dataclasses.replace(measured, mask=inked)
    found, counts = nuclei_of(folder, stroked, "inked")
    mask_mpp = measured.record.usable().measures.areas.overview_downsample * 0.499
    away = [abs(row["x_level0_px"] * 0.499 / mask_mpp - middle) * mask_mpp for row in found]
    reach = 4 * mask_mpp + 16
    assert min(away) > reach - 6
    assert sum(abs(row["x_level0_px"] * 0.499 - middle * mask_mpp) < reach for row in nuclei) > 20
    clean = tables.read(folder / "nuclei_tiles.parquet").to_pylist()
    lost = sum(row["tissue_mm2"] for row in clean) - sum(row["tissue_mm2"] for row in counts)
    height_mm = (rows.max() - rows.min()) * mask_mpp / 1000
    assert 0 < lost < 2 * 0.024 * height_mm


def test_the_same_again_to_the_byte(folder, measured):
    nuclei_of(folder, measured, "twice", geojson=True)
    for suffix in ("parquet", "geojson"):
        one, other = folder / f"nuclei.{suffix}", folder / f"twice.{suffix}"
        assert one.read_bytes() == other.read_bytes()


def test_outlines_are_valid_detections_around_the_centroids(folder, nuclei):
    features = json.loads((folder / "nuclei.geojson").read_text())["features"]
    assert len(features) == len(nuclei)
    for row, feature in zip(nuclei, features, strict=True):
        outline = shapely.geometry.shape(feature["geometry"])
        assert outline.is_valid and outline.geom_type == "Polygon"
        assert outline.buffer(4).contains(shapely.Point(row["x_level0_px"], row["y_level0_px"]))
        assert outline.area * 0.499**2 == pytest.approx(row["area_um2"], rel=0.25)
        assert feature["properties"]["objectType"] == "detection"


def test_other_stains_have_valid_empty_tables(folder, measured):
    nuclei, counted = nuclei_of(folder, measured, "ihc", given_stain="CD3", geojson=True)
    assert nuclei == []
    assert {row["nuclei_count"] for row in counted} == {None}
    assert len(counted) == len(tables.read(folder / "tiles.parquet"))
    assert json.loads((folder / "ihc.geojson").read_text())["features"] == []


def test_tiles_too_coarse_for_nuclei_have_none(real_slide, measured, tmp_path):
    cut(real_slide, measured, tmp_path)
    coarse = [row | {"mpp": 2.0} for row in tables.read(tmp_path / "tiles.parquet").to_pylist()]
    write_rows(coarse, tmp_path / "tiles.parquet")
    nuclei, counted = nuclei_of(tmp_path, measured)
    assert nuclei == [] and {row["nuclei_count"] for row in counted} == {None}


def test_a_tile_without_pixels_is_null_and_spoils_no_neighbour(folder, nuclei, measured):
    metrics = tables.read(folder / "tiles.parquet")
    rows = metrics.to_pylist()
    hole = max(rows, key=lambda row: row["tissue_fraction"])
    hole |= {"lost": True, "tile_path": None}
    lost = folder.parent / "lost"
    lost.mkdir()
    (lost / "tiles").symlink_to(folder / "tiles")
    write_rows(rows, lost / "tiles.parquet")
    others, counted = nuclei_of(lost, measured)
    at = rows.index(hole)
    assert counted[at]["nuclei_count"] is None
    assert sum(count["nuclei_count"] is None for count in counted) == 1
    rest = [
        n
        for n in nuclei
        if (n["tile_col"], n["tile_row"]) != (counted[at]["tile_col"], counted[at]["tile_row"])
    ]
    assert len(others) == pytest.approx(len(rest), rel=0.02)


def test_pen_and_glass_of_the_mask_are_left_out(folder, nuclei, measured):
    half = measured.mask.copy()
    half[:, half.shape[1] // 2 :] = labels.PEN
    border = half.shape[1] // 2 * measured.record.usable().measures.areas.overview_downsample
    inked, _ = nuclei_of(folder, Measured(measured.record, half), "ink")
    assert 0 < len(inked) < 0.8 * len(nuclei)
    assert max(row["x_level0_px"] for row in inked) < border + 10 / 0.499


def test_outlines_of_an_earlier_run_go(folder, measured, tmp_path):
    """Else they lie beside a table of other nuclei."""
    (tmp_path / "tiles").symlink_to(folder / "tiles")
    (tmp_path / "tiles.parquet").symlink_to(folder / "tiles.parquet")
    for slide_id in ("A.1", "A.2"):
        nuclei_of(tmp_path, measured, slide_id, given_stain="CD3", geojson=True)
    nuclei_of(tmp_path, measured, "A.1", given_stain="CD3")
    assert {p.name for p in tmp_path.glob("A.[12].*")} == {
        "A.1.parquet",
        "A.2.parquet",
        "A.2.geojson",
    }


def test_one_thread_as_the_rule_asks_for(folder, measured):
    before = cv2.getNumThreads()
    try:
        cv2.setNumThreads(2)
        nuclei_of(folder, measured, "threads", given_stain="CD3")
        assert cv2.getNumThreads() == 1
    finally:
        cv2.setNumThreads(before)


def test_a_killed_writer_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), NucleiFiles(tmp_path / "n", tmp_path / "g"):
        assert len(list(tmp_path.iterdir())) == 2
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
