"""Nuclei drawn with known number and size; annotated pictures are scored in test_scores.py."""

import cv2
import numpy as np
import pytest
from grossing.nuclei import segmentation, signal_levels
from scores import SAMPLES, centroids, read

STROMA, HEMATOXYLIN, GLASS = (222, 165, 200), (88, 60, 135), (243, 243, 243)


def picture(places, radius_px, side=256, back=STROMA, colour=HEMATOXYLIN, seed=0):
    """Discs on an even ground, with the blur and the noise of a scanner."""
    rgb = np.full((side, side, 3), back, np.uint8)
    for x, y in places:
        cv2.circle(rgb, (x, y), radius_px, colour, -1, cv2.LINE_AA)
    noise = np.random.default_rng(seed).normal(0, 3, rgb.shape)
    return np.clip(cv2.GaussianBlur(rgb, (0, 0), 0.7) + noise, 0, 255).astype(np.uint8)


def grid(step=40, side=256):
    at = range(step // 2, side - step // 2, step)
    return [(x, y) for y in at for x in at]


@pytest.mark.parametrize("mpp", [0.25, 0.5])
@pytest.mark.parametrize("radius_um", [2.5, 5.0])
def test_finds_each_disc_once_with_its_size(mpp, radius_um):
    places, radius = grid(48), round(radius_um / mpp)
    labels = segmentation.segment_nuclei(picture(places, radius), mpp)
    assert labels.shape == (256, 256) and labels.dtype == np.int32
    centres = centroids(labels)[:, ::-1]
    assert len(centres) == len(places)
    away = np.linalg.norm(centres[:, None] - np.array(places, float), axis=2)
    assert (away.min(axis=0) < 1.5).all()
    areas = np.bincount(labels.ravel())[1:]
    assert np.median(areas) == pytest.approx(np.pi * (radius + 0.5) ** 2, rel=0.12)


def test_first_number_is_a_nucleus_not_the_ground():
    labels = segmentation.segment_nuclei(picture(grid(), 10), 0.5)
    areas = np.bincount(labels.ravel())
    assert areas[0] > 256 * 256 / 2
    assert areas[1:].max() < 2 * np.pi * 10**2


def test_small_lymphocytes_survive_the_opening():
    """Seven openings with 3 x 3 px, as a tutorial has it, leave nothing of 5 um at 0.5 um/px."""
    rgb = picture(grid(), 5)
    dark = (cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) < 130).astype(np.uint8)
    seven = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8), iterations=7)
    assert seven.sum() == 0
    assert segmentation.segment_nuclei(rgb, 0.5).max() == len(grid())


@pytest.mark.parametrize("mpp", [0.25, 0.5])
def test_a_blot_larger_than_any_nucleus_is_none(mpp):
    """Radii of 8 and 12 um: 201 um2 is a large nucleus, 452 um2 is none."""
    rgb = picture([(64, 64)], round(8 / mpp))
    cv2.circle(rgb, (180, 180), round(12 / mpp), HEMATOXYLIN, -1, cv2.LINE_AA)
    labels = segmentation.segment_nuclei(rgb, mpp)
    assert labels.max() == 1 and labels[64, 64] == 1
    assert segmentation.segment_nuclei(rgb, mpp, area_um2_max=600.0).max() == 2


@pytest.mark.parametrize("gap", [0, -3])
def test_touching_nuclei_are_two(gap):
    places = [(x + dx, y) for x, y in grid(64) for dx in (-8 - gap, 9)]
    assert segmentation.segment_nuclei(picture(places, 9), 0.5).max() == len(places)


def test_dim_nuclei_beside_bright_ones_count():
    """A limit of a share of the brightest loses the dim ones."""
    bright, dim = grid(64), [(x + 32, y + 32) for x, y in grid(64)[:9]]
    rgb = picture(bright, 10, back=(8, 8, 8), colour=(230, 230, 230))
    rgb = np.maximum(rgb, picture(dim, 10, back=(0, 0, 0), colour=(60, 60, 60), seed=1))
    labels = segmentation.segment_nuclei(rgb, 0.5, modality="fluorescence")
    assert labels.max() == len(bright) + len(dim)


@pytest.mark.parametrize("mpp", [0.35, 0.5, 0.65])
@pytest.mark.parametrize("radius", [6, 12, 25])
def test_fluorescent_nuclei_of_any_size_stay_whole(mpp, radius):
    places = grid(64)
    rgb = picture(places, radius, back=(6, 6, 6), colour=(20, 20, 140))
    assert segmentation.segment_nuclei(rgb, mpp, modality="fluorescence").max() == len(places)


