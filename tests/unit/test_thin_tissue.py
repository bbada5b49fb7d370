"""How much of the tissue is nowhere wide."""

import cv2
import numpy as np
import pytest
from grossing.mask import thin_tissue
from grossing.mask.labels import GLASS, NOT_SCANNED, PEN, TISSUE


def drawn(mpp, width_um, label=TISSUE):
    """A curved thread of this width on 6 mm of glass."""
    side = round(6000 / mpp)
    labels = np.full((side, side), GLASS, np.uint8)
    axes = (round(2200 / mpp), round(1500 / mpp))
    width = max(1, round(width_um / mpp))
    cv2.ellipse(labels, (side // 2, side // 2), axes, 20, 0, 250, label, width)
    return labels


@pytest.mark.parametrize("mpp", [2.0, 8.0, 20.0])
def test_threads_and_specks_are_thin_and_wide_pieces_are_not(mpp):
    assert thin_tissue.share(drawn(mpp, 80), mpp) > 0.95
    assert thin_tissue.share(drawn(mpp, 400), mpp) < 0.05
    both = drawn(mpp, 80)
    side = len(both)
    both[side // 2 :, : side // 4] = TISSUE
    assert 0.05 < thin_tissue.share(both, mpp) < 0.4


def test_ink_over_the_tissue_and_the_edge_of_the_scan_make_it_no_thinner():
    labels = drawn(8.0, 400)
    plain = thin_tissue.share(labels, 8.0)
    labels[:, ::16][labels[:, ::16] == TISSUE] = PEN
    labels[:, 1::16][labels[:, 1::16] == TISSUE] = PEN
    assert thin_tissue.share(labels, 8.0) <= plain + 0.02
    cut = np.full((300, 300), NOT_SCANNED, np.uint8)
    cut[100:110] = TISSUE
    assert thin_tissue.share(cut, 8.0) == 0


@pytest.mark.parametrize("shape", [(1, 1), (2, 700), (700, 2), (300, 300)])
def test_without_tissue_nothing_is_thin(shape):
    assert thin_tissue.share(np.full(shape, GLASS, np.uint8), 8.0) is None
    assert 0 <= thin_tissue.share(np.full(shape, TISSUE, np.uint8), 8.0) <= 1
