"""How far the planes of a stack differ in position and light; too much is refused."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from grossing.support.errors import ReadError, SlideError
from grossing.support.types import Pixels
from grossing.zstack import matching, registration
from grossing.zstack.matched_plane import MatchedPlane
from grossing.zstack.matching import Gain
from grossing.zstack.planes import Plane
from grossing.zstack.registration import Shift

Readable = Plane | MatchedPlane
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

    shifts = _shifts(planes, centres)
    middle = planes[len(planes) // 2].name
    for plane, shift in zip(planes, shifts, strict=True):
        _check(plane.name, middle, shift)
    return shifts


def checked_gains(planes: Sequence[Plane], centres: Sequence[tuple[int, int]]) -> list[Gain]:
    """What brings every plane to the light of the middle one; nothing without tissue.

    Parameters
    ----------
    planes, centres : as in `checked_shifts`; a place that does not decode in every plane is left
        out

    Raises
    ------
    SlideError : a factor is above 2 or below a half.
    """
    seen = _places(planes, centres)
    if not seen:
        return [np.ones(3) for _ in planes]
    found = matching.gains([np.vstack(places) for places in zip(*seen, strict=True)])
    middle = planes[len(planes) // 2].name
    for plane, gain in zip(planes, found, strict=True):
        matching.check_gain(plane.name, middle, gain)
        LOG.info("plane %s: light times %s", plane.name, np.round(gain, 3).tolist())
    return found


@dataclass(frozen=True)
class Remainder:
    """What is left between a plane and the middle one after matching.

    `shift_px` is the shift that a quarter of the places exceeds (a turned or stretched plane has
    large ones at its rim), `light` the largest difference of a place as a share; None where there
    is no place to measure them.
    """

    shift_px: float | None
    light: float | None


def remainders(
    matched: Sequence[MatchedPlane], shifts: Sequence[Shift], centres: Sequence[tuple[int, int]]
) -> list[Remainder]:
    """What is left of every plane's difference from the middle one.

    Parameters
    ----------
    matched : planes in the order of their height
    shifts : found before matching; they count as left where nothing can be measured any more
    centres : as in `checked_shifts`
    """
    seen, middle = _places(matched, centres), len(matched) // 2
    left = []
    for number, (before, after) in enumerate(zip(shifts, _shifts(matched, centres), strict=True)):
        shift_px = before.most_px if after.most_px is None else after.most_px
        light = [matching.difference(place[number], place[middle]) for place in seen]
        left.append(Remainder(shift_px, round(max(light), 4) if light else None))
    return left


def _shifts(planes: Sequence[Readable], centres: Sequence[tuple[int, int]]) -> list[Shift]:
    def read(plane: int, x: int, y: int, w: int, h: int) -> Pixels | None:
        try:
            return np.asarray(cv2.cvtColor(planes[plane].read(x, y, w, h), cv2.COLOR_RGB2GRAY))
        except ReadError as error:
            LOG.warning("plane %s at %d,%d is lost: %s", planes[plane].name, x, y, error)
            return None

    size = (planes[0].width, planes[0].height)
    return registration.shifts(read, len(planes), size, centres)


def _places(planes: Sequence[Readable], centres: Sequence[tuple[int, int]]) -> list[list[Pixels]]:
    """The places that decode in every plane, each in all planes."""
    side = min(registration.WINDOW_PX, planes[0].width, planes[0].height)
    seen: list[list[Pixels]] = []
    for x, y in centres:
        left = min(max(0, x - side // 2), planes[0].width - side)
        top = min(max(0, y - side // 2), planes[0].height - side)
        try:
            seen.append([plane.read(left, top, side, side) for plane in planes])
        except ReadError:
            continue
    return seen


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
    registration.check_length(name, middle, shift)
