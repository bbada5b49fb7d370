"""The light of focal planes, matched to the middle one so that blocks fit together."""

from collections.abc import Sequence
from dataclasses import dataclass

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

FEWEST_WHITE_PX = 100

Gain = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Light:
    """What brings a plane to the light of the middle one, (3,) each.

    `gain` multiplies; `white` is the level that clipped pixels get, as their own is lost.
    """

    gain: Gain
    white: Gain

    @property
    def factors(self) -> tuple[float, float, float]:
        """The gain as it is recorded."""
        red, green, blue = (round(float(factor), 4) for factor in self.gain)
        return red, green, blue

    @classmethod
    def same(cls) -> "Light":
        return cls(np.ones(3), np.full(3, 255.0))


def lights(pictures: Sequence[Pixels]) -> list[Light]:
    """What brings each plane to the light of the middle one.

    Parameters
    ----------
    pictures : the same place or places in every plane, (H, W, 3) uint8, in the order of height

    Returns
    -------
    One per plane. Its gain is the median over pixels of 32 px that are not clipped, per channel; 1
    where it is within 1 %, or where all are clipped. Its white is the median of the middle plane
    where the plane is clipped.
    """
    small = [_shrunk(picture) for picture in pictures]
    clipped = [_clipped(picture) for picture in pictures]
    middle = len(pictures) // 2
    found = []
    for picture, one, share in zip(pictures, small, clipped, strict=True):
        gain = _gain(one, small[middle], share + clipped[middle])
        found.append(Light(gain, _white(picture, pictures[middle], gain)))
    return found


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


def _white(plane: Pixels, middle: Pixels, gain: Gain) -> Gain:
    white = 255 * gain
    for channel in range(3):
        at = plane[..., channel] == 255
        if np.count_nonzero(at) >= FEWEST_WHITE_PX:
            white[channel] = max(white[channel], np.median(middle[..., channel][at]))
    return np.minimum(white, 255)


def lit(picture: Pixels, light: Light) -> Pixels:
    """A picture (H, W, 3) uint8 in the light of the middle plane."""
    if (light.gain == 1).all():
        return picture
    levels = np.arange(256)[:, None] * light.gain
    shares = np.linspace(0, 1, 256 - MOST_LEVEL)[:, None]
    levels[MOST_LEVEL:] += shares * np.maximum(light.white - levels[-1], 0)
    table = np.rint(levels).clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(picture, table[None]), np.uint8)


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
