"""The tile loop on real and synthetic slides: pixels, places, measurements, damage."""

import itertools
import zipfile

import cv2
import damage
import make_slide
import numpy as np
import openslide
import pytest
from grossing.mask import labels
from grossing.measure import focus
from grossing.slide import grid, opening
from grossing.slide.record import Bounds
from grossing.tiles import deepzoom, tile_loop
from scores import psnr
from stages import CONFIG, PNG, TARGET, cut, decoded, measured


def tile(container, row):
    return decoded(container.read_bytes()[row["tile_offset"] :][: row["tile_bytes"]])


def test_png_tiles_are_the_pixels_of_read_region(real_slide, real, tmp_path):
    rows = cut(real_slide, real, tmp_path / "a.zip")
    inside = [r for r in rows if r["x_level0_px"] + 256 <= 2220 and r["y_level0_px"] + 256 <= 2967]
    assert len(inside) > 20
    with openslide.OpenSlide(real_slide) as slide:
        for row in inside:
            place = (row["x_level0_px"], row["y_level0_px"])
            expected = np.asarray(slide.read_region(place, 0, (256, 256)).convert("RGB"))
            assert np.array_equal(tile(tmp_path / "a.zip", row), expected)


def test_tiles_beyond_the_picture_are_padded_with_glass(real_slide, real, tmp_path):
    rows = cut(real_slide, real, tmp_path / "a.zip")
    edge = [row for row in rows if row["y_level0_px"] + 256 > 2967]
    assert edge
    for row in edge:
        beyond = tile(tmp_path / "a.zip", row)[2967 - row["y_level0_px"] :]
        assert (beyond == real.record.glass).all()


