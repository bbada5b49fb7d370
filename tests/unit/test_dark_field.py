"""Fluorescence overviews: tissue is what is brighter than the slide's own dark background."""

import cv2
import numpy as np
import pytest
from grossing.mask import dark_field, labels, tissue
from grossing.support.types import Mask, Pixels

SIZE, MPP = 500, 8.0
EVERYWHERE = np.ones((SIZE, SIZE), bool)


def drawn(background: float = 8, glow: float = 8, vignetting: float = 0.0) -> tuple[Pixels, Mask]:
    """A blue dark field with autofluorescent tissue and its nuclei; the truth."""
    random = np.random.default_rng(1)
    truth = np.zeros((SIZE, SIZE), np.uint8)
    cv2.ellipse(truth, (200, 230), (150, 90), 30, 0, 360, 1, -1)
    signal = np.full(truth.shape, float(background)) + glow * truth
    nuclei = (random.random(truth.shape) < 0.1) & (truth > 0)
    signal += cv2.GaussianBlur(60.0 * nuclei, (0, 0), 0.7)
    down, across = np.mgrid[:SIZE, :SIZE] / SIZE - 0.5
    signal *= 1 - vignetting * 2 * (down**2 + across**2)
    rgb = np.zeros((SIZE, SIZE, 3), np.uint8)
    rgb[..., 2] = np.clip(np.rint(signal + random.normal(0, 0.7, truth.shape)), 0, 255)
    return rgb, truth > 0


@pytest.mark.parametrize(
    ("background", "glow", "vignetting"), [(8, 8, 0), (0, 8, 0), (2, 6, 0), (20, 12, 0.5)]
)
def test_tissue_of_a_dark_field(background: float, glow: float, vignetting: float) -> None:
    rgb, truth = drawn(background, glow, vignetting)
    found = tissue.segment(rgb, MPP, "DAPI")
    assert set(np.unique(found)) == {labels.TISSUE, labels.GLASS}
    inside = found == labels.TISSUE
    assert (inside & truth).sum() / (inside | truth).sum() > 0.9
    colour = dark_field.background_colour(rgb, EVERYWHERE)
    assert colour[:2].max() == 0 and colour[2] <= background + 2


def test_an_empty_dark_field_has_no_tissue() -> None:
    random = np.random.default_rng(2)
    for level, noise in ((0, 0.0), (10, 3.0)):
        grey = random.normal(level, noise, (SIZE, SIZE, 1)).clip(0, 255).astype(np.uint8)
        found = tissue.segment(np.repeat(grey, 3, 2), MPP, "fluorescence")
        assert (found == labels.GLASS).all()


def test_straight_black_at_the_edge_was_not_scanned_and_a_black_background_was() -> None:
    rgb, _ = drawn(background=10)
    rgb[:, 400:] = 0
    outside = dark_field.filler(rgb, EVERYWHERE)
    assert outside[:, 400:].all() and not outside[:, :395].any()
    black, _ = drawn(background=0, glow=30)
    assert not dark_field.filler(black, EVERYWHERE).any()
