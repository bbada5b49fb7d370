"""Differences from the overview and steps at stored tiles: small on sound pictures alone."""

from collections.abc import Callable
from pathlib import Path

import cv2
import make_stack
import numpy as np
import pytest
from grossing.measure import agreement
from stages import CONFIG

FACTOR, SIDE_PX = 16, 512
LIMITS = CONFIG["thresholds"]["tile"]
Picture = np.ndarray


@pytest.fixture(scope="module")
def picture(real_slide: Path) -> Picture:
    """Tissue of 3 x 4 tiles."""
    return np.ascontiguousarray(make_stack.region(real_slide)[800:2848, 400:1936])


def shrunk(rgb: Picture, interpolation: int = cv2.INTER_AREA, factor: int = FACTOR) -> Picture:
    size = (rgb.shape[1] // factor, rgb.shape[0] // factor)
    return cv2.resize(rgb, size, interpolation=interpolation)


def as_jpeg(rgb: Picture, quality: int) -> Picture:
    """With chroma at half the resolution."""
    return cv2.imdecode(cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1)


def moved(rgb: Picture, pixels: float) -> Picture:
    move = np.array([[1, 0, pixels], [0, 1, pixels]], np.float32)
    return cv2.warpAffine(rgb, move, rgb.shape[1::-1], borderMode=cv2.BORDER_REFLECT)


def halved(rgb: Picture, interpolation: int, quality: int = 100) -> Picture:
    for _ in range(4):
        rgb = as_jpeg(shrunk(rgb, interpolation, 2), quality)
    return rgb


OVERVIEWS: dict[str, Callable[[Picture], Picture]] = {
    "mean": shrunk,
    "jpeg 75": lambda rgb: as_jpeg(shrunk(rgb), 75),
    "jpeg 50": lambda rgb: as_jpeg(shrunk(rgb), 50),
    "jpeg 75, each level from the one before": lambda rgb: halved(rgb, cv2.INTER_AREA, 75),
    "lanczos": lambda rgb: halved(rgb, cv2.INTER_LANCZOS4),
    "every fourth pixel, then the mean": lambda rgb: shrunk(rgb[::4, ::4], factor=4),
    "blurred": lambda rgb: cv2.GaussianBlur(shrunk(rgb), (0, 0), 0.5),
    "half a pixel beside": lambda rgb: shrunk(moved(rgb, FACTOR / 2)),
}
PLACES = [(x, y) for y in range(0, 2048, SIDE_PX) for x in range(0, 1536, SIDE_PX)]


def difference(tile: Picture, overview: Picture, x: int, y: int, **more: Picture) -> float | None:
    return agreement.overview_difference(
        tile, overview, x / FACTOR, y / FACTOR, SIDE_PX / FACTOR, **more
    )


def tile_at(picture: Picture, x: int, y: int) -> Picture:
    return picture[y : y + SIDE_PX, x : x + SIDE_PX]


@pytest.mark.parametrize("made", OVERVIEWS.values(), ids=OVERVIEWS)
def test_sound_tiles_stay_below_the_limit_however_the_overview_was_made(
    made: Callable[[Picture], Picture], picture: Picture
) -> None:
    overview = made(picture)
    inner = [place for place in PLACES if min(place) > 0]
    found = [difference(tile_at(picture, *place), overview, *place) for place in inner]
    assert max(found) < 0.9 * LIMITS["overview_difference_max"]
    if made is shrunk:
        assert max(found) < 1


DAMAGE: dict[str, Callable[[Picture], Picture]] = {
    "noise": lambda rgb: np.random.default_rng(1).integers(0, 256, rgb.shape, np.uint8),
    "mirrored": lambda rgb: rgb[:, ::-1],
    "upside down": lambda rgb: rgb[::-1],
    "black block": lambda rgb: painted(rgb, 64, 0),
    "white block": lambda rgb: painted(rgb, 128, 255),
    "3 px of the overview beside": lambda rgb: np.roll(rgb, 3 * FACTOR, axis=(0, 1)),
}


def painted(rgb: Picture, side: int, colour: int) -> Picture:
    rgb = rgb.copy()
    rgb[200 : 200 + side, 200 : 200 + side] = colour
    return rgb


@pytest.mark.parametrize("spoil", DAMAGE.values(), ids=DAMAGE)
def test_a_tile_that_shows_something_else_is_above_the_limit(
    spoil: Callable[[Picture], Picture], picture: Picture
) -> None:
    overview = as_jpeg(shrunk(picture), 75)
    for place in [(512, 512), (512, 1024), (1024, 512)]:
        spoilt = np.ascontiguousarray(spoil(tile_at(picture, *place)))
        assert difference(spoilt, overview, *place) > 1.2 * LIMITS["overview_difference_max"]


def test_swapped_tiles_are_above_the_limit(picture: Picture) -> None:
    overview = as_jpeg(shrunk(picture), 75)
    for place, other in zip(PLACES, PLACES[1:] + PLACES[:1], strict=True):
        swapped = difference(tile_at(picture, *other), overview, *place)
        assert swapped > 2 * LIMITS["overview_difference_max"]


def test_what_was_never_scanned_is_not_compared(picture: Picture) -> None:
    overview, place = shrunk(picture), (512, 512)
    tile = painted(tile_at(picture, *place), 100, 255)
    absent = np.zeros(tile.shape[:2], bool)
    absent[200:300, 200:300] = True
    assert difference(tile, overview, *place) > LIMITS["overview_difference_max"]
    assert difference(tile, overview, *place, absent=absent) < 1
    unscanned = np.zeros(overview.shape[:2], bool)
    unscanned[32 + 12 : 32 + 19, 32 + 12 : 32 + 19] = True
    assert difference(tile, overview, *place, unscanned=unscanned) < 1


def test_a_tile_that_leaves_the_overview_is_compared_inside_it(picture: Picture) -> None:
    overview, place = shrunk(picture[:1488, :1488]), (1024, 1024)
    tile = tile_at(picture, *place).copy()
    assert difference(tile, overview, *place) < 1
    tile[:, 1488 - 1024 :] = 0
    assert difference(tile, overview, *place) < 1
    tile[:200, :200] = 0
    assert difference(tile, overview, *place) > LIMITS["overview_difference_max"]


@pytest.mark.parametrize(("x", "side"), [(10, 1), (10, 1.9), (95, 4), (96, 32), (400, 32)])
def test_too_few_pixels_of_the_overview_are_not_compared(
    x: float, side: float, picture: Picture
) -> None:
    overview = shrunk(picture)
    assert overview.shape[1] == 96
    assert agreement.overview_difference(picture[:64, :64], overview, x, 5, side) is None


# Steps at the borders of stored tiles

STORED_PX = 240


def seam(rgb: Picture, x: int = 0, y: int = 0, absent: Picture | None = None) -> float | None:
    borders = agreement.borders(*rgb.shape[:2], x, y, (STORED_PX, STORED_PX))
    gaps = None if absent is None else [absent[at] for at in borders]
    return agreement.seam_step([rgb[at] for at in borders], gaps)


def test_sound_pictures_have_no_seam_wherever_the_borders_lie(picture: Picture) -> None:
    for place in PLACES:
        for x, y in [(0, 0), (100, 7), (239, 121)]:
            assert seam(tile_at(picture, *place), x, y) < LIMITS["seam_step_max"] / 2


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_an_enlarged_picture_has_no_seam(factor: int, picture: Picture) -> None:
    enlarged = picture[: 512 // factor, 600 : 600 + 512 // factor]
    enlarged = enlarged.repeat(factor, axis=0).repeat(factor, axis=1)
    assert seam(enlarged, 12 * factor, 0) < LIMITS["seam_step_max"]


SPOILT: dict[str, Callable[[Picture, Picture], Picture]] = {
    "swapped": lambda _, other: other,
    "black": lambda own, _: np.zeros_like(own),
    "glass": lambda own, _: np.full_like(own, 243),
    "mirrored": lambda own, _: own[:, ::-1],
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_stored_tile_that_shows_something_else_is_above_the_limit(
    spoil: Callable[[Picture, Picture], Picture], picture: Picture
) -> None:
    """But where it looks alike at its border, as glass beside glass."""
    inside = (slice(STORED_PX, 2 * STORED_PX),) * 2
    steps = []
    for place in PLACES:
        tile = tile_at(picture, *place).copy()
        other = tile_at(picture, 512, 1024)[:STORED_PX, :STORED_PX]
        tile[inside] = spoil(tile[inside].copy(), other)
        steps.append(seam(tile))
    assert sum(step > LIMITS["seam_step_max"] for step in steps) >= 0.6 * len(PLACES)


def test_the_edge_of_the_scan_is_no_seam(picture: Picture) -> None:
    tile = tile_at(picture, 512, 512).copy()
    absent = np.zeros(tile.shape[:2], bool)
    absent[:, :STORED_PX] = True
    tile[absent] = 250
    assert seam(tile) > LIMITS["seam_step_max"]
    assert seam(tile, absent=absent) < LIMITS["seam_step_max"] / 2


def test_without_a_border_inside_there_is_no_step(picture: Picture) -> None:
    tile = picture[: STORED_PX - 20, : STORED_PX - 20]
    assert seam(tile, x=240 + 10, y=480 + 10) is None
    assert agreement.borders(240, 240, 0, 0, None) == []
    assert seam(picture[:300, :12], x=500) is None
