"""Tissue, ink and glass of an overview picture, relative to the slide's own glass colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask import artefacts, dark_field, strokes
from grossing.mask import glass as glasses
from grossing.mask import ink as ink_of
from grossing.mask.labels import (
    BUBBLE,
    DARK_SPOT,
    FOLD,
    GLASS,
    NOT_SCANNED,
    PEN,
    POSSIBLE_PEN,
    TISSUE,
)
from grossing.mask.shapes import every, extremes, strips
from grossing.slide import modality

Picture = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Fine = npt.NDArray[np.uint16]  # steps of 1 / FINE grey level

METHODS = ("glass_relative", "otsu_saturation")
WORKING_SIDE_PX = 2000
SAMPLE_PX = 200_000
FINE = 200  # steps per grey level in 16-bit pictures
MOST_COLOUR = 3  # spread by darkness: hematoxylin has 0.6, DAB 0.9, eosin 1.5; pale yellow 5


@dataclass(frozen=True)
class _Scale:
    """The working picture's resolution and the sizes that follow from it, in pixels."""

    mpp: float
    scanned_px: int

    def disc(self, diameter_um: float) -> Picture:
        size = max(3, 2 * round((diameter_um / self.mpp - 1) / 2) + 1)
        return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)

    def area(self, area_mm2: float, fraction: float) -> float:
        """An area in pixels, but never more than `fraction` of what was scanned."""
        return min(area_mm2 * (1000 / self.mpp) ** 2, fraction * self.scanned_px)


@dataclass(frozen=True)
class Found:
    """Labels of a picture; its glass, (3,) uint8, and whether that was found or is assumed."""

    labels: Picture
    glass: Picture
    has_glass: bool


def segment(rgb: Picture, mpp: float, stain: str | None = None, **options: Any) -> Picture:
    """The labels that `find` gives: (H, W) uint8, with the same options and errors."""
    return find(rgb, mpp, stain, **options).labels


def find(
    rgb: Picture,
    mpp: float,
    stain: str | None = None,
    *,
    scanned: Mask | None = None,
    method: str = "glass_relative",
    working_mpp: float = 8.0,
    smooth_um: float = 8.0,
    open_um: float = 24.0,
    close_um: float = 40.0,
    min_area_mm2: float = 0.02,
    fill_hole_mm2: float = 0.05,
    otsu_share: float = 0.5,
    chroma_min: float = 5.0,
    chroma_max: float = 16.0,
) -> Found:
    """Tissue, artefacts and glass of an overview.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    mpp : um per pixel
    stain : as in the cohort sheet; fluorescence is segmented as a dark field (`dark_field.segment`,
        which has no artefacts), without the keys `method`, `open_um`, `otsu_share`, `chroma_min`
        and `chroma_max`
    scanned : (H, W) bool, False where the scanner took no picture; all scanned if None
    method : "glass_relative", or "otsu_saturation" (blurred saturation and Otsu alone, which
        splits pure glass too)
    working_mpp : finer pictures are shrunk to this, um per pixel
    smooth_um : sigma of the Gaussian before the threshold, um
    open_um, close_um : diameters of the opening and the closing, um
    min_area_mm2 : smaller pieces are dropped, mm2 (on a picture below 40 mm2, pieces below
        0.05 % of it)
    fill_hole_mm2 : smaller holes are filled, mm2 (on a picture below 25 mm2, holes below 0.2 %)
    otsu_share : share of Otsu's threshold that is used
    chroma_min, chroma_max : bounds of the threshold, 0..255

    Returns
    -------
    Found, its labels (H, W) uint8: 0 not scanned, 1 tissue, 2 fold, 3 dark spot, 4 pen,
    5 bubble or edge, 7 glass, 8 possible pen. No 1 on a blank slide.

    Raises
    ------
    ValueError : not (H, W, 3) uint8, resolution <= 0, another shape of `scanned`, unknown method.

    Notes
    -----
    Tissue has more colour than the slide's own glass, and is darker: JPEG colours the glass beside
    tissue, and does not darken it. Otsu's threshold, never below the noise of
    the glass, so that faint tissue is kept and glass is not split. Comparable between
    slides only at equal resolution. Misses fat and unstained tissue; ink of the colour of a
    stain stays where it forms no stroke (see `ink.find`).

    References
    ----------
    .. [1] Otsu 1979, doi:10.1109/TSMC.1979.4310076
    """
    _check(rgb, mpp, scanned, method)
    if modality.is_fluorescence(stain):
        labels = dark_field.segment(
            rgb,
            mpp,
            scanned=scanned,
            working_mpp=working_mpp,
            smooth_um=smooth_um,
            close_um=close_um,
            min_area_mm2=min_area_mm2,
            fill_hole_mm2=fill_hole_mm2,
        )
        background = dark_field.background_colour(rgb, scanned)
        return Found(labels, background, has_glass=True)
    picture, valid, scale = _working(rgb, mpp, scanned, working_mpp)
    measured = glasses.colour(picture, valid)
    glass = np.array(glasses.FALLBACK, np.uint8) if measured is None else measured
    if measured is not None:
        picture = glasses.evened(picture, glass, valid)
    neutral = glasses.divided(picture, glass)
    ink = ink_of.find(neutral)
    clean = valid & ~(ink.pen | ink.rim)
    if method == "otsu_saturation":
        stained = _saturated(picture, clean)
    else:
        limits = chroma_min, chroma_max
        stained = _coloured(picture, glass, clean, smooth_um / scale.mpp, otsu_share, limits)
    tissue = _cleaned(
        stained & clean,
        scale.disc(open_um),
        scale.disc(close_um),
        scale.area(min_area_mm2, 5e-4),
        scale.area(fill_hole_mm2, 2e-3),
    )
    labels = _labels(neutral, valid, tissue, ink, scale.mpp)
    whole = _resized(labels, rgb.shape[1], rgb.shape[0])
    return Found(whole, glass, measured is not None)


