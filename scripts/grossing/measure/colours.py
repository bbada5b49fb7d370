"""Whether the colours of a slide are shown as they were stored: read from the picture itself."""

from collections.abc import Iterator

import cv2
import numpy as np

from grossing.mask.shapes import strips
from grossing.support import channels
from grossing.support.types import Mask, Pixels

NEUTRAL_CHROMA = 30  # grey levels between the channels of glass
GLASS_LEVEL, CHROMA_GLASS_LEVEL = 160, 190
CONFIRMED_FRACTION = 0.02  # of neutral glass, as shown or in another reading
MANY_TIMES = 3
READINGS = "YCbCr data are shown as RGB", "RGB data are shown as YCbCr"
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
    counts = [(len(p), _glass_px(p, GLASS_LEVEL)) for p in _stretches(rgb, scanned)]
    whole, shown_px = np.sum(counts, axis=0).tolist() if counts else (0, 0)
    if not whole:
        return None
    shown = shown_px / whole
    most = max(CONFIRMED_FRACTION, MANY_TIMES * shown)
    if most < 1:  # else no other reading can have as much
        readings = {name: px / whole for name, px in _other_readings(rgb, scanned).items()}
        reading = max(readings, key=lambda name: readings[name])
        if readings[reading] > most:
            return reading
    return contradiction if shown < CONFIRMED_FRACTION else None


def _other_readings(rgb: Pixels, scanned: Mask) -> dict[str, int]:
    """How many pixels are glass in each of `READINGS`."""
    counts = np.zeros(len(READINGS), np.intp)
    for pixels in _stretches(rgb, scanned):
        swapped = np.ascontiguousarray(pixels[..., [0, 2, 1]])
        as_ycbcr = np.asarray(cv2.cvtColor(swapped, cv2.COLOR_YCrCb2RGB), np.uint8)
        as_rgb = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2YCrCb), np.uint8)
        counts += _glass_px(as_ycbcr, CHROMA_GLASS_LEVEL), _glass_px(as_rgb, GLASS_LEVEL)
    return dict(zip(READINGS, counts.tolist(), strict=True))


def _stretches(rgb: Pixels, scanned: Mask) -> Iterator[Pixels]:
    """(N, 1, 3) uint8, the scanned pixels of some rows at a time."""
    for rows in strips(len(rgb)):
        if scanned[rows].any():
            yield channels.picked(rgb[rows], scanned[rows])[:, None]


def _glass_px(pixels: Pixels, level: int) -> int:
    lowest, highest = channels.extremes(pixels)
    return int(np.count_nonzero((highest - lowest <= NEUTRAL_CHROMA) & (lowest >= level)))


def is_grey(rgb: Pixels, scanned: Mask) -> bool:
    """Whether a picture has no colour where it is neither bright nor dark.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    scanned : (H, W) bool, where to look

    Returns
    -------
    False too where too little is of that brightness, as on glass alone.
    """
    whole, chroma = 0, [np.zeros(0, np.uint8)]
    for pixels in _stretches(rgb, scanned):
        lowest, highest = channels.extremes(pixels)
        midtones = (lowest > MIDTONES[0]) & (highest < MIDTONES[1])
        chroma.append((highest - lowest)[midtones])
        whole += len(pixels)
    found = np.concatenate(chroma)
    if len(found) <= GREY_FRACTION * max(1, whole):
        return False
    return float(np.percentile(found, 99)) <= GREY_CHROMA
