"""Levels that show another picture than level 0, or at another scale, are not used."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import damage
import make_slide
import make_stack
import numpy as np
import odd_tiff
import pytest
import tiled_formats
from grossing.measure.measured import Measured
from grossing.slide.record import SlideRecord
from stages import CONFIG, cut, decoded, measured

Picture = np.ndarray
LIMIT = CONFIG["thresholds"]["tile"]["overview_difference_max"]


@pytest.fixture(scope="module")
def picture(real_slide: Path) -> Picture:
    """1536 x 1792 px, stored as if at 0.25 um/px."""
    return np.ascontiguousarray(make_stack.region(real_slide)[900:2692, 400:1936])


def shrunk(rgb: Picture, factor: float) -> Picture:
    size = (int(rgb.shape[1] / factor), int(rgb.shape[0] / factor))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def pyramid(rgb: Picture, *factors: float) -> list[Picture]:
    return [rgb, *(shrunk(cropped(rgb, factor), factor) for factor in factors)]


def cropped(rgb: Picture, factor: float) -> Picture:
    """Without the rows and columns that a whole factor leaves over, as scanners do."""
    if factor != int(factor):
        return rgb
    height, width = (side // int(factor) * int(factor) for side in rgb.shape[:2])
    return rgb[:height, :width]


def write(path: Path, levels: Sequence[Picture]) -> Path:
    return odd_tiff.write(path, levels, mpp=0.25)


def trust(found: Measured) -> list[bool]:
    assert found.record.file is not None
    return [level.trusted for level in found.record.file.levels]


def tiles_of(path: Path, found: Measured, folder: Path) -> list[tuple[dict, Picture]]:
    rows = cut(path, found, folder / "tiles.zip")
    data = (folder / "tiles.zip").read_bytes()
    return [(r, decoded(data[r["tile_offset"] :][: r["tile_bytes"]])) for r in rows]


def check_tiles(path: Path, found: Measured, picture: Picture, folder: Path) -> None:
    """Each tile shows its place of level 0, and agrees with the overview."""
    tiles = tiles_of(path, found, folder)
    assert len(tiles) > 4
    for row, tile in tiles:
        x, y, side = row["x_level0_px"], row["y_level0_px"], row["size_level0_px"]
        place = picture[y : y + side, x : x + side]
        expected = shrunk(place[: len(place) // 2 * 2, : place.shape[1] // 2 * 2], 2)
        height, width = expected.shape[:2]
        assert np.abs(tile[:height, :width].astype(int) - expected).mean() < 2
        assert row["overview_difference"] < LIMIT


# Levels that are right


@pytest.mark.parametrize(
    "factors", [(2, 4, 8, 16, 32), (4, 16), (3, 9), (2.5, 6.25, 15.6), (3.7, 13.7)], ids=str
)
@pytest.mark.parametrize("odd", [0, 1, 5])
def test_sound_levels_of_any_factor_and_size_are_used(
    factors: tuple[float, ...], odd: int, picture: Picture, tmp_path: Path
) -> None:
    rgb = picture[: 1792 - odd, : 1536 - 2 * odd]
    path = write(tmp_path / "a.tif", pyramid(rgb, *factors))
    found = measured(path)
    assert all(trust(found))
    check_tiles(path, found, rgb, tmp_path)


def test_levels_stretched_to_a_rounded_size_are_used(picture: Picture, tmp_path: Path) -> None:
    """Their pixels are up to 1 px of the level from where the whole factor places them."""
    rgb = picture[:1787, :1525]
    path = write(tmp_path / "a.tif", [rgb, *(shrunk(rgb, factor) for factor in (2, 4, 8, 16))])
    found = measured(path)
    assert found.record.file is not None
    assert found.record.file.downsamples == [1, 2, 4, 8, 16]
    assert all(row["overview_difference"] < LIMIT for row in cut(path, found, None))


@pytest.mark.parametrize("change", ["pale", "blurred", "mostly glass", "dark"])
def test_levels_of_pictures_with_little_to_compare_are_used(
    change: str, picture: Picture, tmp_path: Path
) -> None:
    glass = np.full((3000, 3000, 3), 243, np.uint8)
    glass[1000:1500, 1200:1700] = picture[500:1000, 500:1000]
    rgb = {
        "pale": np.uint8(255 - (255 - picture.astype(int)) * 0.15),
        "blurred": cv2.GaussianBlur(picture, (0, 0), 12),
        "mostly glass": glass,
        "dark": 255 - picture,
    }[change]
    stain = "DAPI" if change == "dark" else ""
    for factors in ((2, 8), (3.7, 13.7)):
        found = measured(write(tmp_path / "a.tif", pyramid(rgb, *factors)), stain=stain)
        assert found.record.refusal is None and all(trust(found))


def test_blank_single_level_and_tiny_slides_are_compared_with_nothing(
    picture: Picture, tmp_path: Path
) -> None:
    blank = np.full((1200, 1500, 3), 240, np.uint8)
    for rgb, factors in ((blank, (4, 16)), (picture, ()), (picture[:50, :60], (4, 16))):
        found = measured(write(tmp_path / "a.tif", pyramid(rgb, *factors)))
        assert found.record.refusal is None and all(trust(found))


@pytest.mark.parametrize("step", [2, 4, 16])
def test_levels_shrunk_by_leaving_pixels_out_are_used_but_not_compared_with(
    step: int, picture: Picture, tmp_path: Path
) -> None:
    factors = [step**n for n in range(1, 6) if step**n <= 32]
    path = write(tmp_path / "a.tif", [picture, *(picture[::f, ::f] for f in factors)])
    found = measured(path)
    assert all(trust(found))
    rows = cut(path, found, None)
    assert max(row["overview_difference"] for row in rows) < LIMIT


def test_levels_of_long_and_narrow_slides_lie_where_level_0_does(
    picture: Picture, tmp_path: Path
) -> None:
    """OpenSlide's own downsample is the mean of both sides: tens of pixels off."""
    strip = np.tile(picture[300:561], (1, 3, 1))
    path = write(tmp_path / "a.tif", pyramid(strip, 4, 16))
    found = measured(path)
    assert found.record.file is not None
    assert found.record.file.downsamples == [1, 4, 16]
    assert all(row["overview_difference"] < LIMIT for row in cut(path, found, None))


