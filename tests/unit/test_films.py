"""Strokes across the edge of the tissue on small slides: ink as a film over whatever is below."""

import cv2
import numpy as np
import pytest
from grossing.mask import labels as labels_of
from grossing.mask import tissue

SIDE = 160  # 1.3 mm at 8 um/px
GLASS = np.float32(243)
INK = (labels_of.PEN, labels_of.POSSIBLE_PEN)


def piece(rough=0.6):
    """Density of a piece of tissue on the glass, and where it is."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    cv2.ellipse(mask, (62, 84), (44, 60), 0, 0, 360, 1, -1)
    texture = np.random.default_rng(3).standard_normal(mask.shape).astype(np.float32)
    texture = cv2.GaussianBlur(texture, (0, 0), 1)
    amount = mask * np.maximum(1 + rough * texture / texture.std(), 0.1)
    return np.float32((0.4, 0.7, 0.3)) * amount[..., None], mask > 0


def seen(density):
    """The picture, with noise and as JPEG."""
    noise = np.random.default_rng(4).normal(0, 1, density.shape)
    rgb = np.clip(GLASS * np.exp(-density) + noise, 0, 255).astype(np.uint8)
    coded = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
    return np.ascontiguousarray(cv2.imdecode(coded, 1)[..., ::-1])


def lines(*ends, width=16):
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    for start, end in ends:
        cv2.line(drawn, start, end, 1, width)
    return drawn > 0


def with_ink(density, drawn, colour, opacity=0.7):
    light = 1 - opacity * drawn[..., None] * (1 - np.float32(colour) / GLASS)
    return density - np.log(light)


@pytest.mark.parametrize(
    "colour",
    [
        (205, 60, 110),
        (190, 30, 130),
        (95, 40, 140),
        (120, 80, 180),
        (120, 30, 40),
        (110, 70, 40),
        (30, 28, 32),
    ],
)
@pytest.mark.parametrize(
    "ends",
    [[((60, 84), (150, 60))], [((50, 60), (150, 80)), ((60, 120), (140, 40))]],
    ids=["one", "crossing"],
)
def test_a_stroke_from_the_glass_over_tissue_is_told(colour, ends):
    density, there = piece()
    drawn = lines(*ends)
    labels = tissue.segment(seen(with_ink(density, drawn, colour)), 8)
    assert np.isin(labels[drawn & there], INK).mean() > 0.85
    beside = there & ~(cv2.dilate(drawn.astype(np.uint8), np.ones((7, 7))) > 0)
    assert np.isin(labels[beside], INK).mean() < 0.04


def test_ink_that_was_seen_on_the_glass_is_told_where_it_does_not_leave_the_tissue():
    density, there = piece()
    crossing, within = lines(((60, 100), (150, 70))), lines(((40, 50), (75, 60)))
    labels = tissue.segment(seen(with_ink(density, crossing | within, (120, 80, 180))), 8)
    assert np.isin(labels[within & there], INK).mean() > 0.7


def test_even_tissue_beside_denser_tissue_is_no_film():
    """It has the density of what is denser, but that is no ribbon of its width."""
    density, there = piece()
    assert not np.isin(tissue.segment(seen(density), 8), INK).any()
    even = lines(((100, 60), (150, 60)), width=40) & ~there
    density = density + even[..., None] * np.float32((0.15, 0.4, 0.2))
    labels = tissue.segment(seen(density), 8)
    assert np.isin(labels[there], INK).mean() < 0.01


@pytest.mark.parametrize("colour", [(205, 60, 110), (190, 30, 130), (95, 40, 140), (120, 80, 180)])
@pytest.mark.parametrize("width", [9, 10])
def test_narrow_strokes_are_told(colour, width):
    """Of 72 and 80 um: five pixels of the picture that films are looked for in."""
    density, there = piece()
    drawn = lines(((60, 84), (150, 60)), ((50, 110), (140, 130)), width=width)
    labels = tissue.segment(seen(with_ink(density, drawn, colour)), 8)
    assert np.isin(labels[drawn & there], INK).mean() > 0.6
    beside = there & ~(cv2.dilate(drawn.astype(np.uint8), np.ones((7, 7))) > 0)
    assert np.isin(labels[beside], INK).mean() < 0.04


@pytest.mark.parametrize("colour", [(190, 30, 130), (95, 40, 140), (120, 80, 180)])
def test_ink_over_pale_tissue_is_told(colour):
    """It looks as it does on the glass, so what lies around tells where it lies."""
    density, there = piece()
    drawn = lines(((60, 84), (150, 60)), ((50, 120), (140, 40)), width=10)
    labels = tissue.segment(seen(with_ink(0.3 * density, drawn, colour)), 8)
    assert np.isin(labels[drawn & there], INK).mean() > 0.6


@pytest.mark.parametrize("colour", [(205, 60, 110), (190, 30, 130), (95, 40, 140), (120, 80, 180)])
def test_ink_is_told_by_the_short_ends_of_its_strokes(colour):
    density, there = piece()
    drawn = lines(((80, 60), (112, 50)), ((82, 110), (114, 118)), ((20, 100), (12, 140)), width=10)
    labels = tissue.segment(seen(with_ink(density, drawn, colour)), 8)
    assert np.isin(labels[drawn & there], INK).mean() > 0.5


def test_a_round_lake_at_the_edge_of_the_tissue_is_no_film():
    density, there = piece()
    lake = np.zeros((SIDE, SIDE), np.uint8)
    cv2.circle(lake, (92, 84), 18, 1, -1)
    density[lake > 0] = np.float32((0.1, 1.0, 0.8))
    labels = tissue.segment(seen(density), 8)
    assert np.isin(labels[there | (lake > 0)], INK).mean() < 0.01
