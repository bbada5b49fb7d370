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
MOST_CLIPPED = 0.01  # of a pixel of 32 px: its mean is off by that much at most

Gain = npt.NDArray[np.float64]


def gains(pictures: Sequence[Pixels]) -> list[Gain]:
    """What each plane is multiplied by to have the light of the middle one, (3,) each.

    Parameters
    ----------
    pictures : the same place or places in every plane, (H, W, 3) uint8, in the order of height

    Returns
    -------
    One per plane: the median over pixels of 32 px that are not clipped, per channel; 1 where it is
    within 1 %, or where all are clipped.
    """
    small = [_shrunk(picture) for picture in pictures]
    clipped = [_clipped(picture) for picture in pictures]
    middle = len(pictures) // 2
    return [
        _gain(one, small[middle], share + clipped[middle])
        for one, share in zip(small, clipped, strict=True)
    ]


def factors(gain: Gain) -> tuple[float, float, float]:
    """A gain as it is recorded."""
    red, green, blue = (round(float(factor), 4) for factor in gain)
    return red, green, blue


def difference(picture: Pixels, middle: Pixels) -> float:
    """Share by which the light of a place differs from that of the middle plane.

    Parameters
    ----------
    picture, middle : the same place in both planes, (H, W, 3) uint8

    Returns
    -------
    the share that a tenth of the pixels of 32 px exceeds, in the channel in which it is largest;
    clipped pixels count
    """
    one, other = (np.maximum(_shrunk(place), 1) for place in (picture, middle))
    return float(np.percentile(np.abs(one / other - 1), 90, axis=(0, 1)).max())


def _shrunk(picture: Pixels) -> npt.NDArray[np.float64]:
    height, width = picture.shape[:2]
    size = max(1, width // SHRINK), max(1, height // SHRINK)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float64)


def _clipped(picture: Pixels) -> npt.NDArray[np.float64]:
    """Share of the pixels that are nearly black or white, on the scale of `_shrunk`."""
    beyond = (picture < LEAST_LEVEL) | (picture > MOST_LEVEL)
    return _shrunk(beyond.astype(np.uint8) * 255) / 255


def _gain(
    plane: npt.NDArray[np.float64],
    middle: npt.NDArray[np.float64],
    clipped: npt.NDArray[np.float64],
) -> Gain:
    factors = np.ones(3)
    for channel in range(3):
        one, other = plane[..., channel], middle[..., channel]
        usable = clipped[..., channel] <= MOST_CLIPPED
        if usable.any():
            factors[channel] = float(np.median(other[usable] / one[usable]))
    return factors if np.abs(factors - 1).max() > LEAST_GAIN_CHANGE else np.ones(3)


def lit(picture: Pixels, gain: Gain, middle: Pixels | None) -> Pixels:
    """A picture in the light of the middle plane.

    What is clipped has lost its own light and gets that of the middle plane, which is merged in
    from level 250 on.

    Parameters
    ----------
    picture, middle : the same place in both planes, (H, W, 3) uint8; None fills nothing in
    """
    if (gain == 1).all():
        return picture
    levels = np.arange(256)[:, None] * gain
    table = np.rint(levels).clip(0, 255).astype(np.uint8)
    made = np.asarray(cv2.LUT(picture, table[None]), np.uint8)
    if middle is None or not np.count_nonzero(bright := picture > MOST_LEVEL):
        return made
    share = (picture[bright] - np.float32(MOST_LEVEL)) / (255 - MOST_LEVEL)
    missing = cv2.subtract(middle, made)[bright]  # 0 where the plane is the brighter
    made[bright] += np.rint(share * missing).astype(np.uint8)
    return made


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
