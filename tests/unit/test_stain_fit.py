"""Stain fits of a picture, the reference of a cohort, and pictures that have no fit."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from drawn_tiles import E, H, drawn, plain
from grossing.slide.identity import Identity
from grossing.slide.record import SlideRecord
from grossing.slide.stain_record import StainFits
from grossing.stain import evidence, normalisation, reference
from grossing.stain import fit as stain_fit
from grossing.stain.fit import METHODS
from grossing.stain.reference import SHIPPED
from grossing.support.records import Refusal
from running import REPOSITORY, SHARED, needs_shared
from scores import read
from stages import with_stain
from torchstain.numpy.normalizers import NumpyMacenkoNormalizer


def test_fit_finds_the_drawn_vectors():
    found = stain_fit.fit(drawn())
    for vector, drawn_with in ((found.h, H), (found.e, E)):
        assert stain_fit.angle(vector, drawn_with / np.linalg.norm(drawn_with)) < 4


def test_fit_is_torchstains(pink):
    normalizer = NumpyMacenkoNormalizer()
    normalizer.fit(pink)
    assert np.allclose(stain_fit.matrix(stain_fit.fit(pink)), normalizer.HERef, atol=1e-6)
    assert np.allclose(stain_fit.fit(pink).max_c, normalizer.maxCRef, atol=1e-6)
    assert stain_fit.fit(pink.reshape(-1, 3)) == stain_fit.fit(pink)


@pytest.mark.parametrize("method", METHODS)
def test_no_fit_is_none(method):
    assert stain_fit.fit(np.zeros((0, 3), np.uint8), method=method) is None
    assert stain_fit.fit(np.full((499, 3), (120, 60, 140), np.uint8), method=method) is None
    assert stain_fit.fit(np.full((9999, 3), (120, 60, 140), np.uint8), method=method) is None


def test_macenko_finds_nothing_on_glass_and_in_a_single_stain():
    assert stain_fit.fit(plain(243)) is None
    assert stain_fit.fit(drawn(e=H)) is None


@pytest.mark.parametrize("wrong", [np.zeros((9, 9)), np.zeros((9, 4), np.uint8)])
def test_wrong_pixels_are_refused(wrong):
    with pytest.raises(ValueError, match="uint8"):
        stain_fit.fit(wrong)
    with pytest.raises(ValueError, match="uint8"):
        normalisation.apply(None, wrong, None)


def test_fit_survives_json(pink):
    fits = StainFits(**{method: stain_fit.fit(pink, method=method) for method in METHODS})
    assert StainFits.from_json(json.loads(json.dumps(asdict(fits)))) == fits


def slide(real, slide_id, fits):
    """The real slide under another id with other stain colours."""
    return replace(with_stain(real.record, stain_fit=fits), slide_id=slide_id)


def test_pool_is_the_median_and_leaves_out_what_has_no_fit(real, tmp_path):
    fits = [stain_fit.fit(drawn(strength=s)) for s in (0.8, 1.0, 5.0)]
    slides = [slide(real, f"s{i}", StainFits(one)) for i, one in enumerate([*fits, None])]
    gone = SlideRecord("gone", Identity(None, None), Refusal("file_missing", "", ""))
    slides += [slide(real, "ihc", None), gone]
    made = reference.pool(slides, reference="training")
    assert made.slides == ("s0", "s1", "s2")
    assert made.fits.reinhard is None
    assert made.fits.macenko.max_c == pytest.approx(fits[1].max_c, rel=0.02)
    assert np.linalg.norm(stain_fit.matrix(made.fits.macenko), axis=0) == pytest.approx(1)
    made.write(tmp_path / "reference.json")
    assert reference.Reference.read(tmp_path / "reference.json") == made
    assert reference.read_fit(tmp_path / "reference.json", "macenko") == made.fits.macenko
    with pytest.raises(ValueError, match="no reinhard fit: delete this file"):
        reference.read_fit(tmp_path / "reference.json", "reinhard")


def test_a_reference_without_a_fit_is_an_error_with_a_remedy(real):
    with pytest.raises(ValueError, match=r"'x': none of x .* name another"):
        reference.pool([slide(real, "x", None)], reference="x")


def test_means_that_show_one_stain_leave_the_pixels_their_fit(pink):
    even = np.full((9999, 3), (120, 60, 140), np.uint8)
    assert stain_fit.fit_all(pink, None, even) == stain_fit.fit_all(pink)


@needs_shared
def test_shipped_reference_is_the_fit_of_its_picture():
    target = read(SHARED / "tiles/schaugf_example1.png")
    assert StainFits(**{m: stain_fit.fit(target, method=m) for m in METHODS}) == SHIPPED


@pytest.mark.parametrize("vector", [H, E])
@pytest.mark.parametrize("method", METHODS)
def test_one_stain_with_noise_has_no_fit(vector, method):
    rng = np.random.default_rng(1)
    amount = rng.uniform(0, 1.2, (256, 256, 1)) * np.array(vector)
    tile = np.clip(240 * np.exp(-amount) + rng.normal(0, 3, (256, 256, 3)), 0, 255)
    fits, shown = stain_fit.fit_all(tile.astype(np.uint8))
    assert stain_fit.of_method(fits, method) is None
    assert evidence.doubt(shown) in ("one_stain", "fit_failed")


@pytest.mark.parametrize("kind", ["exchanged", "another dye"])
def test_a_fit_whose_dark_pixels_are_not_hematoxylin_is_not_used(kind):
    """Normalised, nuclei become red and glass blue."""
    if kind == "exchanged":
        tile = drawn(h=E, e=H)
    else:  # purple, on a smear
        tile = read(REPOSITORY / "tests/data/samples/nuclei_brightfield/00ae65c1c663.png")
    fits, shown = stain_fit.fit_all(tile)
    assert fits == StainFits() and evidence.doubt(shown) == "one_stain"
    assert min(shown.hematoxylin_share, shown.eosin_share) >= evidence.LEAST_SHARE
    assert shown.stain_spread_deg >= evidence.LEAST_SPREAD_DEG


def test_a_brown_slide_has_no_fit_and_says_why():
    fits, shown = stain_fit.fit_all(plain((120, 80, 40), noise=12))
    assert fits == StainFits() and evidence.doubt(shown) == "foreign_colour"
