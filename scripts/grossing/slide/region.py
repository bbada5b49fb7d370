"""A rectangle of pixels as a reader gives it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from grossing.support.types import Mask, Pixels

#: rows and columns of a rectangle
Window = tuple[slice, slice]


@dataclass(frozen=True, slots=True)
class Reduced:
    """`rgb`, a rectangle at 1/n of its resolution, and `lines`, windows of it at its own."""

    rgb: Pixels
    windows: Sequence[Window]
    lines: list[Pixels]

    @classmethod
    def empty(cls, width: int, height: int, windows: Sequence[Window]) -> Self:
        """Without pixels yet; width and height of `rgb`."""
        sizes = [
            (rows.stop - rows.start, columns.stop - columns.start) for rows, columns in windows
        ]
        lines = [np.empty((*size, 3), np.uint8) for size in sizes]
        return cls(np.empty((height, width, 3), np.uint8), windows, lines)

    def add(self, part: Pixels, x: int, y: int, factor: int) -> None:
        """Put in a (h, w, 3) part of the rectangle at x, y; all four are multiples of factor."""
        height, width = part.shape[:2]
        left, top, size = x // factor, y // factor, (width // factor, height // factor)
        place = self.rgb[top : top + size[1], left : left + size[0]]
        cv2.resize(part, size, dst=place, interpolation=cv2.INTER_AREA)
        for (rows, columns), lines in zip(self.windows, self.lines, strict=True):
            y0, y1 = max(y, rows.start), min(y + height, rows.stop)
            x0, x1 = max(x, columns.start), min(x + width, columns.stop)
            if y0 < y1 and x0 < x1:
                to = lines[
                    y0 - rows.start : y1 - rows.start, x0 - columns.start : x1 - columns.start
                ]
                to[:] = part[y0 - y : y1 - y, x0 - x : x1 - x]


@dataclass(frozen=True, slots=True)
class Region:
    """`rgb` (h, w, 3) uint8; `absent` (h, w) bool, True where nothing was scanned, None if nowhere.

    Absent pixels have the glass colour. `decoders_disagree`: the fast reader refused a part that
    OpenSlide decodes, so that at least one of them takes damaged data for a picture.
    """

    rgb: Pixels
    absent: Mask | None = None
    decoders_disagree: bool = False

    @property
    def absent_fraction(self) -> float:
        return 0.0 if self.absent is None else float(self.absent.mean())
