"""Pale tissue: what is it rather than uneven glass, and how much of it was taken for glass."""

from collections.abc import Callable

import cv2
import numpy as np

from grossing.mask.glass import variances
from grossing.mask.labels import FOLD, GLASS, TISSUE
from grossing.support.types import Mask, Pixels

SOLID_UM, CORE_UM, RIM_UM = 125.0, 40.0, 100.0
TEXTURED, ROUNDING = 4.0, 0.25  # variance of tissue, of that of the glass; grey level^2

Disc = Callable[[float], Pixels]  # diameter in um to a structuring element


def is_tissue(rgb: Pixels, even: Mask, found: Mask, disc: Disc) -> bool:
    """Whether what was found is mostly solid, and varies more than the glass from pixel to pixel.

    So does tissue, however pale; uneven glass does not vary, and lines and specks are not solid.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    even, found : (H, W) bool, glass, and what may be tissue
    """
    closed = cv2.morphologyEx(found.view(np.uint8), cv2.MORPH_CLOSE, disc(CORE_UM)) > 0
    solid = _opened(closed, disc(SOLID_UM))
    if not even.any() or 2 * int(np.count_nonzero(solid)) < max(1, int(np.count_nonzero(closed))):
        return False
    variance = variances(rgb)
    glass = even & ~found
    least = np.median(variance[glass]) if glass.any() else 0.0
    return bool(np.median(variance[solid]) > TEXTURED * least + ROUNDING)


def share(faint: Mask, strong: Mask, labels: Pixels, disc: Disc) -> float:
    """What is faint, solid and labelled glass, as a share of it and the tissue.

    Solid together with the tissue around it, because fat and threads are faint too; and not within
    100 um of strongly stained tissue, whose rim is faint.

    Parameters
    ----------
    faint, strong : (H, W) bool, a part of the colour by which tissue was found, and a multiple
    labels : (H, W) uint8
    """
    tissue = (labels == TISSUE) | (labels == FOLD)
    glassy = faint & (labels == GLASS)
    solid = glassy & _opened(glassy | tissue, disc(SOLID_UM))
    core = _opened(strong & tissue, disc(CORE_UM)).view(np.uint8)
    solid &= cv2.dilate(core, disc(2 * RIM_UM)) == 0
    places = int(np.count_nonzero(solid))
    return places / max(1, places + int(np.count_nonzero(tissue)))


def _opened(mask: Mask, disc: Pixels) -> Mask:
    return np.asarray(cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_OPEN, disc) > 0)
