"""A tile with a rim of its neighbours, so that a nucleus on the border is whole."""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask import labels
from grossing.nuclei.signal_levels import BRIGHTFIELD, FLUORESCENCE
from grossing.slide.record import UsableSlide
from grossing.support.types import Mask, Pixels
from grossing.tiles.stored_tiles import StoredTile, StoredTiles

RIM_UM = {BRIGHTFIELD: 16.0, FLUORESCENCE: 48.0}
INK_RIM_UM = 16.0  # two pixels of the mask, as beside pen, where they are glass


@dataclass(frozen=True)
class TileWithRim:
    """(H, W, 3) uint8 RGB, (H, W) bool where to search, and the tile's corner in them (px)."""

    rgb: Pixels
    inside: Mask
    x_px: int
    y_px: int


class TileSurroundings:
    """Cuts tiles with a rim of their neighbours, and marks where to search in them.

    Parameters
    ----------
    tiles : of the slide, at least one
    slide : what was measured of it
    mask : (H, W) uint8 labels over the scanned bounds; in H&E only tissue is searched, and that
        not within 16 um of possible pen
    modality : "brightfield" or "fluorescence"

    Attributes
    ----------
    size_px : side of a tile
    mpp : um per pixel of the tiles
    scale : level-0 px per pixel of the tiles
    rim_px : width of the rim in which a nucleus of a tile is whole
    glass : (3,) uint8 colour where there is no tile
    """

    def __init__(self, tiles: StoredTiles, slide: UsableSlide, mask: Pixels, modality: str) -> None:
        self._tiles, self._mask, self.modality = tiles, mask, modality
        self._downsample = slide.measures.areas.overview_downsample
        self._origin = slide.file.bounds.y, slide.file.bounds.x
        first = next(tiles.in_z_order())
        self.size_px = len(tiles.decode(first, tiles.data(first)))
        self.mpp = first.mpp
        self.scale = first.size_level0_px / self.size_px
        self.rim_px = math.ceil(RIM_UM[modality] / self.mpp)
        self.glass = slide.glass if modality == BRIGHTFIELD else np.zeros(3, np.uint8)
        self._beside_ink = _beside_ink(mask, self.mpp / self.scale * self._downsample)

    def cut(self, tile: StoredTile, rim_px: int) -> TileWithRim:
        """A tile with `rim_px` around it, as far as there are tiles."""
        side, size = self.size_px + 2 * rim_px, self.size_px
        rgb = np.empty((side, side, 3), np.uint8)
        rgb.reshape(side, side * 3)[:] = np.tile(self.glass, side)  # fast, unlike rgb[:]
        covered = np.zeros((side, side), np.bool_)
        reach = range(-math.ceil(rim_px / size), math.ceil(rim_px / size) + 1)
        for down in reach:
            for across in reach:
                pixels = self._tiles.pixels((tile.tile_col + across, tile.tile_row + down))
                if pixels is None:
                    continue
                to_y, of_y = _overlap(down * size + rim_px, size, side)
                to_x, of_x = _overlap(across * size + rim_px, size, side)
                rgb[to_y, to_x], covered[to_y, to_x] = pixels[of_y, of_x], True
        y, x = (_extent(np.asarray(covered.any(axis=axis))) for axis in (1, 0))
        inside = covered & self._searched(tile, rim_px)
        picture = np.ascontiguousarray(rgb[y, x])
        return TileWithRim(picture, inside[y, x], rim_px - x.start, rim_px - y.start)

    def left_out(self, tile: StoredTile) -> float:
        """Share of a tile that is tissue beside possible pen, where H&E is not searched."""
        if self._beside_ink is None or self.modality == FLUORESCENCE:
            return 0.0
        part, there = self._part(self._beside_ink, tile, 0)
        return float((part & there).mean())

    def _searched(self, tile: StoredTile, rim_px: int) -> Mask:
        """Where to search."""
        part, there = self._part(self._mask, tile, rim_px)
        if self.modality == FLUORESCENCE:
            searched = part != labels.NOT_SCANNED  # the mask loses single nuclei on the dark field
        else:
            searched = part == labels.TISSUE
            if self._beside_ink is not None:
                searched &= ~self._part(self._beside_ink, tile, rim_px)[0]
        return np.asarray(searched & there)

    def _part(
        self, of: npt.NDArray[Any], tile: StoredTile, rim_px: int
    ) -> tuple[npt.NDArray[Any], Mask]:
        """A picture of the mask's shape at a tile and its rim (nearest), and where it is."""
        along = (np.arange(-rim_px, self.size_px + rim_px) + 0.5) * self.scale
        picks, within = [], []
        for axis, corner in enumerate((tile.y_level0_px, tile.x_level0_px)):
            at = np.floor((corner - self._origin[axis] + along) / self._downsample)
            limit = self._mask.shape[axis] - 1
            picks.append(at.clip(0, limit).astype(int))
            within.append((at >= 0) & (at <= limit))
        return of[picks[0]].take(picks[1], axis=1), within[0][:, None] & within[1]


def _beside_ink(mask: Pixels, mpp: float) -> Mask | None:
    """(H, W) tissue within 16 um of possible pen, by a mask of `mpp` um per pixel; None if none."""
    ink = mask == labels.POSSIBLE_PEN
    if not ink.any():
        return None
    away = cv2.distanceTransform((~ink).view(np.uint8), cv2.DIST_L2, 5)
    return np.asarray((mask == labels.TISSUE) & (away * mpp <= INK_RIM_UM))


def _extent(there: npt.NDArray[np.bool_]) -> slice:
    """From the first to the last True."""
    at = np.flatnonzero(there)
    return slice(int(at[0]), int(at[-1]) + 1)


def _overlap(start: int, size: int, side: int) -> tuple[slice, slice]:
    """Where a tile that starts at `start` lies in a canvas, and which part of it."""
    low, high = max(0, start), min(side, start + size)
    return slice(low, high), slice(low - start, high - start)
