"""The tile grid of a slide: whole level-0 pixels, physical size, tissue share of every square."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grossing.slide.record import Bounds

ROUNDING = 1e-9  # 0.51 is 2 % above 0.5, also in binary fractions


@dataclass(frozen=True)
class Grid:
    """Tiles over the scanned bounds (level-0 px), no overlap.

    `size_px` is the side of a written tile, `side_level0_px` what it covers on the slide, and
    `mpp` the resolution that follows from the two.  `width_px` x `height_px` is the scanned picture
    at that resolution before it is extended to whole tiles.
    """

    bounds: Bounds
    size_px: int
    side_level0_px: int
    mpp: float
    target_mpp: float

    @property
    def columns(self) -> int:
        return math.ceil(self.bounds.width / self.side_level0_px)

    @property
    def rows(self) -> int:
        return math.ceil(self.bounds.height / self.side_level0_px)

    @property
    def width_px(self) -> int:
        return math.ceil(self.bounds.width * self.size_px / self.side_level0_px)

    @property
    def height_px(self) -> int:
        return math.ceil(self.bounds.height * self.size_px / self.side_level0_px)

    @property
    def padded_width_px(self) -> int:
        return self.columns * self.size_px

    @property
    def padded_height_px(self) -> int:
        return self.rows * self.size_px

    def corner(self, column: int, row: int) -> tuple[int, int]:
        """Level-0 pixel of a tile's top-left corner."""
        return (
            self.bounds.x + column * self.side_level0_px,
            self.bounds.y + row * self.side_level0_px,
        )


def make(
    bounds: Bounds,
    mpp: float,
    *,
    size_px: int,
    target_mpp: float,
    target_mpp_tolerance: float,
) -> Grid:
    """The grid of a slide.

    Parameters
    ----------
    bounds : of the scanned area, level-0 px
    mpp : um per level-0 pixel
    size_px : side of a written tile
    target_mpp : requested um per pixel
    target_mpp_tolerance : where a whole factor brings the slide this close to the target
        (relative), that factor is used exactly and nothing is resampled by a fraction

    Raises
    ------
    ValueError : the slide is coarser than the target; it would have to be enlarged.
    """
    if is_coarser(mpp, target_mpp, target_mpp_tolerance):
        raise ValueError(f"{mpp} um/px is coarser than the target of {target_mpp} um/px")
    factor = max(1, round(target_mpp / mpp))
    if abs(factor * mpp - target_mpp) <= target_mpp * (target_mpp_tolerance + ROUNDING):
        side = factor * size_px
    else:
        side = round(size_px * target_mpp / mpp)
    return Grid(bounds, size_px, side, mpp * side / size_px, target_mpp)


def is_coarser(mpp: float, target_mpp: float, target_mpp_tolerance: float) -> bool:
    """Whether a slide would have to be enlarged to reach the target."""
    return mpp > target_mpp * (1 + target_mpp_tolerance + ROUNDING)


def shares(
    mask: npt.NDArray[np.bool_], x_edges: npt.NDArray[np.float64], y_edges: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Share of each grid square that `mask` covers, exact for squares that cut through mask pixels.

    Parameters
    ----------
    mask : (H, W) bool
    x_edges, y_edges : borders of the squares in mask pixels, ascending; outside the mask is False

    Returns
    -------
    (len(y_edges) - 1, len(x_edges) - 1) in 0..1
    """
    height, width = mask.shape
    columns = np.zeros((height + 1, width), np.int32)  # sums above each row; counts are exact
    np.cumsum(mask, axis=0, out=columns[1:])

    def above(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        table = np.zeros((len(rows), width + 1))
        np.cumsum(columns[rows], axis=1, out=table[:, 1:])
        return table

    low, part = _between(y_edges, height)
    lines = (above(low) * (1 - part) + above(low + 1) * part).T
    low, part = _between(x_edges, width)
    across = (lines[low] * (1 - part) + lines[low + 1] * part).T
    areas = np.diff(np.diff(across, axis=0), axis=1)
    return np.asarray(areas / np.outer(np.diff(y_edges), np.diff(x_edges)))


def _between(
    at: npt.NDArray[np.float64], length: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The line at or before each place, and how far the place lies towards the next one."""
    at = np.clip(at, 0, length)
    low = np.minimum(at.astype(np.int64), length - 1)
    return low, (at - low)[:, None]


def shares_of_squares(
    mask: npt.NDArray[np.bool_],
    bounds: Bounds,
    side_level0_px: float,
    downsample: float,
) -> npt.NDArray[np.float64]:
    """`shares` of grid squares from the origin of the bounds.

    Parameters
    ----------
    mask : (H, W) bool, from the origin of the bounds
    bounds : of the scanned area, level-0 px
    side_level0_px : side of a square
    downsample : level-0 px per mask pixel
    """
    columns = math.ceil(bounds.width / side_level0_px)
    rows = math.ceil(bounds.height / side_level0_px)
    step = side_level0_px / downsample
    x_edges = np.linspace(0, columns * step, columns + 1, dtype=np.float64)
    y_edges = np.linspace(0, rows * step, rows + 1, dtype=np.float64)
    return shares(mask, x_edges, y_edges)
