"""Areas of the slide under another light: as even as glass, and no tissue."""

import cv2
import numpy as np
import pytest
from grossing.mask import labels as labels_of
from grossing.mask import tissue

GLASS = (242, 240, 243)


def slide(seed=0):
    """Glass with a rough round piece of tissue; (400, 600, 3), and where the tissue is."""
    rng = np.random.default_rng(seed)
    piece = np.zeros((400, 600), np.uint8)
    cv2.circle(piece, (180, 200), 90, 1, -1)
    spots = cv2.GaussianBlur(rng.normal(0, 1, piece.shape), (0, 0), 2) > 0.1
    stain = np.where(spots[..., None], (130, 85, 160), (215, 140, 185))
    stain = stain + rng.normal(0, 14, stain.shape)
    return np.where(piece[..., None] > 0, stain, np.float64(GLASS)), piece > 0


def seen(picture, noise=0.5, quality=None, seed=1):
    noisy = picture + np.random.default_rng(seed).normal(0, noise, picture.shape)
    rounded = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    if quality is None:
        return rounded
    _, code = cv2.imencode(".jpg", rounded[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1])


def under_film(picture, film=(0.97, 0.9, 0.93)):
    """The left three quarters lie under a film or cover slip that takes this much light."""
    return np.where(np.arange(600)[:, None] < 450, picture * np.array(film), picture)


@pytest.mark.parametrize("quality", [None, 80])
def test_glass_under_a_film_is_no_tissue(quality):
    picture = np.broadcast_to(np.float64(GLASS), (400, 600, 3))
    found = tissue.find(seen(under_film(picture), quality=quality), 8)
    assert found.has_glass
    assert (found.labels == labels_of.TISSUE).mean() <= 0.02


@pytest.mark.parametrize("quality", [None, 80])
def test_tissue_under_a_film_stays_and_the_film_is_told(quality):
    picture, truth = slide()
    found = tissue.find(seen(under_film(picture), quality=quality), 8)
    marked = found.labels == labels_of.TISSUE
    assert marked[truth].mean() > 0.97
    assert marked[~truth].mean() < 0.06
    assert found.faint > 0.3


@pytest.mark.parametrize("strength", [1.0, 0.3])
def test_blurred_pale_and_compressed_tissue_is_not_as_even_as_glass(strength):
    picture, truth = slide()
    pale = cv2.GaussianBlur(GLASS + strength * (picture - GLASS), (0, 0), 1.5)
    found = tissue.find(seen(pale, quality=40), 8)
    assert (found.labels == labels_of.TISSUE)[truth].mean() > 0.95


def test_a_small_even_area_within_tissue_stays():
    picture, truth = slide()
    cv2.circle(hole := np.zeros(truth.shape, np.uint8), (180, 200), 15, 1, -1)
    picture = np.where(hole[..., None] > 0, (225.0, 200.0, 225.0), picture)
    found = tissue.find(seen(picture), 8)
    assert (found.labels == labels_of.TISSUE)[truth].mean() > 0.97


FLUIDS = {
    "serous": (232.0, 208.0, 228.0),
    "mucin": (205.0, 198.0, 224.0),
    "colloid": (220.0, 140.0, 180.0),
    "blood": (215.0, 130.0, 140.0),
}


def lake(colour):
    """The slide with an even round lake of 0.5 mm2 within its tissue, and its truth."""
    picture, truth = slide()
    cv2.circle(inside := np.zeros(truth.shape, np.uint8), (180, 200), 50, 1, -1)
    return np.where(inside[..., None] > 0, colour, picture), truth


@pytest.mark.parametrize("noise", [0.5, 2.0])
@pytest.mark.parametrize("fluid", FLUIDS)
def test_an_even_lake_within_tissue_stays(fluid, noise):
    picture, truth = lake(FLUIDS[fluid])
    found = tissue.find(seen(picture, noise=noise), 8)
    assert (found.labels == labels_of.TISSUE)[truth].mean() > 0.97


@pytest.mark.parametrize("fluid", ["colloid", "blood"])
def test_a_dark_even_lake_at_the_edge_of_the_picture_stays(fluid):
    picture, truth = lake(FLUIDS[fluid])
    cut = np.ascontiguousarray(seen(picture)[200:, :350])
    found = tissue.find(cut, 8)
    kept = np.isin(found.labels, (labels_of.TISSUE, labels_of.POSSIBLE_PEN))
    assert kept[truth[200:, :350]].mean() > 0.97
