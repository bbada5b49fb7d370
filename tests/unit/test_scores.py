"""Tissue, nuclei and focus scored on the samples of tests/data; each bar is a bit below today.

Today's figures stand in tests/data/README.md.
"""

import cv2
import grossing
import make_stack
import numpy as np
import pytest
import scores

TISSUE = ("blue_pen", "camelyon", "cmu", "green_pen", "tcga_127", "tcga_21", "tcga_498")
ASSUMED_MPP = 8.0  # of overviews that state no resolution


@pytest.fixture(scope="module")
def cmu(real_slide):
    return make_stack.region(real_slide)


# Tissue


def tissue_sample(name, cmu):
    """Picture, um per pixel, and truth."""
    truth = scores.read_labels(scores.SAMPLES / f"tissue/{name}_truth.png")
    if name != "cmu":
        return scores.read(scores.SAMPLES / f"tissue/{name}.jpg"), ASSUMED_MPP, truth
    overview = cv2.resize(cmu, truth.shape[::-1], interpolation=cv2.INTER_AREA)
    return overview, 0.499 * cmu.shape[1] / truth.shape[1], truth


def test_tissue(cmu):
    found = []
    for name in TISSUE:
        picture, mpp, truth = tissue_sample(name, cmu)
        found.append(scores.tissue_score(grossing.segment_tissue(picture, mpp), truth))
        assert found[-1].iou >= 0.9, name
        assert found[-1].tissue_as_ink <= 0.01, name
        assert found[-1].tissue_as_artefact <= 0.02, name
    assert np.mean([score.iou for score in found]) >= 0.935
    assert np.nanmax([score.ink_as_tissue for score in found]) <= 0.03


@pytest.mark.parametrize("cast", [(1, 1, 0.9), (1, 0.9, 1), (0.9, 0.9, 1), (1, 0.9, 0.8)])
def test_a_cast_keeps_the_outline_of_pale_tissue(cast, cmu):
    """Wherever between two grey levels the cast brings the glass."""
    picture, mpp, truth = tissue_sample("tcga_21", cmu)
    dither = np.random.default_rng(0).uniform(-0.5, 0.5, picture.shape)
    light = np.clip(np.rint(picture * np.array(cast) + dither), 0, 255).astype(np.uint8)
    plain, tinted = (
        scores.tissue_score(grossing.segment_tissue(each, mpp), truth).iou
        for each in (picture, light)
    )
    assert tinted == pytest.approx(plain, abs=0.005)


# Nuclei


@pytest.mark.parametrize(
    ("modality", "mpp", "f1", "aji"),
    [
        ("brightfield", 0.35, 0.71, 0.41),
        ("brightfield", 0.5, 0.69, 0.41),
        ("fluorescence", 0.35, 0.80, 0.65),
        ("fluorescence", 0.5, 0.81, 0.68),
        ("fluorescence", 0.65, 0.79, 0.68),
    ],
)
def test_nuclei(modality, mpp, f1, aji):
    """The pictures state no resolution; that of most nuclei's usual size is taken."""
    pairs = []
    for path in sorted((scores.SAMPLES / f"nuclei_{modality}").glob("*_truth.png")):
        picture = scores.read(path.with_name(path.name.replace("_truth", "")))
        predicted = grossing.segment_nuclei(picture, mpp, modality=modality)
        pairs.append((predicted, scores.read_labels(path)))
    found = scores.nuclei_score(pairs, radius_px=8)
    assert found.f1 >= f1
    assert found.aji >= aji


# Focus


@pytest.fixture(scope="module")
def sharp_tiles(cmu):
    """Tissue of two scanners, all in focus: name -> (um per pixel, tiles)."""
    liver = scores.read(scores.SAMPLES / "focus/liver.jpg")
    pictures = {"cmu": (0.499, cmu), "liver": (0.5, liver)}
    return {name: (mpp, scores.tissue_tiles(rgb)) for name, (mpp, rgb) in pictures.items()}


