"""A picture that comes in tiles, summed over blocks: no seams, memory for the blocks alone."""

from typing import Any

import numpy as np
import numpy.typing as npt

Places = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


class BlockSums:
    """Sums of pixel values over blocks; a block that tiles share gets its part from each.

    Parameters
    ----------
    shape : rows and columns of blocks
    side : of a block; the unit is that of `x`, `y` and `step` below

    Attributes
    ----------
    total, pixels : (rows, columns) float32, sum of the values and number of pixels per block
    """

    def __init__(self, shape: tuple[int, int], side: float) -> None:
        self._side = side
        self.total: npt.NDArray[np.float32] = np.zeros(shape, np.float32)
        self.pixels: npt.NDArray[np.float32] = np.zeros(shape, np.float32)

    def places(self, x: float, y: float, step: float, shape: tuple[int, int]) -> Places:
        """Row and column of the block in which each pixel's centre lies.

        Parameters
        ----------
        x, y : of the tile's corner, from the corner of the first block
        step : of a pixel
        shape : of the tile, px

        Returns
        -------
        Rows and columns, ascending; shorter than `shape` where the tile reaches beyond the blocks.
        """
        places = []
        for start, count, end in zip((y, x), shape, self.total.shape, strict=True):
            blocks = np.floor((start + (np.arange(count) + 0.5) * step) / self._side)
            places.append(blocks[blocks < end].astype(np.int64))
        return places[0], places[1]

    def add(self, values: npt.NDArray[Any], x: float, y: float, step: float) -> None:
        """Add a tile of (H, W) bool or float32 values; parameters as for `places`."""
        rows, columns = self.places(x, y, step, (values.shape[0], values.shape[1]))
        if not len(rows) or not len(columns):
            return
        inside = values[: len(rows), : len(columns)]
        kind = np.int32 if inside.dtype == np.bool_ else np.float32
        top, left = (np.flatnonzero(np.diff(at, prepend=-1)) for at in (rows, columns))
        sums = np.add.reduceat(np.add.reduceat(inside, top, axis=0, dtype=kind), left, axis=1)
        heights, widths = np.diff(top, append=len(rows)), np.diff(left, append=len(columns))
        at = np.ix_(rows[top], columns[left])
        self.total[at] += sums.astype(np.float32)
        self.pixels[at] += np.outer(heights, widths).astype(np.float32)