def glass_colour(rgb: Picture, scanned: Mask | None = None) -> Picture:
    """Colour of the empty glass, (3,) uint8 RGB; (240, 240, 240) where none is found."""
    found = glasses.colour(rgb, scanned)
    return np.array(glasses.FALLBACK, np.uint8) if found is None else found


def _check(rgb: Picture, mpp: float, scanned: Mask | None, method: str) -> None:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or rgb.size == 0:
        raise ValueError(f"rgb must be (H, W, 3) uint8, not {rgb.shape} {rgb.dtype}")
    if not mpp > 0:
        raise ValueError(f"mpp must be above 0 um/px, not {mpp}")
    if scanned is not None and scanned.shape != rgb.shape[:2]:
        raise ValueError(f"scanned must have the picture's shape, not {scanned.shape}")
    if method not in METHODS:
        raise ValueError(f"tissue method {method!r} is unknown; use one of {', '.join(METHODS)}")


def _working(
    rgb: Picture, mpp: float, scanned: Mask | None, working_mpp: float
) -> tuple[Picture, Mask, _Scale]:
    """The picture at the working resolution (never enlarged), its scanned part, its scale."""
    height, width = rgb.shape[:2]
    factor = min(1.0, mpp / working_mpp, WORKING_SIDE_PX / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    shrunk = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) if factor < 1 else rgb
    picture: Picture = np.ascontiguousarray(shrunk, np.uint8)
    valid: Mask = np.ones(picture.shape[:2], np.bool_)
    if scanned is not None:
        valid = _resized(scanned.astype(np.uint8), *size).astype(np.bool_)
        if not valid.all():
            picture = np.where(valid[..., None], picture, glass_colour(picture, valid))
    return picture, valid, _Scale(mpp / factor, int(valid.sum()))


