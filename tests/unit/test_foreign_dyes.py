"""Which stains are told from H&E by their colours: mixtures of dyes with known spectra."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from grossing.stain import foreign_dyes, statistics
from grossing.support.types import Pixels
from stages import CONFIG

LIMITS = CONFIG["thresholds"]["slide"]
FOREIGN_MAX, EOSIN_MIN = LIMITS["foreign_dye_fraction_max"], LIMITS["eosin_fraction_min"]
SAMPLES = Path(__file__).parents[1] / "data/samples/tissue"
# Optical density in R, G, B (Ruifrok and Johnston 2001, and the colour deconvolution of Fiji)
DYES = {
    "hematoxylin": (0.644, 0.717, 0.267),
    "eosin": (0.093, 0.954, 0.283),
    "blood": (0.10, 0.60, 0.53),
    "dab": (0.27, 0.57, 0.78),
    "pas": (0.175, 0.972, 0.155),
    "alcian_blue": (0.875, 0.458, 0.158),
    "methyl_blue": (0.80, 0.59, 0.11),
    "aec": (0.27, 0.68, 0.68),
    "fast_red": (0.214, 0.851, 0.478),
    "methylene_blue": (0.835, 0.514, 0.196),
    "methyl_green": (0.980, 0.144, 0.133),
    "light_green": (0.947, 0.254, 0.197),
    "ponceau": (0.100, 0.737, 0.668),
    "picric_acid": (0.02, 0.12, 0.99),
    "silver": (0.58, 0.58, 0.58),
}
GLASS = (240, 240, 240)
CASTS = ((240, 240, 240), (192, 240, 240), (240, 192, 240), (240, 240, 192))


def stained(dyes: dict[str, float], glass: npt.ArrayLike = GLASS, noise: float = 2.0) -> Pixels:
    """(N, 3) pixels of tissue in which each dye but the first is in a share of the places.

    Hematoxylin is everywhere, and strong in a quarter of the places; the mean densities are given.
    """
    random = np.random.default_rng(3)
    count = 6000
    density = np.zeros((count, 3))
    for name, mean in dyes.items():
        spectrum = np.array(DYES[name]) / np.linalg.norm(DYES[name])
        here = random.random(count) < (1.0 if name == "hematoxylin" else 0.5)
        strong = np.where(random.random(count) < 0.25, 2.5, 0.5)
        amount = mean * here * strong * random.uniform(0.6, 1.4, count)
        density += amount[:, None] * spectrum
    seen = np.array(glass) * 10**-density + random.normal(0, noise, density.shape)
    return np.rint(seen.clip(0, 255)).astype(np.uint8)


def pale_of(dye: str, amount: float, noise: float = 2.0) -> Pixels:
    """(6000, 3) pixels of one density."""
    density = amount * np.array(DYES[dye]) / np.linalg.norm(DYES[dye])
    seen = np.array(GLASS) * 10**-density + np.random.default_rng(4).normal(0, noise, (6000, 3))
    return np.rint(seen).astype(np.uint8)


def shares(pixels: Pixels, glass: npt.ArrayLike = GLASS) -> foreign_dyes.DyeShares:
    found = foreign_dyes.shares(pixels, glass)
    assert found is not None
    return found


@pytest.mark.parametrize("glass", CASTS)
@pytest.mark.parametrize(
    "dyes",
    [
        {"hematoxylin": 0.4, "eosin": 0.6},
        {"hematoxylin": 0.2, "eosin": 0.25},
        {"hematoxylin": 0.8, "eosin": 0.2},
        {"hematoxylin": 0.2, "eosin": 1.2},
        {"eosin": 0.6},
        {"hematoxylin": 0.3, "eosin": 0.3, "blood": 0.9},
    ],
    ids=["usual", "faded", "blue_heavy", "eosin_heavy", "eosin_alone", "bloody"],
)
def test_h_and_e_is_no_other_stain(dyes: dict[str, float], glass: tuple[int, ...]) -> None:
    found = shares(stained(dyes, glass), glass)
    assert found.foreign < FOREIGN_MAX / 3
    assert found.eosin > 2 * EOSIN_MIN


@pytest.mark.parametrize(
    "dyes",
    [
        {"hematoxylin": 0.4, "dab": 0.4},
        {"hematoxylin": 0.4, "alcian_blue": 0.6},
        {"hematoxylin": 0.2, "pas": 0.4, "alcian_blue": 0.6},
        {"methylene_blue": 0.6, "eosin": 0.3},
        {"methyl_green": 0.4, "dab": 0.4},
        {"hematoxylin": 0.4, "ponceau": 0.4, "light_green": 0.5},
        {"hematoxylin": 0.3, "ponceau": 0.4, "methyl_blue": 0.5},
        {"hematoxylin": 0.3, "ponceau": 0.4, "picric_acid": 0.5},
        {"eosin": 0.4, "silver": 0.6},
    ],
    ids=[
        *("dab", "alcian", "alcian_pas", "giemsa", "green_dab"),
        *("goldner", "masson", "van_gieson", "silver"),
    ],
)
def test_other_dyes_are_foreign(dyes: dict[str, float]) -> None:
    assert shares(stained(dyes)).foreign > FOREIGN_MAX


@pytest.mark.parametrize("glass", CASTS)
@pytest.mark.parametrize("dye", ["dab", "aec"])
def test_rare_chromogen_is_no_eosin(dye: str, glass: tuple[int, ...]) -> None:
    """Too little brown for a share of its own, but nothing else is redder than hematoxylin."""
    chromogen = stained({dye: 0.4}, glass)[:900]
    found = shares(np.concatenate([stained({"hematoxylin": 0.5}, glass), chromogen]), glass)
    assert found.foreign < FOREIGN_MAX
    assert found.eosin < EOSIN_MIN


@pytest.mark.parametrize("hematoxylin", [0.25, 0.3, 0.35])
def test_mixtures_of_hematoxylin_and_brown_are_no_eosin(hematoxylin: float) -> None:
    """Some have its colour, but not more of them than there is brown beyond."""
    found = shares(stained({"hematoxylin": hematoxylin, "dab": 0.1}))
    assert 0.02 < found.foreign < FOREIGN_MAX
    assert found.eosin < EOSIN_MIN


def test_nothing_but_blood_has_no_eosin() -> None:
    assert shares(stained({"blood": 0.8})).eosin < EOSIN_MIN


def test_a_blue_dye_beside_eosin_is_no_trichrome() -> None:
    """Blue hematoxylin absorbs more red than green, but it does not lie on one line with eosin."""
    blue = {"hematoxylin": 0.1, "methyl_blue": 0.1, "eosin": 0.4}
    trichrome = {"hematoxylin": 0.1, "methyl_blue": 0.1, "ponceau": 0.4}
    assert shares(stained(blue)).foreign < shares(stained(trichrome)).foreign / 3


def test_hematoxylin_alone_has_no_eosin_and_faded_eosin_has() -> None:
    for noise in (0.0, 2.0):
        alone = shares(stained({"hematoxylin": 0.5}, noise=noise))
        assert alone.eosin < EOSIN_MIN / 2
        assert alone.foreign < FOREIGN_MAX
        faded = shares(stained({"hematoxylin": 0.4, "eosin": 0.12}, noise=noise))
        assert faded.eosin > 2 * EOSIN_MIN


@pytest.mark.parametrize("noise", [0.0, 2.0, 4.0])
def test_pale_eosin_beside_dark_nuclei_is_seen_and_pale_hematoxylin_is_none(noise: float) -> None:
    nuclei = stained({"hematoxylin": 0.4}, noise=noise)
    with_eosin, without = (
        shares(np.concatenate([nuclei, pale_of(dye, 0.25, noise)]))
        for dye in ("eosin", "hematoxylin")
    )
    assert with_eosin.eosin > 2 * EOSIN_MIN
    assert without.eosin < shares(nuclei).eosin + EOSIN_MIN / 10


def test_pas_has_colours_of_h_and_e_but_not_those_of_the_same_laboratory() -> None:
    pas, eosin = ({"hematoxylin": 0.4, red: 0.4} for red in ("pas", "eosin"))
    found, usual = shares(stained(pas)), shares(stained(eosin))
    assert found.foreign < FOREIGN_MAX and found.eosin > EOSIN_MIN
    assert found.blue_ratio_low < usual.blue_ratio_low - 0.07


def test_red_nuclei_beside_a_little_blue_are_none_of_hematoxylin() -> None:
    """Nuclear fast red, pale everywhere else, and alcian blue in a few places."""
    nuclei = pale_of("fast_red", 0.8)
    usual = stained({"hematoxylin": 0.4, "eosin": 0.4})
    for blue in ("alcian_blue", "methyl_blue"):
        few = pale_of(blue, 0.8)[:600]
        assert shares(np.concatenate([nuclei, few])).foreign > FOREIGN_MAX
        assert shares(np.concatenate([usual, few[:300]])).foreign < FOREIGN_MAX
    assert shares(nuclei).foreign < FOREIGN_MAX


def test_dye_that_marks_a_margin_does_not_set_a_slide_apart() -> None:
    he = stained({"hematoxylin": 0.4, "eosin": 0.4})
    marked = shares(np.concatenate([he, stained({"methyl_blue": 1.0})[: len(he) // 20]]))
    assert marked.foreign > 0
    assert marked.red_ratio_high == pytest.approx(shares(he).red_ratio_high, abs=0.05)


def test_the_colours_of_the_purest_dyes_do_not_depend_on_their_amounts() -> None:
    usual = shares(stained({"hematoxylin": 0.4, "eosin": 0.6}))
    for dyes in (
        {"hematoxylin": 0.4, "eosin": 0.6, "blood": 0.5},
        {"hematoxylin": 0.7, "eosin": 0.6},
        {"hematoxylin": 0.4, "eosin": 0.9},
    ):
        assert abs(shares(stained(dyes)).blue_ratio_low - usual.blue_ratio_low) < 0.05
    for blue in ("methyl_blue", "alcian_blue"):
        trichrome = shares(stained({"hematoxylin": 0.2, "ponceau": 0.4, blue: 0.4}))
        assert trichrome.red_ratio_high > usual.red_ratio_high + 0.2


def test_blood_that_absorbs_as_much_blue_as_green_is_no_other_dye() -> None:
    """As cameras with a little more blue gain see it: four fifths of the tissue are blood."""
    bluer = stained({"blood": 0.8}).astype(float)
    bluer[:, 2] = 240 * (bluer[:, 2] / 240) ** 1.15
    tissue = np.concatenate([bluer.astype(np.uint8), stained({"hematoxylin": 0.4, "eosin": 0.6})])
    assert shares(tissue).foreign < FOREIGN_MAX / 3


@pytest.mark.parametrize("name", ["camelyon.jpg", "tcga_498.jpg"])
def test_real_h_and_e(name: str) -> None:
    picture = cv2.imread(str(SAMPLES / name))
    assert picture is not None
    found = shares(picture[..., ::-1].reshape(-1, 3), (235, 235, 235))
    assert found.foreign < FOREIGN_MAX
    assert found.eosin > 2 * EOSIN_MIN


def test_little_tissue_tells_nothing() -> None:
    pixels = stained({"hematoxylin": 0.4, "dab": 0.4})
    assert foreign_dyes.shares(pixels[:300], GLASS) is None
    measured = statistics.measure(np.repeat(pixels[:1] * 0 + 230, 900, 0), GLASS, is_he=True)
    assert (measured.foreign_dye_fraction, measured.eosin_fraction) == (None, None)


def test_the_amounts_of_h_and_e_are_not_measured_in_another_stain() -> None:
    for dyes in ({"hematoxylin": 0.4, "dab": 0.6}, {"hematoxylin": 0.5}):
        other = statistics.measure(stained(dyes), GLASS, is_he=True)
        assert not other.is_he
        assert other.foreign_dye_fraction is not None and other.eosin_fraction is not None
        assert other.blue_ratio_low is not None and other.red_ratio_high is not None
        assert other.eosin_extent is not None
        assert (other.hematoxylin_od, other.eosin_od, other.stain_fit) == (None, None, None)
    pink = statistics.measure(stained({"hematoxylin": 0.4, "eosin": 0.6}), GLASS, is_he=True)
    assert pink.is_he and pink.eosin_od is not None


def test_red_in_places_beside_blue_pale_tissue_is_no_h_and_e() -> None:
    """Fast red has eosin's colours, but eosin would be everywhere."""
    counterstained = {"hematoxylin": 0.4}
    with_eosin = stained({"hematoxylin": 0.4, "eosin": 0.3})
    mucin = pale_of("alcian_blue", 0.3)
    for dyes, is_he in (
        ([stained(counterstained), stained({"fast_red": 0.6})[:900]], False),
        ([with_eosin, stained({"hematoxylin": 0.6})], True),
        ([with_eosin, mucin], True),
        ([with_eosin[:900], stained({"blood": 0.8})], True),
    ):
        pixels = np.concatenate(dyes)
        assert shares(pixels).eosin > EOSIN_MIN
        found = statistics.measure(pixels, GLASS, is_he=True)
        assert found.is_he == is_he
        assert (found.eosin_extent >= LIMITS["eosin_extent_min"]) == is_he


