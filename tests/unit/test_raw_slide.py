"""Measuring reads JPEG tiles straight from the file: pixels, alpha and records as by OpenSlide."""

import json

import damage
import make_slide
import numpy as np
import pytest
from grossing.measure import slide as measure_slide
from grossing.slide import jpeg_stream, opening
from grossing.slide.raw_slide import RawSlide
from stages import measured

GLASS = (240, 230, 9)
PLACES = [(0, 0, 0, 300, 200), (0, 1500, 1300, 500, 500), (0, -40, -60, 90, 100)]
PLACES += [(1, 0, 0, 450, 425), (1, 1600, 1400, 120, 90), (1, 1601, 3, 40, 40), (0, 9000, 9, 20, 9)]


@pytest.fixture(scope="module")
def odd(tmp_path_factory, real_slide):
    path = tmp_path_factory.mktemp("odd") / "odd.svs"
    make_slide.make_slide(real_slide, path, 1803, 1703, tissue_fraction=0.7)
    return path


def check_equal(path):
    with RawSlide(str(path)) as ours, opening.Slide(path) as theirs:
        for place in PLACES:
            expected = theirs.read_premultiplied(*place)
            np.testing.assert_array_equal(ours.read_premultiplied(*place), expected, str(place))
            whole = theirs.read(*place, GLASS)
            np.testing.assert_array_equal(ours.read(*place, GLASS), whole, str(place))
            stored = ours.read_stored(*place)
            opaque = stored.shape[2] == 3
            np.testing.assert_array_equal(stored, whole if opaque else expected, str(place))
            assert not opaque or (expected[..., 3] == 255).all()
        return {level: reader is not None for level, reader in ours._raw.items()}


def test_pixels_and_alpha_are_those_of_openslide(odd):
    assert check_equal(odd) == {0: True, 1: True}


def test_other_pixels_are_left_to_openslide(odd, monkeypatch):
    head = jpeg_stream.head
    monkeypatch.setattr(jpeg_stream, "head", lambda tables, ycbcr: head(tables, ycbcr=not ycbcr))
    assert check_equal(odd) == {0: False, 1: False}


def test_records_and_masks_are_the_same(odd, real_slide, tmp_path, monkeypatch):
    damage.destroy_tiles(odd, tmp_path / "broken.svs", 12)
    paths = [odd, real_slide, tmp_path / "broken.svs"]
    fast = [measured(path) for path in paths]
    monkeypatch.setattr(measure_slide, "RawSlide", opening.Slide)
    for path, ours in zip(paths, fast, strict=True):
        theirs = measured(path)
        assert json.dumps(ours.record.to_json()) == json.dumps(theirs.record.to_json())
        np.testing.assert_array_equal(ours.mask, theirs.mask)
        np.testing.assert_array_equal(ours.overview, theirs.overview)
