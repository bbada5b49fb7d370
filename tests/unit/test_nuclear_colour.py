"""Ink and pigment drawn over real tissue are not counted as nuclei; its nuclei are."""

import dataclasses

import cv2
import numpy as np
import openslide
import pytest
from grossing.nuclei import nuclear_colour, segmentation
from grossing.nuclei.signal_levels import find_levels
from grossing.support.types import Pixels

MPP = 0.5
INKS = {
    "black": (30, 30, 32),
    "blue": (60, 100, 200),
    "dark blue": (10, 20, 120),
    "green": (30, 150, 120),
    "red": (200, 40, 50),
    "maroon": (110, 20, 45),
    "brown": (110, 60, 30),
    "yellow": (235, 210, 60),
    "violet": (90, 50, 170),
    "purple": (95, 40, 140),
    "plum": (140, 60, 130),
    "magenta": (190, 40, 130),
    "pink": (205, 60, 110),
}
PIGMENTS = {"carbon": (25, 22, 20), "melanin": (80, 45, 25), "haemosiderin": (150, 95, 40)}


@pytest.fixture(scope="module")
def tissue(real_slide):
    """Epidermis, 130 x 225 um."""
    with openslide.OpenSlide(real_slide) as slide:
        region = slide.read_region((560, 2500), 0, (260, 450))
    return np.ascontiguousarray(np.asarray(region)[..., :3])


@pytest.fixture(scope="module")
def levels(tissue):
    return find_levels([segmentation.sample(tissue, MPP)], "brightfield")


def seen_through(rgb: Pixels, colour: tuple[int, int, int], where: np.ndarray) -> Pixels:
    """The picture with what absorbs as the colour does, at a coverage of 0.9."""
    inked = rgb * (0.1 + 0.9 * np.array(colour) / 255)
    inked += np.random.default_rng(0).normal(0, 2, rgb.shape)
    inside = cv2.GaussianBlur(where.astype(np.float32), (0, 0), 1.0)[..., None]
    return np.clip(inside * inked + (1 - inside) * rgb, 0, 255).astype(np.uint8)


def stroke(shape):
    """50 um wide."""
    where = np.zeros(shape[:2], np.uint8)
    cv2.line(where, (0, shape[0] // 3), (shape[1], shape[0] // 2), 1, round(50 / MPP))
    return where


def grains(shape):
    """Clumps of grains of 2 to 5 um."""
    where, rng = np.zeros(shape[:2], np.uint8), np.random.default_rng(0)
    for centre in rng.integers(0, shape[:2], (60, 2)):
        for at in centre + rng.normal(0, 2 / MPP, (8, 2)):
            cv2.circle(where, at.astype(int).tolist(), int(rng.integers(1, 3) / MPP), 1, -1)
    return where


def count(labels, where):
    """Nuclei that lie mostly in `where`."""
    inside = np.bincount(labels[where > 0], minlength=labels.max() + 1)[1:]
    return np.count_nonzero(2 * inside > np.bincount(labels.ravel())[1:])


@pytest.mark.parametrize("name", INKS | PIGMENTS)
def test_ink_and_pigment_have_no_nuclei(tissue, levels, name):
    where = (stroke if name in INKS else grains)(tissue.shape)
    drawn = seen_through(tissue, (INKS | PIGMENTS)[name], where)
    labels = segmentation.segment_nuclei(drawn, MPP, levels=levels)
    assert count(labels, where) <= 1
    outside = cv2.dilate(where, np.ones((41, 41), np.uint8)) == 0
    clean = segmentation.segment_nuclei(tissue, MPP, levels=levels)
    assert np.array_equal(labels[outside] > 0, clean[outside] > 0)


@pytest.mark.parametrize("name", ["black", "blue", "green", "maroon", "violet", "carbon"])
def test_the_threshold_alone_counts_nuclei_on_ink(tissue, levels, name):
    """Else the test above would pass without any test of colour."""
    where = (stroke if name in INKS else grains)(tissue.shape)
    drawn = seen_through(tissue, (INKS | PIGMENTS)[name], where)
    colourless = dataclasses.replace(levels, colour=None)
    assert count(segmentation.segment_nuclei(drawn, MPP, levels=colourless), where) >= 5


def test_nuclei_of_the_tissue_are_kept(tissue, levels):
    labels = segmentation.segment_nuclei(tissue, MPP, levels=levels)
    colourless = dataclasses.replace(levels, colour=None)
    without = segmentation.segment_nuclei(tissue, MPP, levels=colourless)
    assert 100 < 0.98 * without.max() <= labels.max()


@pytest.mark.parametrize("name", ["black", "blue", "maroon"])
def test_inked_tiles_move_neither_threshold_nor_colour(tissue, levels, name):
    """One of four tiles is inked all over, and all of it is dense."""
    inked = seen_through(tissue, INKS[name], np.ones(tissue.shape[:2]))
    clean, ink = (segmentation.sample(picture, MPP) for picture in (tissue, inked))
    pooled = find_levels([clean, clean, clean, ink], "brightfield")
    assert pooled.threshold == levels.threshold
    assert pooled.colour.red == pytest.approx(levels.colour.red, abs=0.01)
    assert segmentation.segment_nuclei(inked, MPP, levels=pooled).max() <= 3


def test_few_samples_have_no_colour():
    samples = np.full((99, 5), 0.6, np.float32)
    assert nuclear_colour.find([samples], 0.5) is None
    assert nuclear_colour.find([samples, samples], 0.5) is not None
    assert nuclear_colour.find([samples, samples], 0.7) is None


def test_a_wide_body_is_known_where_it_is_whole():
    bodies = np.zeros((200, 200), np.uint8)
    cv2.circle(bodies, (60, 60), 20, 1, -1)
    cv2.circle(bodies, (130, 130), 30, 1, -1)
    wide = nuclear_colour.wide(cv2.distanceTransform(bodies, cv2.DIST_L2, 5), 0.5)
    assert wide[130, 130] and not wide[60, 60]
    assert np.count_nonzero(wide & (bodies == 0)) < 20
    assert nuclear_colour.wide(cv2.distanceTransform(bodies, cv2.DIST_L2, 5), 0.25) is None