def test_a_slide_at_40x_comes_out_at_half_size(at_40x, tmp_path):
    rows = cut(at_40x, measured(at_40x), tmp_path / "a.zip")
    with openslide.OpenSlide(at_40x) as slide:
        row = rows[len(rows) // 2]
        assert (row["size_level0_px"], row["mpp"], row["target_mpp"]) == (512, 0.5, 0.5)
        assert (row["picture_width_px"], row["picture_height_px"]) == (1500, 1200)
        place = (row["x_level0_px"], row["y_level0_px"])
        source = np.asarray(slide.read_region(place, 0, (512, 512)).convert("RGB"))
    halved = cv2.resize(source, (256, 256), interpolation=cv2.INTER_AREA)
    assert np.array_equal(tile(tmp_path / "a.zip", row), halved)
    text = zipfile.ZipFile(tmp_path / "a.zip").read("A.1.dzi").decode()
    assert 'Width="1536"' in text and 'Height="1280"' in text


def test_no_pixel_is_covered_twice_and_all_tissue_is_covered(at_40x, tmp_path):
    found = measured(at_40x)
    rows = cut(at_40x, found, None)
    side = rows[0]["size_level0_px"]
    for a, b in itertools.combinations(rows, 2):
        apart = abs(a["x_level0_px"] - b["x_level0_px"]), abs(a["y_level0_px"] - b["y_level0_px"])
        assert max(apart) >= side
    scale = found.record.measures.areas.overview_downsample
    missed = found.mask == labels.TISSUE
    for row in rows:
        x, y = row["x_level0_px"] / scale, row["y_level0_px"] / scale
        missed[int(y) : int(y + side / scale) + 1, int(x) : int(x + side / scale) + 1] = False
    assert missed.sum() < 0.02 * (found.mask == labels.TISSUE).sum()


def test_metrics_are_of_the_pixels_before_encoding(real_slide, real, tmp_path):
    as_png = cut(real_slide, real, tmp_path / "a.zip")
    as_jpeg = cut(real_slide, real, tmp_path / "b.zip", PNG | {"format": "jpeg"})
    names = ["focus", "laplacian_var", "mean_od", "hematoxylin_od", "eosin_od"]
    assert [[r[n] for n in names] for r in as_png] == [[r[n] for n in names] for r in as_jpeg]
    row = as_png[10]
    expected = focus.measure(tile(tmp_path / "a.zip", row), row["mpp"])
    assert row["focus"] == pytest.approx(expected["focus"])
    assert row["laplacian_var"] == pytest.approx(expected["laplacian_var"])


def test_rerun_is_byte_identical(at_40x, tmp_path):
    found = measured(at_40x)
    options = CONFIG["tiles"] | {"size_px": 256}
    rows = [cut(at_40x, found, tmp_path / f"{name}.zip", options) for name in "ab"]
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert rows[0] == rows[1]


def test_virtual_tiling_measures_the_same_and_writes_no_pixels(real_slide, real, tmp_path):
    written = cut(real_slide, real, tmp_path / "a.zip")
    virtual = cut(real_slide, real, None, PNG | {"container": "none"})
    no_member = dict.fromkeys(("tile_path", "tile_offset", "tile_bytes"))
    assert virtual == [row | no_member for row in written]


def test_a_slide_that_did_not_pass_gets_an_empty_container(real_slide, real, tmp_path):
    assert cut(real_slide, real, tmp_path / "a.zip", passed=False) == []
    assert zipfile.ZipFile(tmp_path / "a.zip").namelist() == ["A.1.dzi"]


def test_destroyed_tiles_are_lost_and_the_rest_is_salvaged(at_40x, tmp_path):
    whole = cut(at_40x, measured(at_40x), tmp_path / "whole.zip")
    damage.destroy_tiles(at_40x, tmp_path / "damaged.svs", 2)
    broken = cut(tmp_path / "damaged.svs", measured(tmp_path / "damaged.svs"), tmp_path / "b.zip")
    lost = [row for row in broken if row["lost"]]
    assert 1 <= len(lost) <= 2
    assert all(row["tile_path"] is None for row in lost)
    kept = {(r["tile_col"], r["tile_row"]): r for r in broken if not r["lost"]}
    same = [r for r in whole if (r["tile_col"], r["tile_row"]) in kept]
    assert len(same) == len(whole) - len(lost)
    row = same[0]
    twin = kept[row["tile_col"], row["tile_row"]]
    assert np.array_equal(tile(tmp_path / "whole.zip", row), tile(tmp_path / "b.zip", twin))


def test_damage_of_a_single_level_slide_is_reported_as_lost_tiles(real_slide, tmp_path):
    damage.destroy_tiles(real_slide, tmp_path / "a.svs", 4)
    found = measured(tmp_path / "a.svs")
    assert 0 < found.record.usable().measures.areas.overview_lost_fraction < 0.2
    rows = cut(tmp_path / "a.svs", found, tmp_path / "a.zip")
    assert any(row["lost"] for row in rows)


@pytest.mark.parametrize("mpp", [0.23, 0.2527])
def test_unaligned_grids_read_each_tile_where_its_row_says(at_40x, tmp_path, mpp):
    found = measured(at_40x, mpp)
    rows = cut(at_40x, found, tmp_path / "a.zip", target_mpp_tolerance=0)
    side = rows[0]["size_level0_px"]
    inside = [r for r in rows if max(r["x_level0_px"] - 3000, r["y_level0_px"] - 2400) + side <= 0]
    row = inside[-1]
    assert side == round(256 * 0.5 / mpp)
    with openslide.OpenSlide(at_40x) as slide:
        place = (row["x_level0_px"], row["y_level0_px"])
        source = np.asarray(slide.read_region(place, 0, (side, side)).convert("RGB"))
    expected = cv2.resize(source, (256, 256), interpolation=cv2.INTER_AREA)
    assert np.array_equal(tile(tmp_path / "a.zip", row), expected)


def test_candidates_need_tissue_and_scanned_picture():
    tiles = grid.make(Bounds(0, 0, 1000, 512), 0.5, size_px=256, **TARGET)
    mask = np.full((64, 125), labels.GLASS, np.uint8)
    mask[:32, :32] = labels.TISSUE
    mask[:8, 32:40] = labels.TISSUE
    mask[32:, :20] = labels.NOT_SCANNED
    mask[48:, :] = labels.TISSUE
    found = {row.place: row for row in tile_loop.candidates(mask, tiles, 8)}
    assert set(found) == {(0, 0), (1, 0), (0, 1), (1, 1), (2, 1), (3, 1)}
    assert found[1, 0].tissue_fraction == pytest.approx(64 / 1024)
    order = [deepzoom.z_order(*place) for place in found]
    assert order == sorted(order)


def test_what_may_be_ink_counts_as_pen_of_a_tile():
    tiles = grid.make(Bounds(0, 0, 512, 256), 0.5, size_px=256, **TARGET)
    mask = np.full((32, 64), labels.TISSUE, np.uint8)
    mask[:8, 32:] = labels.POSSIBLE_PEN
    mask[8:16, 32:] = labels.PEN
    found = {row.place: row for row in tile_loop.candidates(mask, tiles, 8)}
    assert found[0, 0].pen_fraction == 0
    assert (found[1, 0].pen_fraction, found[1, 0].tissue_fraction) == (0.5, 0.5)


@pytest.mark.parametrize("mpp", [None, 0.23, 0.2527])
@pytest.mark.parametrize("threads", [1, 3])
def test_readers_and_threads_make_no_difference(at_40x, tmp_path, mpp, threads):
    found = measured(at_40x, mpp)
    made = {}
    for reader in ("auto", "openslide"):
        rows = cut(
            at_40x,
            found,
            tmp_path / f"{reader}.zip",
            CONFIG["tiles"] | {"size_px": 256, "reader": reader},
            target_mpp_tolerance=0,
            threads=threads if reader == "auto" else 1,
        )
        assert {row.pop("reader") for row in rows} == {"raw" if reader == "auto" else "openslide"}
        made[reader] = (rows, (tmp_path / f"{reader}.zip").read_bytes())
    assert made["auto"] == made["openslide"]


def test_tiles_of_a_rounded_level_lie_where_level_0_does(real_slide, tmp_path):
    """The level ends before the slide does; both readers make the same of it."""
    path = tmp_path / "odd.svs"
    make_slide.make_slide(real_slide, path, 1803, 1703, tissue_fraction=0.8, pen=False)
    found, made = measured(path), {}
    for reader, used in (("auto", "raw"), ("openslide", "openslide")):
        options = PNG | {"reader": reader}
        rows = cut(path, found, tmp_path / f"{reader}.zip", options, target_mpp=1.0)
        assert {row.pop("reader") for row in rows} == {used}
        made[reader] = (rows, (tmp_path / f"{reader}.zip").read_bytes())
    assert made["auto"] == made["openslide"]
    rows, data = made["auto"]
    assert {row["tile_col"] for row in rows} == {row["tile_row"] for row in rows} == {0, 1}
    with opening.Slide(path) as slide:
        for row in rows:
            x, y, side = row["x_level0_px"], row["y_level0_px"], row["size_level0_px"]
            w, h = min(side, 1800 - x), min(side, 1700 - y)
            place = slide.read(0, x, y, w, h, (255, 255, 255))
            expected = cv2.resize(place, (w // 4, h // 4), interpolation=cv2.INTER_AREA)
            tile = decoded(data[row["tile_offset"] :][: row["tile_bytes"]])[: h // 4, : w // 4]
            assert np.abs(tile.astype(int) - expected).mean() < 12  # JPEG
            shift, _ = cv2.phaseCorrelate(*(p[..., 1].astype(float) for p in (expected, tile)))
            assert np.hypot(*shift) < 0.2


def test_both_readers_make_the_same_of_the_real_slide(real_slide, real, tmp_path):
    made = []
    for reader, used in (("auto", "raw"), ("openslide", "openslide")):
        options = CONFIG["tiles"] | {"reader": reader, "size_px": 256}
        rows = cut(real_slide, real, tmp_path / f"{reader}.zip", options)
        assert {row.pop("reader") for row in rows} == {used}
        made.append((rows, (tmp_path / f"{reader}.zip").read_bytes()))
    assert made[0] == made[1]


def test_decoding_at_half_size_shows_nearly_the_same(at_40x, tmp_path):
    found = measured(at_40x)
    full = cut(at_40x, found, tmp_path / "full.zip")
    fast = cut(at_40x, found, tmp_path / "fast.zip", PNG | {"fast_downsample": True})
    assert {row["reader"] for row in fast} == {"raw_scaled"}
    assert len(full) == len(fast)
    for a, b in zip(full, fast, strict=True):
        assert psnr(tile(tmp_path / "full.zip", a), tile(tmp_path / "fast.zip", b)) > 30


def test_fast_downsample_changes_nothing_where_nothing_is_shrunk(real_slide, real, tmp_path):
    cut(real_slide, real, tmp_path / "full.zip")
    cut(real_slide, real, tmp_path / "fast.zip", PNG | {"fast_downsample": True})
    assert (tmp_path / "full.zip").read_bytes() == (tmp_path / "fast.zip").read_bytes()
