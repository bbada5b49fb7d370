"""The light of a slide: the colour of its empty glass, whatever its tint, and division by it."""

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask.shapes import every, extremes, surrounded
from grossing.support import channels
from grossing.support.types import Mask, Pixels

LIGHT = 240  # grey level of the glass in a picture that was divided by it
FALLBACK = (LIGHT, LIGHT, LIGHT)
LEAST_GREY = 120
FLAT_VARIANCE, FLAT_PX = 4.0, 7  # within a square of this side
LEAST_FRACTION, LEAST_PX = 1e-3, 20  # flat pixels, of the picture
LEAST_SHARE, WINDOW = 0.15, 6  # of the flat pixels, within so many grey levels
NEUTRAL = 10  # grey levels between the channels: tissue is never so colourless
TINTED_FRACTION, LEAST_RATIO = 0.02, 0.75  # of tinted glass: of the picture; lowest channel
BRIGHTEST_PERCENTILE, NEARLY_WHITE = 99.5, 225  # of the pixels; grey levels
SOFT_PX, LEAST_PALE_RATIO = 3, 0.56  # of the palest tissue: against JPEG; its tint and the light's
ABOVE_LEVELS, ABOVE_FRACTION = 8, 0.02  # brighter than glass: edges and dirt, not tissue
GREY = np.array([0.299, 0.587, 0.114])
SHRINK = 4  # against noise
SAMPLE_PX = 200_000
NEAR_LEVELS = 11
UNEVEN = 0.02  # of the light, in the colour or brightness of the glass
GRID, LEAST_CELLS, ROUNDS = 8, 32, 6
SETTLED = 0.02  # grey levels
FEW_ROWS = 16
OVEREXPOSED = 0.5  # of the glass

Colour = npt.NDArray[np.float64]  # (3,) RGB in grey levels


