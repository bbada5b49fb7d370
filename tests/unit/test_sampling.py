"""The tissue that is read at full resolution for focus and stain."""

import numpy as np
import pytest
from grossing.mask import labels
from grossing.measure import sampling
from grossing.slide import facts, opening
from stages import CONFIG


def test_only_tissue_is_pooled(real_slide):
    """A quarter of the mask's rows made pen takes a quarter of the pixels."""
    with opening.Slide(real_slide) as opened:
        file = facts.file_facts(opened)
        mask = np.full((370, 277), labels.TISSUE, np.uint8)
        everything = pooled(opened, file, mask)
        mask[::4] = labels.PEN
        part = pooled(opened, file, mask)
    assert len(part) == pytest.approx(0.75 * len(everything), rel=0.02)


def pooled(opened, file, mask):
    glass = np.array([243, 243, 243], np.uint8)
    return sampling.read(opened, file, mask, 8.0, 0.499, glass, **CONFIG["focus"]).pixels