def _coloured(
    rgb: Picture,
    glass: Picture,
    clean: Mask,
    sigma_px: float,
    otsu_share: float,
    limits: tuple[float, float],
) -> Mask:
    """What has more colour than the glass, and is darker."""
    even = glasses.flat(rgb) & glasses.near(rgb, glass) & clean
    spread, darker = _chroma(rgb, glass, sigma_px)
    step = 1 + int(np.count_nonzero(even)) // SAMPLE_PX
    noise = _noise(spread.ravel()[every(even, step)])
    otsu = otsu_share * _otsu((spread[clean] // FINE).astype(np.uint8))
    threshold = np.clip(otsu, max(limits[0], noise), limits[1])
    levels = np.arange(FINE * 255 + 1, dtype=np.float32) / np.float32(FINE)
    least, least_darker = (
        np.searchsorted(values, np.float32(threshold), "right").astype(np.uint16)
        for values in (levels, MOST_COLOUR * levels)
    )
    return np.asarray((spread >= least) & (darker >= least_darker))


def _chroma(rgb: Picture, glass: Picture, sigma_px: float) -> tuple[Fine, Fine]:
    """Spread of the channels after division by the glass, and how much darker than it they are.

    Both in steps of 1/200 grey level, to 255 grey levels; the spread is 0 on overexposed pixels.
    """
    steps = np.minimum(np.arange(256)[:, None] / np.maximum(glass, 1), 1.2)
    table = np.round(FINE * 255 * steps).astype(np.uint16)
    overexposed = cv2.inRange(rgb, (255, 255, 255), (255, 255, 255)) > 0
    smooth = []
    for band in range(3):
        relative = cv2.LUT(cv2.extractChannel(rgb, band), table[:, band])
        relative[overexposed] = FINE * 255
        smooth.append(cv2.GaussianBlur(relative, (0, 0), max(1.0, sigma_px)))
    spread, darker = np.empty(rgb.shape[:2], np.uint16), np.empty(rgb.shape[:2], np.uint16)
    for rows in strips(len(rgb)):
        strip = cv2.merge([band[rows] for band in smooth])
        highest, lowest = extremes(strip)
        spread[rows] = np.minimum(highest - lowest, FINE * 255)
        grey = cv2.cvtColor(strip, cv2.COLOR_RGB2GRAY)
        darker[rows] = FINE * 255 - np.minimum(grey, FINE * 255)
    return spread, darker


def _saturated(rgb: Picture, clean: Mask) -> Mask:
    """What has more blurred saturation than Otsu's threshold."""
    saturation = cv2.extractChannel(cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV), 1)
    smooth = np.asarray(cv2.GaussianBlur(saturation, (5, 5), 0), np.uint8)
    return np.asarray(smooth > _otsu(smooth[clean]))


def _otsu(values: Picture) -> float:
    if values.size == 0:
        return 0.0
    flags = cv2.THRESH_BINARY + cv2.THRESH_OTSU
    return float(cv2.threshold(values.reshape(-1, 1), 0, 255, flags)[0])


def _noise(steps: Fine) -> float:
    """Median plus 6 robust standard deviations, grey levels; 0 where there is no glass."""
    if steps.size == 0:
        return 0.0
    values = steps.astype(np.float32) / np.float32(FINE)
    median = np.median(values)
    return float(median + 6 * 1.4826 * np.median(np.abs(values - median)))


def _cleaned(raw: Mask, opening: Picture, closing: Picture, min_px: float, hole_px: float) -> Mask:
    """Opened and closed; small pieces dropped, small holes filled."""
    mask = cv2.morphologyEx(raw.view(np.uint8), cv2.MORPH_OPEN, opening)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, closing)
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask)
    keep = stats[:, cv2.CC_STAT_AREA] >= min_px
    keep[0] = False
    large = keep[pieces]
    del pieces
    _, holes, stats, _ = cv2.connectedComponentsWithStats((~large).view(np.uint8), connectivity=4)
    fill = stats[:, cv2.CC_STAT_AREA] < hole_px
    fill[0] = False
    return np.asarray(large | fill[holes])


def _labels(rgb: Picture, valid: Mask, tissue: Mask, ink: ink_of.Ink, mpp: float) -> Picture:
    """One label per pixel; where several apply the last one counts."""
    reached = ink.pen | ink.rim
    whole = tissue | reached
    tissue = tissue & ~reached
    tissue &= ~artefacts.rims(tissue, reached, mpp)
    labels = np.full(tissue.shape, GLASS, np.uint8)
    labels[artefacts.bubbles(rgb, tissue | reached, mpp)] = BUBBLE
    labels[tissue] = TISSUE
    labels[artefacts.folds(rgb, tissue, mpp)] = FOLD
    drawn = strokes.find(rgb, whole, mpp) | strokes.continued(rgb, tissue, ink.pen, mpp)
    drawn &= tissue
    labels[ink.possible | drawn] = POSSIBLE_PEN
    labels[ink.pen] = PEN
    labels[artefacts.dark_spots(rgb, reached, mpp)] = DARK_SPOT
    labels[~valid] = NOT_SCANNED
    return labels


def _resized(labels: Picture, width: int, height: int) -> Picture:
    if labels.shape == (height, width):
        return labels
    resized = cv2.resize(labels, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.asarray(resized, np.uint8)
