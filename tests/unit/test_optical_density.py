"""Separated stains; the textbook's mistakes."""

import numpy as np
import pytest
from grossing.stain import optical_density
from skimage import color


def test_separation_is_skimages_hed(pink):
    ours = optical_density.separate(pink)
    theirs = color.separate_stains(pink, color.hed_from_rgb)
    lengths = np.linalg.norm(optical_density.RUIFROK_JOHNSTON, axis=1)
    there = (pink > 0).all(axis=2)  # what is black has no density
    assert there.mean() > 0.9
    assert np.allclose(np.maximum(ours, 0)[there], (theirs * 6 * lengths)[there], atol=1e-3)


def test_eosin_is_the_second_channel_and_dab_is_not():
    """The textbook's `hdx_from_rgb` puts DAB there: pure eosin gives it next to nothing."""
    eosin = np.round(255 * 10 ** -optical_density.RUIFROK_JOHNSTON[1])
    pink_only = np.full((8, 8, 3), eosin, np.uint8)
    h, e, rest = optical_density.separate(pink_only).mean(axis=(0, 1))
    assert e > 0.95 and abs(h) < 0.02 and abs(rest) < 0.02
    hdx = color.separate_stains(pink_only, color.hdx_from_rgb).mean(axis=(0, 1)) * 6
    assert hdx[1] < 0.5 * e


def test_floats_are_from_0_to_1(pink):
    assert np.allclose(
        optical_density.separate(pink / 255), optical_density.separate(pink), atol=1e-3
    )
    for wrong in (pink.astype(float), pink / 255 - 1, np.full((2, 2, 3), np.nan)):
        with pytest.raises(ValueError, match="divide by 255"):
            optical_density.separate(wrong)
    for wrong in (pink.astype(int), pink[..., 0]):
        with pytest.raises(ValueError, match=r"uint8|\(H, W, 3\)"):
            optical_density.separate(wrong)


def test_tile_columns_are_the_means_of_the_separated_stains(pink):
    glass = (243, 240, 244)
    table = optical_density.density_table(glass)
    _, hematoxylin, eosin = optical_density.mean_densities(pink, table)
    means = optical_density.separate(pink, glass=glass).mean(axis=(0, 1))
    assert (hematoxylin, eosin) == pytest.approx(means[:2], abs=1e-4)


def test_grey_pictures_state_the_density():
    od = np.array([[-0.3, 0.0, 0.5, 2.55, 4.0]], np.float32)
    assert optical_density.to_grey(od).tolist() == [[0, 0, 50, 255, 255]]
