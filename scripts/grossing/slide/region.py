"""A rectangle of pixels as a reader gives it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from grossing.support.types import Mask, Pixels


class Part(NamedTuple):
    """Pixels and the place of their corner in a picture."""

    x: int
    y: int
    pixels: Pixels


class Mosaic:
    """An (h, w, 3) picture in parts that cover it, stitched only where that is asked for."""

    def __init__(self, height: int, width: int, parts: Sequence[Part]) -> None:
        self.shape, self._parts = (height, width, 3), parts

    def __getitem__(self, at: tuple[slice, slice]) -> Pixels:
        """A rectangle of the picture, as of an array."""
        (top, bottom, _), (left, right, _) = (
            side.indices(length) for side, length in zip(at, self.shape, strict=False)
        )
        out = np.empty((bottom - top, right - left, 3), np.uint8)
        for x, y, pixels in self._parts:
            y0, y1 = max(top, y), min(bottom, y + pixels.shape[0])
            x0, x1 = max(left, x), min(right, x + pixels.shape[1])
            if y0 < y1 and x0 < x1:
                piece = pixels[y0 - y : y1 - y, x0 - x : x1 - x]
                out[y0 - top : y1 - top, x0 - left : x1 - left] = piece
        return out

    def whole(self) -> Pixels:
        """All of it."""
        return self[:, :]

    def shrunk(self, width: int, height: int) -> Pixels:
        """As the function; part by part where no pixel of it lies on two parts."""
        across, down = self.shape[1] // width, self.shape[0] // height
        if self.shape[:2] != (height * down, width * across) or any(
            part.x % across or part.y % down for part in self._parts
        ):
            return shrunk(self.whole(), width, height)
        out = np.empty((height, width, 3), np.uint8)
        for x, y, pixels in self._parts:
            size = pixels.shape[1] // across, pixels.shape[0] // down
            left, top = x // across, y // down
            place = out[top : top + size[1], left : left + size[0]]
            cv2.resize(pixels, size, dst=place, interpolation=cv2.INTER_AREA)
        return out


def shrunk(picture: Pixels | Mosaic, width: int, height: int) -> Pixels:
    """A picture at another size, each pixel the mean of its area."""
    if isinstance(picture, Mosaic):
        return picture.shrunk(width, height)
    size = width, height
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


@dataclass(frozen=True, slots=True)
class Region:
    """`picture` (h, w, 3) uint8; `absent` (h, w) bool, True where nothing was scanned, else None.

    Absent pixels have the glass colour. `decoders_disagree`: the fast reader refused a part that
    OpenSlide decodes, so that at least one of them takes damaged data for a picture.
    """

    picture: Pixels | Mosaic
    absent: Mask | None = None
    decoders_disagree: bool = False

    @property
    def rgb(self) -> Pixels:
        """The picture as one array."""
        return self.picture.whole() if isinstance(self.picture, Mosaic) else self.picture

    @property
    def absent_fraction(self) -> float:
        return 0.0 if self.absent is None else float(self.absent.mean())