def colour(rgb: Pixels, scanned: Mask | None = None) -> Pixels | None:
    """Colour of the empty glass, of any tint.

    Glass is even and lets all light through: in each channel it is within the brightest band that
    holds 15 % of the even pixels. Next to nothing is brighter and of another hue, as it would be if
    even tissue had been taken for glass. In a picture without such glass its
    brightest pixels stand for it where they are nearly white.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    scanned : (H, W) bool, pixels to look at; all if None

    Returns
    -------
    (3,) uint8 RGB; None where nothing looks like glass.

    Notes
    -----
    Pure white counts as filler where at least 10 % of the picture is even and of another colour.
    """
    seen = flat(rgb)
    if scanned is not None:
        seen &= scanned
    whole = seen.size if scanned is None else int(scanned.sum())
    count = int(np.count_nonzero(seen))
    if count < max(LEAST_PX, LEAST_FRACTION * whole):
        return _nearly_white(rgb, scanned)
    pixels = rgb.reshape(-1, 3)[every(seen, 1 + count // SAMPLE_PX)]
    coloured = channels.extremes(pixels)[0] < 255
    if np.count_nonzero(coloured) >= 0.1 * whole * len(pixels) / count:
        pixels = channels.picked(pixels[None], coloured[None])
    commonest = _commonest(_brightest(pixels))
    found = commonest.mean(axis=0)
    if np.ptp(found) > NEUTRAL and (
        count < TINTED_FRACTION * whole
        or found.min() < LEAST_RATIO * found.max()
        or _above(rgb, scanned, found) > ABOVE_FRACTION
    ):
        return _nearly_white(rgb, scanned)
    return np.asarray(np.round(found), np.uint8)


def _nearly_white(rgb: Pixels, scanned: Mask | None) -> Pixels | None:
    """The brightest level of each channel, if that is nearly white; else None.

    Glass lets through as much as the brightest tissue or more, so it is nearly white as well.
    """
    pixels = rgb.reshape(-1, 3) if scanned is None else rgb[scanned]
    if not len(pixels):
        return None
    brightest = np.percentile(pixels, BRIGHTEST_PERCENTILE, axis=0)
    return np.asarray(np.round(brightest), np.uint8) if brightest.min() >= NEARLY_WHITE else None


def palest(rgb: Pixels, scanned: Mask) -> Colour:
    """The hue of the light where no glass is seen: that of the palest pixels, as bright as 240.

    The palest tissue is nearly as colourless as glass, whatever the light, so colours relative to
    it are nearly those relative to the glass. What is more coloured is ink that covers all of the
    picture: then the light is taken for colourless.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    scanned : (H, W) bool
    """
    soft = np.asarray(cv2.blur(rgb, (SOFT_PX, SOFT_PX)), np.uint8)
    grey = cv2.cvtColor(soft, cv2.COLOR_RGB2GRAY)
    if scanned.any():
        least = np.percentile(grey[scanned], BRIGHTEST_PERCENTILE)
        pale = soft[scanned & (grey >= least)].mean(axis=0, dtype=np.float64)
        if pale.min() >= LEAST_PALE_RATIO * pale.max() > 0:
            return np.asarray(LIGHT * pale / pale.max())
    return np.array(FALLBACK, np.float64)


def flat(rgb: Pixels) -> Mask:
    """Bright pixels in even surroundings (7 x 7 px, deviation of the grey level below 2)."""
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    even = grey > LEAST_GREY
    for rows, variance in _varying(grey):
        even[rows] &= variance < FLAT_VARIANCE
    return np.asarray(even)


def variances(rgb: Pixels) -> npt.NDArray[np.float32]:
    """(H, W) variance of the grey level within 7 x 7 px."""
    result = np.empty(rgb.shape[:2], np.float32)
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    for rows, variance in _varying(grey):
        result[rows] = variance
    return result


def _varying(grey: Pixels) -> Iterator[tuple[slice, npt.NDArray[np.float32]]]:
    """Rows of a picture and the variance within 7 x 7 px there."""
    for rows, above, around in surrounded(len(grey), FLAT_PX // 2):
        mean = cv2.boxFilter(grey[around], cv2.CV_32F, (FLAT_PX, FLAT_PX))
        variance = cv2.sqrBoxFilter(grey[around], cv2.CV_32F, (FLAT_PX, FLAT_PX)) - mean * mean
        yield rows, np.asarray(variance[above:][: rows.stop - rows.start], np.float32)


def near(rgb: Pixels, glass: npt.ArrayLike) -> Mask:
    """Within 11 grey levels of the glass in every channel."""
    lower, upper = np.asarray(glass, int) - NEAR_LEVELS, np.asarray(glass, int) + NEAR_LEVELS
    return np.asarray(cv2.inRange(rgb, lower.clip(0, 255), upper.clip(0, 255)) > 0)


def finer(pixels: Pixels, glass: npt.ArrayLike) -> Colour:
    """The glass to a fraction of a grey level: the mean of the even pixels around it.

    A whole level is a tenth of the colour of pale tissue, and a cast that moves the glass from one
    level to the next must not move the outline of the tissue.

    Parameters
    ----------
    pixels : (N, 3) uint8, even pixels near the glass
    glass : (3,) grey levels; returned where no pixel is within 6 levels of it
    """
    level = np.asarray(glass, np.float64)
    for _ in range(ROUNDS):
        around = pixels[(np.abs(pixels - level) <= WINDOW).all(axis=1)]
        if not len(around):
            break
        before, level = level, around.mean(axis=0, dtype=np.float64)
        if np.abs(level - before).max() < SETTLED:
            break
    return level


def divided(rgb: Pixels, glass: npt.ArrayLike) -> Pixels:
    """The picture times 240 / glass, channel by channel, at most 255."""
    steps = np.arange(256)[:, None] * (LIGHT / np.maximum(np.asarray(glass, np.float64), 1))
    table = np.rint(steps).clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.LUT(rgb, table[:, None, :]), np.uint8)


def evened(rgb: Pixels, glass: Pixels, scanned: Mask) -> Pixels:
    """The picture with the glass everywhere as bright and of the colour that `glass` has.

    The light is a polynomial of second degree, fitted to the even pixels near the colour of the
    glass, channel by channel. Left alone where it varies by less than 2 % or where half of the
    squares of an 8 x 8 grid show no glass, so that it is not guessed under the tissue; and where
    most of the glass is overexposed: its light is not known, and what is left may be pale tissue.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    glass : (3,) uint8
    scanned : (H, W) bool
    """
    even, pure = flat(rgb) & scanned, extremes(rgb)[1] == 255
    glassy = even & near(rgb, glass)
    if np.count_nonzero(glassy & pure) > OVEREXPOSED * np.count_nonzero(glassy):
        return rgb
    even &= ~pure
    step = 1 + int(np.count_nonzero(even)) // (SAMPLE_PX // 10)
    rows, columns = np.divmod(every(even, step), even.shape[1])
    pixels = rgb[rows, columns].astype(np.float32)
    terms = _terms(rows, columns, even.shape)
    light = np.broadcast_to(glass.astype(np.float32), pixels.shape)
    factors, before = None, np.zeros(0, np.bool_)
    for _ in range(ROUNDS):
        glassy = (np.abs(pixels - light) <= NEAR_LEVELS).all(axis=1)
        if np.array_equal(glassy, before):
            break  # the same pixels give the same light
        before = glassy
        if _cells(rows[glassy], columns[glassy], even.shape) < LEAST_CELLS:
            return rgb
        factors = np.linalg.lstsq(terms[glassy], pixels[glassy], rcond=None)[0]
        light = terms @ factors
    if factors is None or np.ptp(light / glass, axis=0).max() < UNEVEN:
        return rgb
    return _without(rgb, glass, factors)


def _without(rgb: Pixels, glass: Pixels, factors: npt.NDArray[np.float32]) -> Pixels:
    """The picture divided by the light of these factors, times the glass."""
    height, width = rgb.shape[:2]
    result = np.empty_like(rgb)
    for top in range(0, height, FEW_ROWS):
        part = rgb[top : top + FEW_ROWS]
        rows, columns = np.divmod(np.arange(part.shape[0] * width), width)
        light = _terms(rows + top, columns, (height, width)) @ factors
        evened = part * (glass / np.maximum(light, 1)).reshape(part.shape)
        result[top : top + FEW_ROWS] = np.rint(evened, out=evened).clip(0, 255)
    return result


def _terms(
    rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], shape: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    """(N, 6) 1, x, y, x2, xy, y2 of places, each within -1..1."""
    y = 2 * rows.astype(np.float32) / max(1, shape[0] - 1) - 1
    x = 2 * columns.astype(np.float32) / max(1, shape[1] - 1) - 1
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)


def _cells(
    rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], shape: tuple[int, ...]
) -> int:
    """How many squares of an 8 x 8 grid hold one of these places."""
    cells = GRID * rows // shape[0] * GRID + GRID * columns // shape[1]
    return int(np.count_nonzero(np.bincount(cells)))