def test_eosin_of_pale_tissue_is_unknown_without_any() -> None:
    tissue = stained({"hematoxylin": 0.4, "eosin": 0.6})
    dense = np.log10(np.array(GLASS) / np.maximum(tissue, 1)).sum(axis=1) > 0.55
    found = statistics.measure(tissue[dense], GLASS, is_he=True)
    assert found.is_he and found.eosin_extent is None


def test_of_a_pale_slide_the_paler_half_has_eosin_too() -> None:
    """Its nuclei are no darker than the cytoplasm of others."""
    pale = np.concatenate([pale_of("eosin", 0.15), pale_of("hematoxylin", 0.35)])
    assert statistics.measure(pale, GLASS, is_he=True).eosin_extent > 0.9


@pytest.mark.parametrize("spread, scale, mean", [(1, 0.3, 0.1), (2, 0.2, 0.1), (2, 0.2, 0.15)])
def test_pale_brown_is_told_by_the_line_of_its_mixtures(
    spread: float, scale: float, mean: float
) -> None:
    """Everywhere beside hematoxylin: hardly a pixel has a colour outside H&E, some have eosin's."""
    random = np.random.default_rng(0)
    hematoxylin, brown = random.gamma(spread, scale, 20_000), random.gamma(4, mean / 4, 20_000)
    amounts, others = np.stack([hematoxylin, brown], axis=1), {}
    for dye in ("dab", "eosin"):
        spectra = np.array([(0.65, 0.70, 0.29), DYES[dye]])
        spectra /= np.linalg.norm(spectra, axis=1, keepdims=True)
        seen = 240 * 10 ** -(amounts @ spectra) + random.normal(0, 1.5, (len(amounts), 3))
        others[dye] = np.rint(seen.clip(0, 255)).astype(np.uint8)
    pixels_shares = foreign_dyes.shares(others["dab"], GLASS)
    assert pixels_shares is not None
    assert pixels_shares.foreign < FOREIGN_MAX
    assert pixels_shares.eosin > EOSIN_MIN
    found = statistics.measure(others["dab"], GLASS, is_he=True)
    assert found.foreign_dye_fraction is not None
    assert found.foreign_dye_fraction > FOREIGN_MAX
    assert (found.is_he, found.hematoxylin_od, found.stain_fit) == (False, None, None)
    assert statistics.measure(others["eosin"], GLASS, is_he=True).is_he