def test_the_overview_of_a_rounded_level_lies_where_level_0_is(
    real_slide: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.svs"
    make_slide.make_slide(real_slide, path, 3203, 2403, pen=False, blurred_fraction=0)
    areas = measured(path).record.usable().measures.areas
    assert areas.overview_downsample == 32


# Levels that are wrong


def padded(rgb: Picture, side: int) -> Picture:
    below, right = (-length % side for length in rgb.shape[:2])
    return np.pad(rgb, ((0, below), (0, right), (0, 0)), constant_values=255)


@pytest.mark.parametrize("side", [64, 256, 512])
@pytest.mark.parametrize("factors", [(2, 4), (4,), (3, 9)], ids=str)
def test_padded_levels_are_not_used(
    side: int, factors: tuple[int, ...], picture: Picture, tmp_path: Path
) -> None:
    rgb = picture[:1741, :1489]
    sound = pyramid(rgb, *factors)
    path = write(tmp_path / "a.tif", [rgb, *(padded(level, side) for level in sound[1:])])
    found = measured(path)
    assert trust(found) == [True] + [False] * len(factors)
    check_tiles(path, found, rgb, tmp_path)


def test_padding_is_stated_in_the_json(picture: Picture, tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", [picture, padded(shrunk(picture, 2)[:-30, :-30], 256)])
    found = measured(path)
    found.record.write(tmp_path / "a.json")
    stored = json.loads((tmp_path / "a.json").read_text())
    assert [level["trusted"] for level in stored["levels"]] == [True, False]
    assert SlideRecord.read(tmp_path / "a.json").file == found.record.file


def noise(shape: tuple[int, ...]) -> Picture:
    return np.random.default_rng(2).integers(0, 256, shape, np.uint8)


def shuffled(rgb: Picture) -> Picture:
    """Squares of 256 px in another order."""
    rows, columns = rgb.shape[0] // 256, rgb.shape[1] // 256
    squares = rgb[: rows * 256, : columns * 256].reshape(rows, 256, columns, 256, 3)
    return np.ascontiguousarray(squares[::-1, :, ::-1].reshape(rows * 256, columns * 256, 3))


@pytest.mark.parametrize(
    "spoil", [lambda rgb: noise(rgb.shape), shuffled, lambda rgb: rgb[:, ::-1]]
)
def test_a_level_0_that_no_level_confirms_is_an_error(
    spoil: Callable[[Picture], Picture], picture: Picture, tmp_path: Path
) -> None:
    levels = pyramid(picture, 4, 16)
    found = measured(write(tmp_path / "a.tif", [np.ascontiguousarray(spoil(picture)), *levels[1:]]))
    refusal = found.record.refusal
    assert refusal is not None and refusal.code == "levels_disagree"
    assert "differs from level 0 by" in refusal.message and "limit 30" in refusal.message


def label(height: int, width: int) -> Picture:
    """Paper with lines of print."""
    rgb = np.full((height, width, 3), 250, np.uint8)
    for y in range(20, height - 10, 40):
        cv2.putText(rgb, "H&E 1234 B", (10, y), cv2.FONT_HERSHEY_SIMPLEX, 1, (20, 20, 20), 2)
    return rgb


@pytest.mark.parametrize("foreign", [1, 2, 3])
def test_a_label_among_the_levels_is_not_used(
    foreign: int, picture: Picture, tmp_path: Path
) -> None:
    levels = pyramid(picture, 2, 4, 8)
    levels[foreign] = label(*levels[foreign].shape[:2])
    path = write(tmp_path / "a.tif", levels)
    found = measured(path)
    assert trust(found) == [index != foreign for index in range(4)]
    check_tiles(path, found, picture, tmp_path)


def test_a_label_of_another_shape_says_nothing_about_level_0(
    picture: Picture, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.tif", [picture, label(300, 700)])
    found = measured(path)
    assert trust(found) == [True, False]
    check_tiles(path, found, picture, tmp_path)


def test_a_level_that_does_not_decode_is_not_used(picture: Picture, tmp_path: Path) -> None:
    levels = pyramid(picture, 4)
    odd_tiff.write(tmp_path / "a.tif", levels, mpp=0.25, compression="zlib")
    path = damage.destroy_page(tmp_path / "a.tif", tmp_path / "b.tif", page=1)
    found = measured(path)
    assert trust(found) == [True, False]
    check_tiles(path, found, picture, tmp_path)


def test_an_overview_that_does_not_decode_is_read_from_a_finer_level(
    picture: Picture, tmp_path: Path
) -> None:
    """Most of level 2 is missing: the slide would be glass without tissue."""
    path = tiled_formats.ventana(tmp_path / "a.bif", picture, missing=[(0, 0), (1, 1)])
    found = measured(path)
    assert not trust(found)[2]
    assert found.record.usable().measures.areas.tissue_fraction > 0.5
    assert len(cut(path, found, tmp_path / "tiles.zip")) > 4


def test_a_slide_whose_overview_decodes_at_no_level_is_unreadable(
    picture: Picture, tmp_path: Path
) -> None:
    missing = [(x, y) for x in range(4) for y in range(7)]
    path = tiled_formats.ventana(tmp_path / "a.bif", picture[:, :1000], missing=missing)
    refusal = measured(path).record.refusal
    assert refusal is not None
    assert (refusal.code, refusal.message) == ("unreadable", "100% of the picture do not decode")
