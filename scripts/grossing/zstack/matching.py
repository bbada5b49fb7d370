"""The light of focal planes, matched to the middle one so that blocks fit together."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from grossing.support.errors import SlideError
from grossing.support.types import Pixels

SHRINK = 32  # blur of a few px does not matter at that
LEAST_GAIN_CHANGE = 0.01  # smaller differences are left, and so are the pixels
MOST_GAIN = 2.0
LEAST_LEVEL, MOST_LEVEL = 5, 250  # darker and brighter pixels may be clipped

Gain = npt.NDArray[np.float64]


def gains(pictures: Sequence[Pixels]) -> list[Gain]:
    """Factors that bring each plane to the light of the middle one.

    Parameters
    ----------
    pictures : the same place or places in every plane, (H, W, 3) uint8, in the order of height

    Returns
    -------
    (3,) per plane: the median over pixels of 32 px, per channel; 1 where it is within 1 %, or
    where all pixels are nearly black or white
    """
    small = [_shrunk(picture) for picture in pictures]
    middle = small[len(small) // 2]
    return [_gain(one, middle) for one in small]


def difference(picture: Pixels, middle: Pixels) -> float:
    """Share by which the light of a place differs from that of the middle plane.

    Parameters
    ----------
    picture, middle : the same place in both planes, (H, W, 3) uint8

    Returns
    -------
    the median over pixels of 32 px in the channel in which it is largest; clipped pixels count
    """
    one, other = (np.maximum(_shrunk(place), 1) for place in (picture, middle))
    return float(np.abs(np.median(one / other, axis=(0, 1)) - 1).max())


def _shrunk(picture: Pixels) -> npt.NDArray[np.float64]:
    height, width = picture.shape[:2]
    size = max(1, width // SHRINK), max(1, height // SHRINK)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float64)


def _gain(plane: npt.NDArray[np.float64], middle: npt.NDArray[np.float64]) -> Gain:
    factors = np.ones(3)
    for channel in range(3):
        one, other = plane[..., channel], middle[..., channel]
        usable = (np.minimum(one, other) >= LEAST_LEVEL) & (np.maximum(one, other) <= MOST_LEVEL)
        if usable.any():
            factors[channel] = float(np.median(other[usable] / one[usable]))
    return factors if np.abs(factors - 1).max() > LEAST_GAIN_CHANGE else np.ones(3)


def lit(picture: Pixels, gain: Gain) -> Pixels:
    """A picture (H, W, 3) uint8 times its gain."""
    if (gain == 1).all():
        return picture
    levels = np.rint(np.arange(256)[:, None] * gain).clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, levels[None]), np.uint8)


def check_gain(name: str, middle: str, gain: Gain) -> None:
    """Refuse a plane whose light is too far from the middle plane's.

    Raises
    ------
    SlideError : a factor is above 2 or below a half.
    """
    if gain.max() > MOST_GAIN or gain.min() < 1 / MOST_GAIN:
        factors = ", ".join(f"{1 / factor:.2f}" for factor in gain)
        message = f"plane {name} is {factors} times as bright (R, G, B) as plane {middle}"
        remedy = "scan the planes with one exposure, or take the plane's row out of the sheet"
        raise SlideError("planes_differ", f"{message} (limit {MOST_GAIN:g})", remedy)
