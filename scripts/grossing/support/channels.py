"""The brightest channel of a picture: a fluorophore may have any colour."""

import cv2
import numpy as np

from grossing.support.types import Pixels


def brightest(rgb: Pixels) -> Pixels:
    """(H, W) uint8, the brightest channel of each pixel of (H, W, 3) uint8."""
    red, green, blue = cv2.split(rgb)
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)


def as_grey(rgb: Pixels) -> Pixels:
    """(H, W, 3) uint8, `brightest` in all channels: blue signal counts a ninth in plain grey."""
    return np.asarray(cv2.cvtColor(brightest(rgb), cv2.COLOR_GRAY2RGB), np.uint8)
