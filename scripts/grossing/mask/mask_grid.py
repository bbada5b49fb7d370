"""Where the pixels of a slide's overview lie on the slide: the grid of its masks."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from grossing.support.types import Mask


@dataclass(frozen=True)
class MaskGrid:
    """`columns` x `rows` pixels of `downsample` level-0 px from the corner (`x`, `y`) of the
    scanned bounds, which are `bounds_width` x `bounds_height` of the slide's `slide_width` x
    `slide_height` level-0 px."""

    columns: int
    rows: int
    downsample: float
    x: int
    y: int
    bounds_width: int
    bounds_height: int
    slide_width: int
    slide_height: int

    @property
    def x_level0_px(self) -> npt.NDArray[np.float64]:
        """Centres of the columns."""
        return np.asarray(self.x + (np.arange(self.columns) + 0.5) * self.downsample, np.float64)

    @property
    def y_level0_px(self) -> npt.NDArray[np.float64]:
        """Centres of the rows."""
        return np.asarray(self.y + (np.arange(self.rows) + 0.5) * self.downsample, np.float64)


class UsersMask(Protocol):
    """A mask of the user's own, whatever its file."""

    def on(self, grid: MaskGrid) -> Mask:
        """(rows, columns) bool, True where it has tissue.

        Raises
        ------
        SlideError : it belongs to another slide.
        """
