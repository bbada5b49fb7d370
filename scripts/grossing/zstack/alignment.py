"""How far the planes of a stack differ in position and light; too much is refused."""

import logging
from collections.abc import Sequence

import cv2
import numpy as np

from grossing.support.errors import ReadError, SlideError
from grossing.support.types import Pixels
from grossing.zstack import matching, registration
from grossing.zstack.matching import Gain
from grossing.zstack.planes import Plane
from grossing.zstack.registration import Shift

SHIFT_MAX_PX = 2.0
LOG = logging.getLogger(__name__)


def checked_shifts(planes: Sequence[Plane], centres: Sequence[tuple[int, int]]) -> list[Shift]:
    """Shift of every plane against the middle one.

    Parameters
    ----------
    planes : of equal size, in the order of their height
    centres : x, y of places with tissue, px

    Raises
    ------
    SlideError : a plane is shifted, shows something else, or mostly does not decode.
    """

    def read(plane: int, x: int, y: int, w: int, h: int) -> Pixels | None:
        try:
            return np.asarray(cv2.cvtColor(planes[plane].read(x, y, w, h), cv2.COLOR_RGB2GRAY))
        except ReadError as error:
            LOG.warning("plane %s at %d,%d is lost: %s", planes[plane].name, x, y, error)
            return None

    size = (planes[0].width, planes[0].height)
    shifts = registration.shifts(read, len(planes), size, centres)
    middle = planes[len(planes) // 2].name
    for plane, shift in zip(planes, shifts, strict=True):
        _check(plane.name, middle, shift)
    return shifts


def checked_gains(planes: Sequence[Plane], centres: Sequence[tuple[int, int]]) -> list[Gain]:
    """Factors that bring every plane to the light of the middle one; 1 without tissue.

    Parameters
    ----------
    planes, centres : as in `checked_shifts`; a place that does not decode in every plane is left
        out

    Raises
    ------
    SlideError : a factor is above 2 or below a half.
    """
    side = min(registration.WINDOW_PX, planes[0].width, planes[0].height)
    seen: list[list[Pixels]] = []
    for x, y in centres:
        left = min(max(0, x - side // 2), planes[0].width - side)
        top = min(max(0, y - side // 2), planes[0].height - side)
        try:
            seen.append([plane.read(left, top, side, side) for plane in planes])
        except ReadError:
            continue
    if not seen:
        return [np.ones(3) for _ in planes]
    found = matching.gains([np.vstack(places) for places in zip(*seen, strict=True)])
    middle = planes[len(planes) // 2].name
    for plane, gain in zip(planes, found, strict=True):
        matching.check_gain(plane.name, middle, gain)
        LOG.info("plane %s: light times %s", plane.name, np.round(gain, 3).tolist())
    return found


def _check(name: str, middle: str, shift: Shift) -> None:
    if 2 * shift.failed > shift.tried:
        message = f"plane {name}: {shift.failed} of {shift.tried} places do not decode"
        raise SlideError("unreadable", message, "copy or scan the plane again")
    if shift.tried and shift.x_px is None:
        message = (
            f"plane {name} shows something else than plane {middle}, or is too blurred to compare"
        )
        remedy = "take the plane's row out of the stack, or the page out of the TIFF; or scan again"
        raise SlideError("unregistered", message, remedy)
    if shift.length_px > SHIFT_MAX_PX:
        by = f"{shift.x_px:.1f}, {shift.y_px:.1f} px"
        limit = f"(limit {SHIFT_MAX_PX:g} px)"
        message = f"plane {name} is shifted by {by} against plane {middle} {limit}"
        remedy = "align the planes or scan again, or take the plane's row out of the cohort sheet"
        raise SlideError("unregistered", message, remedy)