def _brightest(pixels: Pixels) -> Pixels:
    """Pixels that are within the brightest band of each channel that holds 15 % of them."""
    chosen = np.ones(len(pixels), np.bool_)
    for channel in np.moveaxis(pixels, 1, 0):
        histogram = np.bincount(channel, minlength=256)
        band = np.convolve(histogram, np.ones(2 * WINDOW + 1), "same")
        top = int(np.flatnonzero(band >= LEAST_SHARE * min(len(pixels), band.max()))[-1])
        start = max(0, top - WINDOW)
        level = start + int(np.argmax(histogram[start : top + WINDOW + 1]))
        chosen &= np.abs(channel.astype(np.int16) - level) <= WINDOW
    return channels.picked(pixels[None], chosen[None]) if chosen.any() else pixels


def _commonest(pixels: Pixels) -> Pixels:
    """Pixels of the commonest colour, of colours 4 grey levels wide."""
    wide = (pixels >> 2).astype(np.int32)
    code = (wide[:, 0] << 12) | (wide[:, 1] << 6) | wide[:, 2]
    return np.asarray(pixels[code == np.bincount(code).argmax()])


def _above(rgb: Pixels, scanned: Mask | None, glass: npt.NDArray[np.float64]) -> float:
    """Share of the picture that is brighter than the glass and of another hue.

    Brighter in grey: JPEG shifts the hue of whole blocks beside tissue, but keeps their grey level.
    """
    height, width = (max(1, side // SHRINK) for side in rgb.shape[:2])
    small = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
    pixels = small.reshape(-1, 3)
    if scanned is not None:
        inside = cv2.resize(scanned.view(np.uint8), (width, height), interpolation=cv2.INTER_AREA)
        pixels = small[inside > 0]
    relative = pixels * (LIGHT / glass)
    brighter = relative @ GREY > LIGHT + ABOVE_LEVELS
    brighter &= (np.ptp(relative, 1) > ABOVE_LEVELS) & (pixels.min(axis=1) < 255)
    return float(brighter.mean()) if len(brighter) else 0.0
