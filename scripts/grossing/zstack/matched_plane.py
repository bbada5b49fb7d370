"""A plane matched to the middle one in light and position."""

import cv2
import numpy as np

from grossing.slide.record import Resolution
from grossing.support.types import Pixels
from grossing.zstack.matching import Gain, lit
from grossing.zstack.planes import Plane
from grossing.zstack.registration import Shift

LEAST_SHIFT_PX = 0.5  # about what the measured shift is uncertain by
PAD_PX = 4  # the largest shift that is aligned and the reach of the interpolation


class MatchedPlane:
    """A plane as it would be in the light and at the position of the middle one."""

    def __init__(self, plane: Plane, gain: Gain, shift: Shift) -> None:
        self._plane, self._gain = plane, gain
        self.name, self.width, self.height = plane.name, plane.width, plane.height
        self.tile_px, self.objective = plane.tile_px, plane.objective
        self.resolution: Resolution = plane.resolution
        near = shift.length_px < LEAST_SHIFT_PX
        self._by = (0.0, 0.0) if near else (shift.x_px or 0.0, shift.y_px or 0.0)

    def read(self, x: int, y: int, w: int, h: int) -> Pixels:
        """As `Plane.read`."""
        if self._by == (0.0, 0.0):
            return lit(self._plane.read(x, y, w, h), self._gain)
        left, top = max(0, x - PAD_PX), max(0, y - PAD_PX)
        right, bottom = min(self.width, x + w + PAD_PX), min(self.height, y + h + PAD_PX)
        around = self._plane.read(left, top, right - left, bottom - top)
        move = np.array([[1, 0, x - left + self._by[0]], [0, 1, y - top + self._by[1]]])
        moved = cv2.warpAffine(
            around,
            move,
            (w, h),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return lit(np.asarray(moved, np.uint8), self._gain)
