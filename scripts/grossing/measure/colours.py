"""Whether the colours of a slide are shown as they were stored: read from the picture itself."""

import cv2
import numpy as np

from grossing.support import channels
from grossing.support.types import Mask, Pixels

NEUTRAL_CHROMA = 30  # grey levels between the channels of glass
GLASS_LEVEL, CHROMA_GLASS_LEVEL = 160, 190
CONFIRMED_FRACTION = 0.02  # of neutral glass, as shown or in another reading
MANY_TIMES = 3
GREY_CHROMA, GREY_FRACTION, MIDTONES = 3, 0.02, (60, 200)


def misread(rgb: Pixels, scanned: Mask, contradiction: str | None) -> str | None:
    """How a brightfield picture was read in the wrong colour space; None where it was not.

    Glass is bright and neutral.  Where YCbCr data are shown as RGB it is about (240, 128, 128), and
    where RGB data are shown as YCbCr about (255, 121, 255): the reading in which there is glass is
    the right one.  On 60 pictures of slides and tiles there was glass in 3 % or more of the pixels
    of all but four, and in at most 1.7 % of them in a wrong reading.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    scanned : (H, W) bool
    contradiction : what the file itself says to be contradictory about its colour space; it counts
        where the picture shows no glass
    """
    pixels = np.ascontiguousarray(rgb[scanned].reshape(-1, 1, 3))
    if not len(pixels):
        return None
    shown = _glass_fraction(pixels, GLASS_LEVEL)
    swapped = np.ascontiguousarray(pixels[..., [0, 2, 1]])
    as_ycbcr = np.asarray(cv2.cvtColor(swapped, cv2.COLOR_YCrCb2RGB), np.uint8)
    as_rgb = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb), np.uint8)
    readings = {
        "YCbCr data are shown as RGB": _glass_fraction(as_ycbcr, CHROMA_GLASS_LEVEL),
        "RGB data are shown as YCbCr": _glass_fraction(as_rgb, GLASS_LEVEL),
    }
    reading = max(readings, key=lambda name: readings[name])
    if readings[reading] > max(CONFIRMED_FRACTION, MANY_TIMES * shown):
        return reading
    return contradiction if shown < CONFIRMED_FRACTION else None


def _glass_fraction(pixels: Pixels, level: int) -> float:
    lowest, highest = channels.extremes(pixels)
    return float(((highest - lowest <= NEUTRAL_CHROMA) & (lowest >= level)).mean())


def is_grey(rgb: Pixels, scanned: Mask) -> bool:
    """Whether a picture has no colour where it is neither bright nor dark; glass alone has not."""
    pixels = rgb[scanned]
    lowest, highest = channels.extremes(pixels)
    midtones = (lowest > MIDTONES[0]) & (highest < MIDTONES[1])
    if midtones.sum() <= GREY_FRACTION * max(1, len(pixels)):
        return False
    return float(np.percentile((highest - lowest)[midtones], 99)) <= GREY_CHROMA