def ink(colour):
    rgb = np.full((256, 256, 3), GLASS, np.uint8)
    cv2.line(rgb, (0, 40), (255, 200), colour, 60)
    rgb[100:140:7, 100:140:7] = (10, 60, 50)
    return cv2.GaussianBlur(rgb, (0, 0), 2)


def empty_pictures():
    rng = np.random.default_rng(0)
    glass = np.clip(rng.normal(GLASS, 3, (256, 256, 3)), 0, 255).astype(np.uint8)
    line = glass.copy()
    cv2.line(line, (90, 0), (120, 255), (40, 40, 42), 3)
    stroma = np.clip(rng.normal(STROMA, 4, (256, 256, 3)), 0, 255).astype(np.uint8)
    black = np.zeros((256, 256, 3), np.uint8)
    return {
        "glass": glass,
        "line": line,
        "green ink": ink((30, 150, 120)),
        "black ink": ink((30, 30, 32)),
        "blue ink": ink((60, 100, 200)),
        "dark blue ink": ink((10, 20, 120)),
        "stroma": stroma,
        "black": black,
    }


@pytest.mark.parametrize("name", empty_pictures())
@pytest.mark.parametrize("mpp", [0.25, 0.5])
def test_nothing_is_found_where_nothing_is(name, mpp):
    assert segmentation.segment_nuclei(empty_pictures()[name], mpp).max() == 0


def test_a_dark_field_without_nuclei_has_none():
    noise = np.random.default_rng(0).normal(20, 3, (256, 256, 3))
    rgb = np.clip(noise, 0, 255).astype(np.uint8)
    assert segmentation.segment_nuclei(rgb, 0.5, modality="fluorescence").max() == 0


def test_mask_keeps_whole_nuclei_that_are_mostly_inside():
    rgb, mask = picture([(60, 60), (128, 60), (200, 60)], 10), np.zeros((256, 256), bool)
    mask[:, :131] = True  # a little more than half of the one in the middle
    levels = signal_levels.find_levels([segmentation.sample(rgb, 0.5)], "brightfield")
    labels = segmentation.segment_nuclei(rgb, 0.5, mask, levels=levels)
    whole = segmentation.segment_nuclei(rgb, 0.5, levels=levels)
    assert labels.max() == 2
    assert np.array_equal(labels > 0, (whole > 0) & (np.arange(256) < 160))
    assert segmentation.segment_nuclei(rgb, 0.5, np.zeros_like(mask)).max() == 0


def test_pooled_levels_are_those_of_the_pictures_together():
    one, other = picture(grid(), 10), picture([], 10)
    samples = [segmentation.sample(picture, 0.5) for picture in (one, other)]
    pooled = signal_levels.find_levels(samples, "brightfield")
    assert segmentation.segment_nuclei(one, 0.5, levels=pooled).max() == len(grid())
    assert segmentation.segment_nuclei(other, 0.5, levels=pooled).max() == 0
    assert signal_levels.find_levels(samples[1:], "brightfield") is None


def test_equal_pictures_give_equal_labels():
    rgb = picture([(x, y) for x, y in grid(24)], 10)
    assert np.array_equal(
        segmentation.segment_nuclei(rgb, 0.4), segmentation.segment_nuclei(rgb, 0.4)
    )


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"rgb": np.zeros((9, 9), np.uint8)}, "rgb"),
        ({"rgb": np.zeros((9, 9, 3), np.float32)}, "rgb"),
        ({"mpp": 0.0}, "mpp"),
        ({"mask": np.ones((3, 3), bool)}, "mask"),
        ({"modality": "confocal"}, "modality"),
    ],
)
def test_wrong_input_is_named(change, word):
    given = {"rgb": np.zeros((9, 9, 3), np.uint8), "mpp": 0.5, "mask": None} | change
    with pytest.raises(ValueError, match=word):
        segmentation.segment_nuclei(**given)


@pytest.mark.parametrize("shape", [(1, 1), (3, 500)])
def test_tiny_pictures_are_no_error(shape):
    for modality in ("brightfield", "fluorescence"):
        rgb = np.full((*shape, 3), 90, np.uint8)
        assert segmentation.segment_nuclei(rgb, 0.5, modality=modality).shape == shape


@pytest.mark.parametrize("path", sorted((SAMPLES / "glass").iterdir()), ids=lambda path: path.stem)
@pytest.mark.parametrize("mpp", [0.25, 0.5, 1.0])
def test_real_glass_and_ink_have_no_nuclei(path, mpp):
    assert segmentation.segment_nuclei(read(path), mpp).max() == 0
