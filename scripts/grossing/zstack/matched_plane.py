"""A plane matched to the middle one in light and position."""

import contextlib

import cv2
import numpy as np

from grossing.slide.record import Resolution
from grossing.support.errors import ReadError
from grossing.support.types import Pixels
from grossing.zstack.matching import MOST_LEVEL, Gain, lit
from grossing.zstack.planes import Plane
from grossing.zstack.registration import Shift

LEAST_SHIFT_PX = 0.1  # the measured shift is uncertain by half of it
PAD_PX = 4  # the largest shift that is aligned and the reach of the interpolation


class MatchedPlane:
    """A plane as it would be in the light and at the position of the middle one."""

    def __init__(self, plane: Plane, gain: Gain, shift: Shift, middle: Plane) -> None:
        self._plane, self._middle, self._gain = plane, middle, gain
        self.name, self.width, self.height = plane.name, plane.width, plane.height
        self.tile_px, self.objective = plane.tile_px, plane.objective
        self.resolution: Resolution = plane.resolution
        self._by = offset(shift)

    def read(self, x: int, y: int, w: int, h: int) -> Pixels:
        """As `Plane.read`; what is clipped is as it is where the middle plane does not decode."""
        part, middle = self._moved(x, y, w, h), None
        if (self._gain != 1).any() and (part > MOST_LEVEL).any():
            with contextlib.suppress(ReadError):
                middle = self._middle.read(x, y, w, h)
        return lit(part, self._gain, middle)

    def _moved(self, x: int, y: int, w: int, h: int) -> Pixels:
        """At the position of the middle plane."""
        if self._by == (0.0, 0.0):
            return self._plane.read(x, y, w, h)
        left, top = max(0, x - PAD_PX), max(0, y - PAD_PX)
        right, bottom = min(self.width, x + w + PAD_PX), min(self.height, y + h + PAD_PX)
        around = self._plane.read(left, top, right - left, bottom - top)
        by = x - left + self._by[0], y - top + self._by[1]
        return moved(around, by, (w, h))


def offset(shift: Shift) -> tuple[float, float]:
    """x, y in px by which a plane is moved back; 0 where it is shifted by less than 0.1 px."""
    if shift.length_px < LEAST_SHIFT_PX:
        return 0.0, 0.0
    return shift.x_px or 0.0, shift.y_px or 0.0


def moved(picture: Pixels, by: tuple[float, float], size: tuple[int, int]) -> Pixels:
    """The part of a picture (H, W, 3) whose corner is at x, y px, by cubic interpolation.

    `size` is its width and height; pixels beyond the picture are those of its rim.
    """
    matrix = np.array([[1, 0, by[0]], [0, 1, by[1]]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    part = cv2.warpAffine(picture, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(part, np.uint8)
