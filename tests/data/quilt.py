"""A seamless tissue texture of any resolution, quilted from one small real H&E region.

Square blocks of the region are laid side by side with an overlap, each chosen to continue what is
already there, and cut along the line where both agree best. The sheet wraps around at its borders,
so it can be repeated without a visible seam.

References
----------
.. [1] Efros, Freeman 2001, Image quilting for texture synthesis and transfer,
   doi:10.1145/383259.383296
"""

from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import openslide

BLOCK_PX = 224
OVERLAP_PX = 56
BLOCKS_PER_SIDE = 12
SEARCH_SHRINK = 8
GLASS_IN_BLOCK_MAX = 0.08
INK_IN_BLOCK_MAX = 0.001
DARK_IN_BLOCK_MAX = 0.15
CANDIDATE_ERROR_RATIO = 1.15


@lru_cache(maxsize=2)
def tissue_sheet(region_path: Path, mpp: float, seed: int) -> np.ndarray:
    """Wrapping sheet of tissue, about 1 mm a side.

    Parameters
    ----------
    region_path : slide whose level 0 holds the texture and states its resolution
    mpp : um per pixel of the sheet
    seed : selects the blocks

    Returns
    -------
    (N, N, 3) uint8
    """
    sheet, sheet_mpp = _quilted(region_path, seed)
    return _resample_wrapping(sheet, sheet_mpp / mpp)


@lru_cache(maxsize=2)
def _quilted(region_path: Path, seed: int) -> tuple[np.ndarray, float]:
    """The sheet at the region's own resolution, and that resolution."""
    with openslide.OpenSlide(region_path) as slide:
        region = np.asarray(slide.read_region((0, 0), 0, slide.dimensions).convert("RGB"))
        return quilt(region, seed), float(slide.properties[openslide.PROPERTY_NAME_MPP_X])


def quilt(region: np.ndarray, seed: int) -> np.ndarray:
    """Wrapping sheet of `BLOCKS_PER_SIDE` steps a side, at the region's own resolution.

    Parameters
    ----------
    region : (H, W, 3) uint8
    seed : selects among blocks that fit about equally well

    Returns
    -------
    (N, N, 3) uint8
    """
    rng = np.random.default_rng(seed)
    sources = [_Source(region[::flip_y, ::flip_x]) for flip_y in (1, -1) for flip_x in (1, -1)]
    step = BLOCK_PX - OVERLAP_PX
    side = BLOCKS_PER_SIDE * step
    sheet = np.zeros((side, side, 3), np.uint8)
    filled = np.zeros((side, side), bool)
    for y in range(0, side, step):
        for x in range(0, side, step):
            block = np.arange(BLOCK_PX)
            cells = np.ix_((y + block) % side, (x + block) % side)
            old, known = sheet[cells], filled[cells]
            new = _best_block(sources, old, known, rng)
            weight = _seam_weight(old, new, known)[..., None]
            sheet[cells] = np.round(old * (1 - weight) + new * weight).astype(np.uint8)
            filled[cells] = True
    return sheet


class _Source:
    """One mirror image of the region, and where whole blocks of tissue can be cut from it."""

    def __init__(self, region: np.ndarray) -> None:
        self.region = region
        self.red = _shrink(region[..., 0])
        red, green = region[..., 0].astype(np.int16), region[..., 1].astype(np.int16)
        self.usable = (
            (_share_in_block(region.min(axis=2) >= 225) <= GLASS_IN_BLOCK_MAX)
            & (_share_in_block(green - red > 20) <= INK_IN_BLOCK_MAX)
            & (_share_in_block(red < 70) <= DARK_IN_BLOCK_MAX)
        )

    def errors(self, template: np.ndarray, known: np.ndarray) -> np.ndarray:
        """Squared difference in red from the known part of a block; infinite if not usable."""
        if not known.any():
            return np.where(self.usable, 1, np.inf)
        difference = cv2.matchTemplate(self.red, template, cv2.TM_SQDIFF, mask=known)
        return np.where(self.usable, np.maximum(difference, 0), np.inf)

    def block(self, index: int) -> np.ndarray:
        y, x = np.unravel_index(index, self.usable.shape)
        top, left = int(y) * SEARCH_SHRINK, int(x) * SEARCH_SHRINK
        return self.region[top : top + BLOCK_PX, left : left + BLOCK_PX]


def _best_block(
    sources: list[_Source], old: np.ndarray, known: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """A block that continues the known pixels, drawn from those that fit about equally well."""
    source = sources[rng.integers(len(sources))]
    errors = source.errors(_shrink(old[..., 0]), np.round(_shrink(known)))
    limit = errors.min() * CANDIDATE_ERROR_RATIO
    return source.block(int(rng.choice(np.flatnonzero(errors <= limit))))


def _seam_weight(old: np.ndarray, new: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Share of the new block per pixel: 0 on the old side of the cheapest cut, 1 beyond it."""
    error = np.square(old.astype(np.float32) - new).sum(axis=2)
    weight = np.ones(known.shape, np.float32)
    middle = BLOCK_PX // 2
    for turns in range(4):
        known_side = np.rot90(known, turns)
        if known_side[middle, 0]:
            cut = _cheapest_cut(np.rot90(error, turns)[:, :OVERLAP_PX])
            kept_old = np.arange(BLOCK_PX)[None, :] < cut[:, None]
            weight[np.rot90(kept_old, -turns)] = 0
    weight = cv2.blur(weight, (3, 3), borderType=cv2.BORDER_REPLICATE)
    return np.where(known, weight, 1)


def _cheapest_cut(error: np.ndarray) -> np.ndarray:
    """Column of the cheapest top-to-bottom path, one per row."""
    height, width = error.shape
    cost = np.full((height, width + 2), np.inf)
    cost[:, 1:-1] = error
    for row in range(1, height):
        above = cost[row - 1]
        cost[row, 1:-1] += np.minimum(np.minimum(above[:-2], above[1:-1]), above[2:])
    path = np.empty(height, np.intp)
    path[-1] = cost[-1].argmin()
    for row in range(height - 2, -1, -1):
        left = path[row + 1] - 1
        path[row] = left + cost[row, left : left + 3].argmin()
    return path - 1


def _share_in_block(pixels: np.ndarray) -> np.ndarray:
    """Share of such pixels in the block that starts at each searched position."""
    side = BLOCK_PX // SEARCH_SHRINK
    share = cv2.blur(_shrink(pixels), (side, side), anchor=(0, 0))
    return share[: 1 - side, : 1 - side]


def _shrink(image: np.ndarray) -> np.ndarray:
    size = (image.shape[1] // SEARCH_SHRINK, image.shape[0] // SEARCH_SHRINK)
    return cv2.resize(image.astype(np.float32), size, interpolation=cv2.INTER_AREA)


def _resample_wrapping(sheet: np.ndarray, scale: float) -> np.ndarray:
    """The sheet at another resolution; it still wraps around at its borders."""
    side = round(sheet.shape[0] * scale)
    if scale <= 1:
        return cv2.resize(sheet, (side, side), interpolation=cv2.INTER_AREA)
    step = sheet.shape[0] / side
    to_source = np.array([[step, 0, step / 2 - 0.5], [0, step, step / 2 - 0.5]])
    return cv2.warpAffine(
        sheet,
        to_source,
        (side, side),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_WRAP,
    )
