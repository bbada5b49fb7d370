"""Tissue of a fluorescence overview: what is brighter than the slide's own dark background."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask.labels import GLASS, NOT_SCANNED, TISSUE
from grossing.support.channels import brightest
from grossing.support.types import Mask, Pixels

Values = npt.NDArray[np.float32]

WORKING_SIDE_PX = 2000
FLAT_VARIANCE = 4.0  # of 7 x 7 px, squared grey levels
LEVEL_SHARE = 0.2  # of the commonest level of flat pixels: the lowest level as common as that
CONTRAST_MIN = 2.0  # grey levels
NOISE_FACTOR = 6.0
GLARE_FRACTION = 0.02  # of the brightest tissue: light that the optics scatter beside it
SPREAD_MIN = 0.3  # grey levels: 8-bit steps
ROUNDS = 12
FILLER_LEVEL, FILLER_FRACTION = 1, 0.01
STRAIGHT_PX, STRAIGHT_FRACTION = 24, 0.4
SAMPLE_PX = 50_000


@dataclass(frozen=True)
class Background:
    """Level of the dark background at each pixel, and its noise; grey levels."""

    level: Values
    spread: float


def segment(
    rgb: Pixels,
    mpp: float,
    *,
    scanned: Mask | None = None,
    working_mpp: float = 8.0,
    smooth_um: float = 8.0,
    close_um: float = 40.0,
    min_area_mm2: float = 0.02,
    fill_hole_mm2: float = 0.05,
) -> Pixels:
    """Tissue and background of a fluorescence overview.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    mpp : um per pixel
    scanned : (H, W) bool, False where the scanner took no picture; all scanned if None
    working_mpp : finer pictures are shrunk to this, um per pixel
    smooth_um : sigma of the Gaussian before the threshold, um
    close_um : diameter of the closing, which joins nuclei to tissue, um
    min_area_mm2 : smaller pieces are dropped, mm2 (on a picture below 40 mm2, pieces below
        0.05 % of it)
    fill_hole_mm2 : smaller holes are filled, mm2 (on a picture below 25 mm2, holes below 0.2 %)

    Returns
    -------
    (H, W) uint8 labels: 0 not scanned, 1 tissue, 7 background. There is no ink and no fold: both
    are dark, and a bright fold is tissue. No 1 on an empty slide.

    Notes
    -----
    The brightest channel is compared with the background around it (`background`): tissue is
    brighter by 2 grey levels, by 6 standard deviations of the background's noise, and by 2 % of
    the brightest tissue, which is what optics scatter beside it. Tissue that glows as weakly as
    that is missed; dirt that glows is tissue.
    """
    factor = min(1.0, mpp / working_mpp, WORKING_SIDE_PX / max(rgb.shape[:2]))
    size = max(1, round(rgb.shape[1] * factor)), max(1, round(rgb.shape[0] * factor))
    step = mpp / factor
    shrunk = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) if factor < 1 else rgb
    signal = brightest(np.asarray(shrunk, np.uint8))
    valid: Mask = np.ones(signal.shape, np.bool_)
    if scanned is not None:
        valid = _resized(scanned.view(np.uint8), size).view(np.bool_)
    smooth = _blurred(signal, max(1.0, smooth_um / step))
    dark = background(_rounded(smooth), valid)
    tissue = _cleaned(
        (smooth > dark.level + _contrast(smooth[valid], dark)) & valid,
        _disc(close_um / step),
        min(min_area_mm2 * (1000 / step) ** 2, 5e-4 * valid.sum()),
        min(fill_hole_mm2 * (1000 / step) ** 2, 2e-3 * valid.sum()),
    )
    labels = np.where(tissue, np.uint8(TISSUE), np.uint8(GLASS))
    labels[~valid] = NOT_SCANNED
    whole = _resized(labels, (rgb.shape[1], rgb.shape[0]))
    if scanned is not None:
        whole[~scanned] = NOT_SCANNED  # the nearest pixel that was segmented may be scanned
    return whole


def filler(rgb: Pixels, scanned: Mask) -> Mask:
    """(H, W) bool, black that a scanner or converter put where it took no picture.

    Black pieces at the edge of the picture, of 1 % of it or more, whose border with the rest is
    straight, along rows and columns. A background that the scanner cut off at 0 ends in curves.
    """
    black = (brightest(rgb) <= FILLER_LEVEL) & scanned
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(black.view(np.uint8), connectivity=4)
    touching = np.zeros(len(stats), np.bool_)
    for edge in (pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]):
        touching[edge] = True
    touching &= stats[:, cv2.CC_STAT_AREA] >= FILLER_FRACTION * black.size
    touching[0] = False
    outside = touching[pieces].view(np.uint8)
    if _straight_fraction(outside) < STRAIGHT_FRACTION:
        return np.zeros_like(black)
    return np.asarray(cv2.dilate(outside, np.ones((5, 5), np.uint8)) > 0) & scanned


def background(signal: Pixels, valid: Mask) -> Background:
    """The dark background as a smooth surface, and its noise.

    The lowest common level of even surroundings, to which a quadratic surface is fitted: pixels
    within 3 standard deviations of it are taken in, which follows vignetting and uneven light
    into the picture but does not climb to tissue. It stays within the levels of these pixels.

    Parameters
    ----------
    signal : (H, W) uint8, `brightest` of a picture of a few um per pixel, smoothed
    valid : (H, W) bool, what was scanned

    Notes
    -----
    Without even surroundings (a picture full of tissue) it is the first percentile everywhere.
    """
    flat = _flat(signal) & valid
    values = signal[flat].astype(np.float32)
    if len(values) < max(20, 1e-3 * valid.sum()):
        level = float(np.percentile(signal[valid], 1)) if valid.any() else 0.0
        return Background(np.full(signal.shape, level, np.float32), SPREAD_MIN)
    level = _lowest_level(values)
    rows, columns = np.nonzero(flat)
    picks = np.arange(0, len(rows), 1 + len(rows) // SAMPLE_PX)
    terms = _terms(rows[picks], columns[picks], signal.shape)
    surface, bounds, spread = _fitted(terms, values[picks], level)
    height, width = signal.shape
    every_row, every_column = np.mgrid[:height, :width].reshape(2, -1)
    everywhere = _terms(every_row, every_column, signal.shape) @ surface
    bounded = everywhere.reshape(signal.shape).clip(*bounds)
    return Background(np.asarray(bounded, np.float32), spread)


def background_colour(rgb: Pixels, scanned: Mask | None = None) -> Pixels:
    """(3,) uint8 RGB of the dark background of an overview; black where nothing was scanned."""
    if scanned is None:
        scanned = np.ones(rgb.shape[:2], np.bool_)
    if not scanned.any():
        return np.zeros(3, np.uint8)
    signal = _rounded(_blurred(brightest(rgb), 1.0))
    dark = background(signal, scanned)
    there = scanned & (np.abs(signal - dark.level) <= max(1.0, 3 * dark.spread))
    pixels = rgb[there] if there.any() else rgb[scanned]
    return np.asarray(np.round(np.median(pixels, axis=0)), np.uint8)


def _straight_fraction(pieces: Pixels) -> float:
    """Share of the border of pieces that runs along rows or columns, within 1 px; 0 without."""
    border, straight = 0, 0
    for picture in (pieces, np.ascontiguousarray(pieces.T)):
        steps = (picture[1:] != picture[:-1]).view(np.uint8)
        lines = cv2.dilate(steps, np.ones((3, 1), np.uint8))
        lines = cv2.morphologyEx(lines, cv2.MORPH_OPEN, np.ones((1, STRAIGHT_PX), np.uint8))
        border, straight = border + int(steps.sum()), straight + int((steps & lines).sum())
    return straight / border if border else 0.0


def _flat(signal: Pixels) -> Mask:
    mean = cv2.boxFilter(signal, cv2.CV_32F, (7, 7))
    return np.asarray(cv2.sqrBoxFilter(signal, cv2.CV_32F, (7, 7)) - mean * mean < FLAT_VARIANCE)


def _lowest_level(values: Values) -> float:
    """The lowest of the common grey levels; counts are smoothed over three levels."""
    counts = np.convolve(np.bincount(values.astype(np.intp), minlength=256), np.ones(3), "same")
    first = int(np.argmax(counts >= LEVEL_SHARE * counts.max()))
    near = values[np.abs(values - first) <= 2]
    return float(near.mean())


def _fitted(
    terms: npt.NDArray[np.float64], values: Values, level: float
) -> tuple[npt.NDArray[np.float64], tuple[float, float], float]:
    """Coefficients of the surface of the background, its range, and the noise below it."""
    surface: npt.NDArray[np.float64] = np.zeros(terms.shape[1])
    surface[0], bounds, spread = level, (level, level), 1.0
    for _ in range(ROUNDS):
        close = np.abs(values - terms @ surface) <= 3 * spread
        if close.sum() < 10 * terms.shape[1]:
            break
        surface = np.asarray(np.linalg.lstsq(terms[close], values[close], rcond=None)[0])
        low, high = np.percentile(values[close], [1, 99])
        below = (terms @ surface - values)[close]
        below = below[below > 0]
        noise = 1.4826 * float(np.median(below)) if len(below) else 0.0
        bounds, spread = (float(low), float(high)), max(SPREAD_MIN, noise)
    return surface, bounds, spread


def _terms(
    rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], shape: tuple[int, ...]
) -> npt.NDArray[np.float64]:
    y, x = rows / shape[0] - 0.5, columns / shape[1] - 0.5
    return np.stack([np.ones(len(x)), x, y, x * x, x * y, y * y], axis=1)


def _contrast(smooth: Values, dark: Background) -> float:
    """How much brighter than the background tissue is at least."""
    if not len(smooth):
        return CONTRAST_MIN
    brightest_tissue = float(np.percentile(smooth, 99)) - float(dark.level.mean())
    return max(CONTRAST_MIN, NOISE_FACTOR * dark.spread, GLARE_FRACTION * brightest_tissue)


def _blurred(signal: Pixels, sigma_px: float) -> Values:
    return np.asarray(cv2.GaussianBlur(signal.astype(np.float32), (0, 0), sigma_px), np.float32)


def _rounded(values: Values) -> Pixels:
    return np.asarray(np.rint(values), np.uint8)


def _disc(diameter_px: float) -> Pixels:
    size = max(3, 2 * round((diameter_px - 1) / 2) + 1)
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def _cleaned(raw: Mask, closing: Pixels, min_px: float, hole_px: float) -> Mask:
    """Nuclei joined to tissue; small pieces dropped, small holes filled."""
    mask = cv2.morphologyEx(raw.view(np.uint8), cv2.MORPH_CLOSE, closing)
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask)
    large = stats[:, cv2.CC_STAT_AREA] >= min_px
    large[0] = False
    tissue = large[pieces]
    _, holes, stats, _ = cv2.connectedComponentsWithStats((~tissue).view(np.uint8), connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] < hole_px
    small[0] = False
    return np.asarray(tissue | small[holes])


def _resized(labels: Pixels, size: tuple[int, int]) -> Pixels:
    return np.asarray(cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST), np.uint8)
