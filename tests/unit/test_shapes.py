"""Shortcuts of the masks give what the plain way gives."""

import cv2
import numpy as np
import pytest
from grossing.mask import glass as glass_of
from grossing.mask import shapes, strokes


@pytest.mark.parametrize("size", [3, 5, 9, 31, 61])
def test_wide_pieces_are_those_of_an_opening(size):
    noise = np.random.default_rng(size).random((150, 170), np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 6)
    for share in (5, 30, 60, 90):
        mask = smooth > np.percentile(smooth, share)
        np.testing.assert_array_equal(strokes.without_narrow(mask, size), shapes.opened(mask, size))


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_places_are_those_of_the_whole_mask(step):
    mask = np.random.default_rng(step).random((700, 311)) < 0.4  # several stretches
    np.testing.assert_array_equal(shapes.every(mask, step), np.flatnonzero(mask)[::step])
    assert shapes.every(np.zeros((3, 3), np.bool_), step).size == 0


@pytest.mark.parametrize("height", [1, 3, 127, 128, 129, 131, 300])
def test_strips_show_what_the_whole_picture_does(height):
    rng = np.random.default_rng(height)
    noise = rng.normal(0, np.linspace(0, 8, 60)[:, None], (height, 60, 3))
    picture = (220 + noise).clip(0, 255).astype(np.uint8)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    mean = cv2.boxFilter(grey, cv2.CV_32F, (7, 7))
    variance = cv2.sqrBoxFilter(grey, cv2.CV_32F, (7, 7)) - mean * mean
    even = variance < glass_of.FLAT_VARIANCE
    assert height < 100 or 0 < even.mean() < 1
    np.testing.assert_array_equal(glass_of.flat(picture), even)
    highest, lowest = shapes.extremes(picture)
    np.testing.assert_array_equal(highest, picture.max(axis=2))
    np.testing.assert_array_equal(lowest, picture.min(axis=2))
