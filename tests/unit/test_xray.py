"""X-rays: which way round they are, contrast without a detour over 8 bit, lung fields."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from chest_phantom import make_chest
from grossing.radiology.xr import contrast, lung_field, photometric

CXR = Path(__file__).parents[3] / "shared/data/radiology/cxr"


@pytest.fixture(scope="module")
def chest():
    return make_chest()


def dice(one, two):
    return 2 * (one & two).sum() / (one.sum() + two.sum())


def test_both_tags_give_the_same_picture_of_the_same_chest(chest):
    values, _ = chest
    plain = photometric.air_black(values, "MONOCHROME2")
    inverted = photometric.air_black(values.max() - values, "MONOCHROME1")
    assert np.abs(plain - inverted).max() < 1e-5
    assert photometric.check(plain).agrees


def test_a_wrong_tag_is_told_from_the_content(chest):
    """Two real files have identical pixels, and one of them says MONOCHROME1."""
    values, _ = chest
    sense = photometric.check(photometric.air_black(values, "MONOCHROME1"))
    assert sense.agrees is False
    assert sense.spine_over_lungs < -0.05
    flat = photometric.check(np.full((64, 64), 0.5, np.float32))
    assert flat.agrees is None


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_no_bit_is_lost_on_the_way(bits):
    """By way of 8 bit a picture has 256 levels, of which stretching makes gaps."""
    ramp = np.tile(np.arange(1 << bits, dtype=np.uint16).reshape(-1, 32), (1, 8))
    unit = photometric.air_black(ramp, None)
    levels = 0.95 * (1 << bits)
    assert len(np.unique(unit)) > levels
    chosen = contrast.Parameters("normal", 2.0, 1)
    made = contrast.equalise(unit, chosen, bits)
    assert len(np.unique(made)) > levels / 2
    assert made.min() >= 0 and made.max() <= 1


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.50, 0.60, ("low_contrast", 3.0, 16)),
        (0.0, 0.4, ("dark", 2.5, 12)),
        (0.6, 1.0, ("bright", 2.0, 8)),
        (0.2, 0.9, ("normal", 2.0, 8)),
    ],
)
def test_parameters_are_those_of_the_table_at_any_depth(low, high, expected):
    for full in (255, 4095, 65535):
        values = np.linspace(low, high, 10_000).reshape(100, 100) * full
        values[0, 0] = full  # a dead pixel
        chosen = contrast.parameters(values, full)
        assert (chosen.kind, chosen.clip, chosen.tiles) == expected


def test_local_contrast_rises_and_is_measured():
    values, lungs = make_chest()
    unit = photometric.air_black(values, None)
    made = contrast.equalise(unit, contrast.parameters(values, 4095), 12)
    before, after = contrast.figures(unit), contrast.figures(made)
    assert after.edge > 1.2 * before.edge
    assert unit[lungs].std() < made[lungs].std()
    flat = contrast.figures(np.zeros((32, 32), np.float32))
    assert (flat.entropy_bits, flat.contrast, flat.edge) == (0, 0, 0)
    halves = np.repeat([0.0, 1.0], 512).reshape(32, 32).astype(np.float32)
    assert contrast.figures(halves).entropy_bits == 1
    assert contrast.figures(halves).contrast == 0.5


def test_lungs_are_found_and_the_wrong_way_round_is_not_trusted(chest):
    values, lungs = chest
    found = lung_field.find(photometric.air_black(values, None))
    assert dice(found.mask, lungs) > 0.85
    assert found.confidence > 0.5
    wrong = lung_field.find(photometric.air_black(values, "MONOCHROME1"))
    assert wrong.confidence < 0.5
    blank = lung_field.find(np.zeros((80, 60), np.float32))
    assert blank.confidence == 0 and not blank.mask.any()
    assert blank.mask.shape == (80, 60)


def test_lungs_have_mean_0_and_sd_1_and_the_rest_is_kept(chest):
    values, lungs = chest
    unit = photometric.air_black(values, None)
    normal, mean, sd = lung_field.normalise(unit, lungs)
    assert normal[lungs].mean() == pytest.approx(0, abs=1e-4)
    assert normal[lungs].std() == pytest.approx(1, abs=1e-4)
    assert np.allclose(normal * sd + mean, unit, atol=1e-5)
    assert (normal[~lungs] != 0).mean() > 0.9
    with pytest.raises(ValueError, match="nothing to normalise"):
        lung_field.normalise(unit, np.zeros_like(lungs))


@pytest.mark.parametrize(("name", "least"), [("imlab_1", 0.75), ("imlab_2", 0.75)])
def test_real_films_against_an_outline_by_hand(name, least):
    if not CXR.exists():
        pytest.skip("the annotated films may not be copied; they are not at hand")
    film = cv2.imread(str(CXR / f"{name}.jpg"), cv2.IMREAD_GRAYSCALE)
    truth = cv2.imread(str(CXR / f"{name}_mask.png"), cv2.IMREAD_GRAYSCALE) > 127
    found = lung_field.find(photometric.air_black(film, None))
    assert dice(found.mask, truth) > least
    assert found.confidence > 0.5
