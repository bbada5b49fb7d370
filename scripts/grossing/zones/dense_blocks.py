"""The blocks of a slide that are zones, from the sums over each block."""

import cv2
import numpy as np
import numpy.typing as npt

from grossing.support.types import Mask
from grossing.zones import local_contrast
from grossing.zones.options import ZoneOptions

METHODS = ("density", "clahe_local")

Map = npt.NDArray[np.float32]


def find(
    total: Map, pixels: Map, block_um: float, options: ZoneOptions
) -> tuple[Mask, float | None]:
    """Zones among the blocks, and the share of nuclear pixels that was the limit.

    Parameters
    ----------
    total : (H, W) nuclear pixels per block (density) or sum of densities (clahe_local), of tissue
    pixels : (H, W) tissue pixels per block
    block_um : side of a block, um
    """
    tissue = np.asarray(pixels > 0)
    limit = None
    if options.method == "clahe_local":
        dense = local_contrast.zones(_mean(total, pixels), tissue, block_um)
    else:
        sigma = options.smooth_um / block_um
        share = _mean(_smooth(total, sigma), _smooth(pixels, sigma))
        limit = _limit(share[tissue], options)
        dense = tissue & (share > (limit or 0))
    return _cleaned(dense, tissue, options.min_area_mm2 * 1e6 / block_um**2), limit


def _limit(shares: Map, options: ZoneOptions) -> float | None:
    """Share above which a block is dense, against a fixed limit and the tissue's own median."""
    if not shares.size:
        return None
    median = float(np.median(shares))
    spread = float(np.median(np.abs(shares - median)))
    return round(max(options.fraction_min, median + options.mad_factor * spread), 6)


def _mean(total: Map, pixels: Map) -> Map:
    return np.asarray(total / np.maximum(pixels, 1e-6), np.float32)


def _smooth(blocks: Map, sigma: float) -> Map:
    """Nothing lies beyond the picture: the ratio of two of these does not fade at its edge."""
    blurred = cv2.GaussianBlur(blocks, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(blurred, np.float32)


def _cleaned(dense: Mask, tissue: Mask, least_blocks: float) -> Mask:
    """Small holes filled as far as they are tissue, then small zones dropped."""
    _, holes, stats, _ = cv2.connectedComponentsWithStats((~dense).view(np.uint8), connectivity=4)
    fill = stats[:, cv2.CC_STAT_AREA] < least_blocks
    fill[0] = False
    filled = dense | (fill[holes] & tissue)
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(filled.view(np.uint8))
    keep = stats[:, cv2.CC_STAT_AREA] >= least_blocks
    keep[0] = False
    return np.asarray(keep[pieces])
