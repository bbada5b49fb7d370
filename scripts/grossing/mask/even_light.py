"""Light of another colour: pale areas at the picture's edge that are as even as its glass."""

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask.glass import FLAT_PX, LIGHT, flat, variances
from grossing.mask.shapes import as_bool, as_byte, components, disc, extremes, odd, opened
from grossing.support.types import Mask, Pixels

WIDE_UM, LEAST_MM2 = 125.0, 0.1  # of an area; holes that were filled are smaller
AS_GLASS, ROUNDING = 4.0, 0.3  # times its variance; two neighbouring grey levels have 0.25
PALE = 0.75  # of the glass, in the darkest channel: films take less light, colloid and blood more
EDGE_PX, LEAST_OF_EDGE = 4, 0.05  # wide; share of the picture's edge, which fluid rarely reaches
BESIDE_PX = 15  # of glass that is left out
CELL_PX = 8


def find(rgb: Pixels, tissue: Mask, fine: Mask, mpp: float) -> Mask:
    """What was taken for tissue and is as even as the glass: under a cover slip, film or label.

    At 8 um/px most tissue is textured by its cells and gaps, however pale it is; glass of another
    colour is not. Colloid, blood, mucin and serous fluid may be as even: they are darker or lie
    within the picture, while a film or the edge of a cover slip runs along its edge.

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
    even &= extremes(rgb)[1] >= PALE * LIGHT
    areas, sizes = components(opened(even & tissue, odd(WIDE_UM / mpp)))
    edge = _along_edge(areas)
    large = (sizes >= least) & (np.bincount(edge, minlength=len(sizes)) > 0)
    large[0] = False
    if np.count_nonzero(large[edge]) < LEAST_OF_EDGE * len(edge):
        return nothing
    wide = cv2.dilate(as_byte(large[areas]), np.ones((FLAT_PX, FLAT_PX), np.uint8))
    return as_bool(wide) & tissue


def _along_edge(areas: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """(2 H + 2 W,) the area at each place of the edge, 0 for none."""
    sides = (side[:EDGE_PX] for side in (areas, areas[::-1], areas.T, areas.T[::-1]))
    return np.concatenate([side.max(axis=0) for side in sides])


def _whole_cells(mask: Mask) -> int:
    """Squares of 8 x 8 px that are wholly within a mask."""
    size = tuple(max(1, side // CELL_PX) for side in mask.shape[::-1])
    share = cv2.resize(as_byte(mask) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    return int(np.count_nonzero(share == 255))
