"""What has the colour of tissue, beside the slide's own glass: thresholds of an overview."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask import faint_tissue
from grossing.mask import glass as glasses
from grossing.mask.shapes import every, extremes, strips, surrounded
from grossing.support import channels
from grossing.support.types import Mask, Pixels

Fine = npt.NDArray[np.uint16]  # steps of 1 / FINE grey level

SAMPLE_PX, FEW_PX = 200_000, 20_000  # for quantiles; for the mean of glass
FINE = 200  # steps per grey level in 16-bit pictures
PALE_SHARE, PALE_STEPS = 0.71, 8  # of Otsu's threshold, in pale slides; its steps per grey level
FAINT, STRONG = 3.0, 2.0  # colour of faint and of strongly stained tissue, by the threshold
FAINT_MIN = 2.5  # grey levels
MOST_COLOUR = 3  # spread by darkness: hematoxylin has 0.6, DAB 0.9, eosin 1.5; pale yellow 5


@dataclass(frozen=True)
class Shades:
    """(H, W) bool: what has the colour of tissue, a third of that, and twice as much; no others
    without a threshold of colour beside the glass."""

    stained: Mask
    faint: Mask | None = None
    strong: Mask | None = None


def beside_glass(
    rgb: Pixels,
    glass: Pixels,
    clean: Mask,
    smooth_px: float,
    otsu_share: float,
    limits: tuple[float, float],
    disc: faint_tissue.Disc,
) -> Shades:
    """What has more colour than the glass, and is darker.

    The noise is that around the commonest colour of the glass, `glass`: more where the glass is not
    of one colour. The feature is relative to its mean.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    glass : (3,) uint8
    clean : (H, W) bool, scanned and without ink
    smooth_px : sigma of the Gaussian before the threshold
    otsu_share : share of Otsu's threshold [1]_ that is used
    limits : bounds of the threshold, 0..255
    disc : a structuring element of a diameter in um

    References
    ----------
    .. [1] Otsu 1979, doi:10.1109/TSMC.1979.4310076
    """
    even = glasses.flat(rgb) & glasses.near(rgb, glass) & clean
    places = every(even, 1 + int(np.count_nonzero(even)) // SAMPLE_PX)
    light = glasses.finer(rgb.reshape(-1, 3)[places[:: 1 + len(places) // FEW_PX]], glass)
    spread, darker, colours = _chroma(rgb, light, smooth_px, places)
    lowest, highest = channels.extremes(colours * (light / np.maximum(glass, 1)))
    noise = _noise(highest - lowest)
    otsu, least = _otsu(_levels(spread, clean, FINE)), max(limits[0], noise)
    if PALE_SHARE * otsu < limits[0]:
        otsu = _otsu(_levels(spread, clean, FINE // PALE_STEPS)) / PALE_STEPS
        lower = max(PALE_SHARE * otsu, noise)
        found = _above(spread, darker, lower) & clean
        if lower < least and faint_tissue.is_tissue(rgb, even, found, disc):
            least = lower
    threshold = float(np.clip(otsu_share * otsu, least, limits[1]))
    low = max(threshold / FAINT, FAINT_MIN, min(noise, threshold))
    levels = threshold, low, STRONG * threshold
    return Shades(*(_above(spread, darker, level) for level in levels))


def _levels(spread: Fine, clean: Mask, step: int) -> Pixels:
    """(N,) spread of the clean pixels, in this step, at most 255."""
    rows = ((spread[r][clean[r]] // step) for r in strips(len(spread)))
    return np.concatenate([np.minimum(values, 255).astype(np.uint8) for values in rows])


def _above(spread: Fine, darker: Fine, threshold: float) -> Mask:
    """What has more colour than the threshold (grey levels), and is darker by a third of it."""
    steps = np.arange(FINE * 255 + 1, dtype=np.float32) / np.float32(FINE)
    least, least_darker = (
        np.searchsorted(values, np.float32(threshold), "right").astype(np.uint16)
        for values in (steps, MOST_COLOUR * steps)
    )
    return np.asarray((spread >= least) & (darker >= least_darker))


def _chroma(
    rgb: Pixels, light: glasses.Colour, sigma_px: float, places: npt.NDArray[np.intp]
) -> tuple[Fine, Fine, Fine]:
    """Spread of the smoothed channels divided by the glass, and how much darker than it they are.

    Parameters
    ----------
    light : (3,) grey levels of the glass, in fractions
    places : (N,) pixels, row by row

    Returns
    -------
    Spread and darkness, (H, W), and the colours of the places, (N, 3), all in steps of 1/200 grey
    level; glass is 255 grey levels, and so are overexposed pixels
    """
    ratios = np.minimum(np.arange(256)[:, None] / np.maximum(light, 1), 1.2)
    table = np.round(FINE * 255 * ratios).astype(np.uint16)
    sigma, (height, width) = max(1.0, sigma_px), rgb.shape[:2]
    spread, darker = np.empty((height, width), np.uint16), np.empty((height, width), np.uint16)
    colours = np.empty((len(places), 3), np.uint16)
    for rows, above, around in surrounded(height, math.ceil(4 * sigma) + 1):
        smooth = [cv2.GaussianBlur(b, (0, 0), sigma) for b in _relative(rgb[around], table)]
        strip = cv2.merge([band[above:][: rows.stop - rows.start] for band in smooth])
        here = slice(*np.searchsorted(places, (rows.start * width, rows.stop * width)))
        colours[here] = strip.reshape(-1, 3)[places[here] - rows.start * width]
        highest, lowest = extremes(strip)
        spread[rows] = np.minimum(highest - lowest, FINE * 255)
        grey = cv2.cvtColor(strip, cv2.COLOR_RGB2GRAY)
        darker[rows] = FINE * 255 - np.minimum(grey, FINE * 255)
    return spread, darker, colours


def _relative(rgb: Pixels, table: Fine) -> list[Fine]:
    """The channels by a table of (256, 3); overexposed pixels as light as the glass."""
    overexposed = cv2.inRange(rgb, (255, 255, 255), (255, 255, 255)) > 0
    channels = enumerate(cv2.split(rgb))
    bands = [np.asarray(cv2.LUT(each, table[:, n]), np.uint16) for n, each in channels]
    for band in bands:
        band[overexposed] = FINE * 255
    return bands


def saturated(rgb: Pixels, clean: Mask) -> Shades:
    """What has more blurred saturation than Otsu's threshold; (H, W, 3) uint8 and (H, W) bool."""
    saturation = cv2.extractChannel(cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV), 1)
    smooth = np.asarray(cv2.GaussianBlur(saturation, (5, 5), 0), np.uint8)
    return Shades(np.asarray(smooth > _otsu(smooth[clean])))


def _otsu(values: Pixels) -> float:
    if values.size == 0:
        return 0.0
    flags = cv2.THRESH_BINARY + cv2.THRESH_OTSU
    return float(cv2.threshold(values.reshape(-1, 1), 0, 255, flags)[0])


def _noise(steps: npt.NDArray[np.float64]) -> float:
    """Median plus 6 robust standard deviations, grey levels; 0 where there is no glass."""
    if steps.size == 0:
        return 0.0
    values = steps.astype(np.float32) / np.float32(FINE)
    median = np.median(values)
    return float(median + 6 * 1.4826 * np.median(np.abs(values - median)))
