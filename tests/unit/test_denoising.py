"""Denoising: what it does to pixels, that no measurement sees it, the same in both engines."""

import cv2
import make_slide
import numpy as np
import pytest
from grossing.columns import tile_metrics
from grossing.measure import focus
from grossing.support import parquet
from grossing.tiles import denoising
from stages import PNG, cut, decoded, measured, members

PLACES = ("tile_offset", "tile_bytes")


@pytest.fixture(scope="module")
def path(real_slide, tmp_path_factory):
    made = tmp_path_factory.mktemp("slides") / "small.svs"
    make_slide.make_slide(real_slide, made, 900, 700, mpp=0.5, tissue_fraction=0.5, pen=False)
    return made


@pytest.fixture(scope="module")
def tiled(path, tmp_path_factory):
    """Rows and pictures by member of the slide, for options of the `tiles` section."""
    container, found = tmp_path_factory.mktemp("tiles") / "a.zip", measured(path)

    def make(**options):
        rows = cut(path, found, container, PNG | options)
        made = members(container).items()
        return rows, {name: decoded(data) for name, data in made if name.endswith(".png")}

    return make


@pytest.fixture(scope="module")
def raw(tiled):
    return tiled()


@pytest.fixture(scope="module")
def denoised(tiled):
    return tiled(denoise=5)


def as_table(rows, path):
    """The bytes of the table without the places of the members."""
    kept = [{key: value for key, value in row.items() if key not in PLACES} for row in rows]
    parquet.write(kept, tile_metrics.COLUMNS, path)
    return path.read_bytes()


def test_the_table_is_that_of_the_pixels_before_denoising(raw, denoised, tmp_path):
    """Denoised first, a blurred-looking tile would fail the focus limit or a noisy one pass it."""
    assert as_table(raw[0], tmp_path / "a") == as_table(denoised[0], tmp_path / "b")
    smoother = 0
    for row in raw[0]:
        before, after = (made[1][row["tile_path"]] for made in (raw, denoised))
        assert not np.array_equal(before, after)
        old, new = (focus.measure(np.ascontiguousarray(p), 0.5) for p in (before, after))
        assert row["laplacian_var"] == pytest.approx(old["laplacian_var"], rel=1e-3)
        smoother += new["laplacian_var"] != pytest.approx(row["laplacian_var"], rel=0.01)
    assert smoother > len(raw[0]) / 2


def test_lower_levels_are_halves_of_the_denoised_tiles(denoised):
    rows, pictures = denoised
    top = max(int(name.split("/")[1]) for name in pictures)
    row = rows[0]
    column, line = row["tile_col"], row["tile_row"]
    parent = pictures[f"A.1_files/{top - 1}/{column // 2}_{line // 2}.png"]
    y, x = line % 2 * 128, column % 2 * 128
    half = cv2.resize(pictures[row["tile_path"]], (128, 128), interpolation=cv2.INTER_AREA)
    assert np.array_equal(parent[y : y + 128, x : x + 128], half)


def test_both_engines_denoise_the_same(tiled, denoised, tmp_path):
    rows, pictures = tiled(denoise=5, engine="dzsave")
    assert as_table(rows, tmp_path / "a") == as_table(denoised[0], tmp_path / "b")
    for row in rows:
        assert np.array_equal(pictures[row["tile_path"]], denoised[1][row["tile_path"]])


def test_zero_is_off(tiled, raw):
    assert tiled(denoise=0)[0] == raw[0]
    picture = np.zeros((32, 32, 3), np.uint8)
    assert denoising.denoise(picture, 0, 21) is picture


def noisy(sd=5):
    """Two flat colours, one with red much above blue, and noise."""
    picture = np.full((128, 128, 3), (220, 120, 60), np.float64)
    picture[:, 64:] = (120, 90, 160)
    picture += np.random.default_rng(0).normal(0, sd, picture.shape)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def test_noise_goes_and_colours_and_edges_stay():
    picture = noisy()
    smooth = denoising.denoise(picture, 5, 21)
    for half, colour in ((np.s_[8:-8, 8:56], (220, 120, 60)), (np.s_[8:-8, 72:-8], (120, 90, 160))):
        assert smooth[half].mean((0, 1)) == pytest.approx(colour, abs=2)
        assert smooth[half].std((0, 1)).mean() < 0.6 * picture[half].std((0, 1)).mean()
    step = smooth[:, 68].astype(int).mean(0) - smooth[:, 59].astype(int).mean(0)
    assert step == pytest.approx((-100, -30, 100), abs=4)


def test_channels_keep_their_order():
    """Non-local means of OpenCV takes BGR: red and blue do not weigh the same in its Lab."""
    picture = noisy()
    expected = cv2.fastNlMeansDenoisingColored(
        np.ascontiguousarray(picture[..., ::-1]), None, 5, 5, 7, 21
    )[..., ::-1]
    swapped = cv2.fastNlMeansDenoisingColored(picture, None, 5, 5, 7, 21)
    assert np.array_equal(denoising.denoise(picture, 5, 21), expected)
    assert not np.array_equal(expected, swapped)


def test_a_smaller_search_keeps_more_of_texture(tiled, raw, denoised, tmp_path):
    """Both change every picture; the table is the same."""
    rows, pictures = tiled(denoise=5, denoise_search_px=11)
    assert as_table(rows, tmp_path / "a") == as_table(denoised[0], tmp_path / "b")
    paths = [row["tile_path"] for row in rows]

    def changed(by: dict[str, np.ndarray]) -> float:
        return float(np.mean([np.abs(by[p].astype(int) - raw[1][p]).mean() for p in paths]))

    assert 0 < changed(pictures) < changed(denoised[1])


def test_strong_denoising_would_have_lowered_the_measured_sharpness():
    """Why it comes after the measurement: pale, noisy texture loses most of its variance."""
    rng = np.random.default_rng(1)
    pale = 215 + cv2.GaussianBlur(rng.normal(0, 30, (256, 256, 3)), (0, 0), 1.0)
    picture = np.clip(np.rint(pale), 0, 255).astype(np.uint8)
    before = focus.measure(picture, 0.5)["laplacian_var"]
    after = focus.measure(denoising.denoise(picture, 15, 21), 0.5)["laplacian_var"]
    assert after < 0.5 * before
