"""Operations on parts of a picture give what they give on all of it."""

import cv2
import numpy as np
import pytest
from grossing.mask import shapes
from grossing.measure import colours
from grossing.stain import foreign_dyes
from grossing.support import channels


def picture(height: int, width: int = 40) -> np.ndarray:
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("share", [0, 0.3, 1])
def test_picked_pixels_are_those_of_the_mask(share):
    rgb = picture(300)
    mask = np.random.default_rng(1).random(rgb.shape[:2]) < share
    assert np.array_equal(channels.picked(rgb, mask), rgb[mask])
    assert np.array_equal(channels.picked(rgb[:, ::2], mask[:, ::2]), rgb[:, ::2][mask[:, ::2]])
    assert np.array_equal(channels.picked(rgb, mask[::3, ::3], 3), rgb[::3, ::3][mask[::3, ::3]])


@pytest.mark.parametrize("height", [1, 3, 127, 128, 129, 133, 400])
def test_a_mean_by_strips_with_what_is_around_is_that_of_the_whole(height):
    grey = picture(height)[..., 0]
    by_strips = np.empty_like(grey)
    for rows, above, around in shapes.surrounded(height, 5):
        blurred = cv2.blur(grey[around], (11, 11))
        by_strips[rows] = blurred[above:][: rows.stop - rows.start]
    assert np.array_equal(by_strips, cv2.blur(grey, (11, 11)))


@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize("level", [0, 60, 128, 256])
def test_pieces_and_their_areas_are_those_of_opencv(connectivity, level):
    mask = picture(400)[..., 0] < level
    labels, areas = shapes.components(mask, connectivity)
    _, expected, stats, _ = cv2.connectedComponentsWithStats(
        mask.view(np.uint8), connectivity=connectivity
    )
    assert np.array_equal(labels, expected)
    assert areas.tolist() == stats[:, cv2.CC_STAT_AREA].tolist()


def test_colours_are_judged_where_whole_rows_were_not_scanned():
    rgb = np.full((400, 40, 3), 240, np.uint8)
    scanned = np.zeros(rgb.shape[:2], bool)
    assert colours.misread(rgb, scanned, "they differ") is None
    assert not colours.is_grey(rgb, scanned)
    scanned[300:] = True
    assert colours.misread(rgb, scanned, "they differ") is None
    rgb[300:] = 120
    assert colours.misread(rgb, scanned, "they differ") == "they differ"
    assert colours.is_grey(rgb, scanned)


def test_shares_of_dyes_do_not_depend_on_the_stretches(monkeypatch):
    pixels = picture(5000).reshape(-1, 3)
    whole = foreign_dyes.shares(pixels, (240, 240, 240))
    monkeypatch.setattr(foreign_dyes, "STRETCH_PX", 777)
    parts = foreign_dyes.shares(pixels, (240, 240, 240))
    assert parts.foreign == pytest.approx(whole.foreign, abs=1e-12)
    assert parts.eosin == pytest.approx(whole.eosin, abs=1e-12)
