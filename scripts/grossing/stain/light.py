"""Correction for a slide's light: its empty glass gets the intensity that torchstain assumes."""

import cv2
import numpy as np
import numpy.typing as npt

from grossing.support.types import Pixels

LIGHT = 240  # torchstain's intensity of the empty field


def evened(pixels: Pixels, glass: npt.ArrayLike | None) -> Pixels:
    """Pixels multiplied by 240 / glass, channel by channel.

    Parameters
    ----------
    pixels : (N, 3) or (H, W, 3) uint8 RGB
    glass : (3,) colour of the empty slide; None leaves them as they are
    """
    if glass is None:
        return pixels
    factors = LIGHT / np.maximum(np.asarray(glass, np.float64), 1)
    levels = np.arange(256)[:, None] * factors
    table = np.rint(levels).clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(pixels.reshape(-1, 1, 3), table[None]), np.uint8).reshape(
        pixels.shape
    )
