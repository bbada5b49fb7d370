"""Correction for a slide's light: its empty glass gets the intensity that torchstain assumes."""

import cv2
import numpy as np
import numpy.typing as npt

from grossing.support.types import Pixels

LIGHT = 240  # torchstain's intensity of the empty field
#: density (natural log) of each grey level, as torchstain computes it
DENSITY = np.log(LIGHT / (np.arange(256.0) + 1))


def evened(pixels: Pixels, glass: npt.ArrayLike | None) -> Pixels:
    """Pixels multiplied by 240 / glass, channel by channel.

    Parameters
    ----------
    pixels : (N, 3) or (H, W, 3) uint8 RGB
    glass : (3,) colour of the empty slide; None leaves them as they are
    """
    if glass is None:
        return pixels
    values = cv2.LUT(pixels.reshape(-1, 1, 3), table(glass)[None])
    return np.asarray(values, np.uint8).reshape(pixels.shape)


def table(glass: npt.ArrayLike | None) -> Pixels:
    """(256, 3) uint8: what each grey level of a channel becomes in `evened`.

    Raises
    ------
    ValueError : glass is not three numbers from 0 to 255.
    """
    colour = np.full(3, LIGHT) if glass is None else np.asarray(glass, np.float64)
    if colour.shape != (3,) or not ((colour >= 0) & (colour <= 255)).all():
        raise ValueError(f"glass {glass!r}: give its colour, R, G, B from 0 to 255")
    levels = np.arange(256)[:, None] * (LIGHT / np.maximum(colour, 1))
    return np.asarray(np.rint(levels).clip(0, 255), np.uint8)
