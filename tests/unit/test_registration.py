"""How far planes are shifted against each other: known shifts of planes out of focus."""

import cv2
import make_stack
import numpy as np
import pytest
from grossing.zstack import registration


@pytest.fixture(scope="module")
def planes(real_slide):
    """Seven planes of a stack, blurred differently, noisy; not to be changed."""
    sharp = np.ascontiguousarray(make_stack.region(real_slide)[1200:2400, 500:1800])
    truth = make_stack.heights(*sharp.shape[:2], 7, waves=0.4)
    return tuple(make_stack.defocused(sharp, truth, 7, noise=3))


@pytest.mark.parametrize("moved", [(0, 0), (0.5, -0.3), (1.5, 0), (-6, 4), (40, -30)])
def test_shift_between_planes_out_of_focus(planes, moved):
    """Blurred differently, noisy, as JPEG; found to a tenth of a pixel."""
    place = np.array([[1, 0, moved[0]], [0, 1, moved[1]]], np.float64)
    size = planes[6].shape[1::-1]
    shifted = cv2.warpAffine(planes[6], place, size, flags=cv2.INTER_CUBIC)
    stack = [*planes[:6], shifted]
    greys = [cv2.cvtColor(as_jpeg(plane), cv2.COLOR_RGB2GRAY) for plane in stack]
    centres = [(x, y) for x in (300, 650, 1000) for y in (300, 600, 900)]
    found = registration.shifts(
        lambda plane, x, y, w, h: greys[plane][y : y + h, x : x + w], 7, size, centres
    )
    assert (found[6].x_px, found[6].y_px) == pytest.approx(moved, abs=0.1)
    assert max(shift.length_px for shift in found[:6]) < 0.1


def as_jpeg(rgb):
    return cv2.imdecode(cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, 80])[1], 1)