def focus_values(sharp_tiles, kernel):
    each = [scores.focus_values(tiles, mpp, kernel) for mpp, tiles in sharp_tiles.values()]
    return np.concatenate(each)


@pytest.fixture(scope="module")
def sharp_values(sharp_tiles):
    return focus_values(sharp_tiles, None)


def test_sharp_tiles_pass(sharp_values):
    assert len(sharp_values) == 31
    assert (sharp_values >= scores.FOCUS_LIMIT).all()


@pytest.mark.parametrize("name", scores.kernels())
def test_sharp_tiles_rank_above_blurred_ones(sharp_tiles, sharp_values, name):
    """Half a pixel of blur is within the range of sharp tissue; more is not."""
    blurred = focus_values(sharp_tiles, scores.kernels()[name])
    assert (blurred < sharp_values).all()
    assert scores.auc(sharp_values, blurred) >= (0.65 if name == "gauss 0.5" else 0.99)
    if name in scores.CLEARLY_BLURRED:
        assert (blurred < scores.FOCUS_LIMIT).mean() >= 0.98


@pytest.mark.parametrize("noise", [0, 4])
@pytest.mark.parametrize("quality", [85, 30])
@pytest.mark.parametrize("strength", [1, 0.5, 0.3])
def test_focus_of_pale_noisy_and_compressed_tiles(sharp_tiles, strength, quality, noise):
    """Sharp tiles pass; blurred ones do not, and neither do those sharpened before the blur."""
    passing = {"sharp": [], "blurred": [], "sharpened, then blurred": []}
    for mpp, tiles in sharp_tiles.values():
        for tile in tiles[::2]:
            pale = 255 - (255 - tile.astype(np.float32)) * strength
            sharpened = 2 * pale - cv2.GaussianBlur(pale, (0, 0), 1)
            pictures = pale, cv2.GaussianBlur(pale, (0, 0), 1.5)
            pictures += (cv2.GaussianBlur(np.clip(sharpened, 0, 255), (0, 0), 1.5),)
            for picture, values in zip(pictures, passing.values(), strict=True):
                value = scores.focus_of(scores.scanned(picture, noise, quality), mpp)
                values.append(value >= scores.FOCUS_LIMIT)
    shares = {name: np.mean(values) for name, values in passing.items()}
    assert shares["sharp"] >= 0.93
    assert shares["blurred"] <= 0.02
    assert shares["sharpened, then blurred"] <= 0.15


# The scores themselves


def squares(*places, side=10):
    picture = np.zeros((100, 100), np.int32)
    for number, (y, x) in enumerate(places, 1):
        picture[y : y + side, x : x + side] = 3 * number  # labels with gaps
    return picture


def test_scores_of_what_is_right_half_right_and_wrong():
    truth = squares((10, 10), (50, 50))
    half, wrong = squares((10, 10), (50, 55), (80, 80)), squares((80, 10))
    assert scores.nuclei_score([(truth, truth)], 3) == scores.NucleiScore(1, 1, 2, 2)
    assert scores.aji(half, truth) == pytest.approx((100 + 50) / (100 + 150 + 100))
    assert scores.nuclei_score([(half, truth)], 3).f1 == pytest.approx(2 * 1 / 5)
    assert scores.nuclei_score([(half, truth)], 6).f1 == pytest.approx(2 * 2 / 5)
    for nothing in (wrong, np.zeros_like(truth)):
        found = scores.nuclei_score([(nothing, truth)], 3)
        assert (found.f1, found.aji) == (0, 0)
    assert scores.iou(half[:50] > 0, truth[:50] > 0) == 1
    assert scores.auc(np.array([2, 3]), np.array([1, 2])) == 0.875


def test_a_nucleus_has_one_partner():
    truth, doubled = squares((10, 10)), squares((10, 8), (10, 14), side=6)
    assert scores.nuclei_score([(doubled, truth)], 8).f1 == pytest.approx(2 / 3)
