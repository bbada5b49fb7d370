"""Light of another colour: areas that have colour, but are as even as the glass of the slide."""

import cv2
import numpy as np

from grossing.mask.glass import FLAT_PX, flat, variances
from grossing.mask.shapes import as_bool, as_byte, components, disc, odd, opened
from grossing.support.types import Mask, Pixels

WIDE_UM, LEAST_MM2 = 125.0, 0.1  # of an area; holes that were filled are smaller
AS_GLASS, ROUNDING = 4.0, 0.3  # times its variance; two neighbouring grey levels have 0.25
BESIDE_PX = 15  # of glass that is left out
CELL_PX = 8


def find(rgb: Pixels, tissue: Mask, fine: Mask, mpp: float) -> Mask:
    """What was taken for tissue and is as even as the glass: under a cover slip, film or label.

    At 8 um/px tissue is textured by its cells and gaps, however pale it is; glass of another
    colour is not.

    Parameters
    ----------
    rgb : (H, W, 3) uint8, divided by its glass
    tissue : (H, W) bool
    fine : (H, W) bool, even within 3 x 3 px: elsewhere it is not looked further
    mpp : um per pixel
    """
    nothing, least = np.zeros(tissue.shape, np.bool_), LEAST_MM2 * (1000 / mpp) ** 2
    if _whole_cells(fine & tissue) * CELL_PX**2 < least / 4:
        return nothing
    varying = variances(rgb)
    beside = cv2.dilate(as_byte(tissue), disc(BESIDE_PX)) > 0
    glass = varying[flat(rgb) & ~beside]
    if not len(glass):
        return nothing
    even = varying <= AS_GLASS * np.median(glass) + ROUNDING
    areas, sizes = components(opened(even & tissue, odd(WIDE_UM / mpp)))
    large = sizes >= least
    large[0] = False
    if not large.any():
        return nothing
    wide = cv2.dilate(as_byte(large[areas]), np.ones((FLAT_PX, FLAT_PX), np.uint8))
    return as_bool(wide) & tissue


def _whole_cells(mask: Mask) -> int:
    """Squares of 8 x 8 px that are wholly within a mask."""
    size = tuple(max(1, side // CELL_PX) for side in mask.shape[::-1])
    share = cv2.resize(as_byte(mask) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    return int(np.count_nonzero(share == 255))
