"""Tissue, ink and glass of an overview picture, relative to the slide's own glass colour."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask import (
    artefacts,
    dark_field,
    even_light,
    faint_tissue,
    films,
    ink_density,
    strokes,
)
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
from grossing.mask.shapes import as_bool, components, every, extremes, strips, surrounded
from grossing.slide import modality
from grossing.support import channels, memory

Picture = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Fine = npt.NDArray[np.uint16]  # steps of 1 / FINE grey level

METHODS = ("glass_relative", "otsu_saturation")
WORKING_SIDE_PX = 2000
SAMPLE_PX, FEW_PX = 200_000, 20_000  # for quantiles; for the mean of glass
FINE = 200  # steps per grey level in 16-bit pictures
PALE_SHARE, PALE_STEPS = 0.71, 8  # of Otsu's threshold, in pale slides; its steps per grey level
FAINT, STRONG = 3.0, 2.0  # colour of faint and of strongly stained tissue, by the threshold
FAINT_MIN = 2.5  # grey levels
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
    """Labels of a picture; its glass, (3,) uint8, and whether that was found or is assumed.

    `faint` is the share of solid places that may be pale tissue and are labelled glass, of these
    and the tissue; None where they are not looked for (`otsu_saturation`, fluorescence).
    """

    labels: Picture
    glass: Picture
    has_glass: bool
    faint: float | None = None


@dataclass(frozen=True)
class _Shades:
    """(H, W) bool: what has the colour of tissue, a third of that, and twice as much; no others
    without a threshold of colour beside the glass."""

    stained: Mask
    faint: Mask | None = None
    strong: Mask | None = None


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
    tissue, and does not darken it. Otsu's threshold, never below the noise of the glass, so that
    faint tissue is kept and glass is not split. Comparable between slides only at equal resolution.
    Misses fat and unstained tissue; ink of a stain's colour that forms no stroke is tissue.

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
    picture = picture if measured is None else glasses.evened(picture, glass, valid)
    light = glasses.palest(picture, valid) if measured is None else glass
    neutral = glasses.divided(picture, light)
    memory.give_back(memory.MUCH)
    ink = ink_of.find(neutral)
    memory.give_back(memory.MUCH)
    clean = valid & ~ink.reached
    if method == "otsu_saturation":
        shades = _Shades(_saturated(picture, clean))
    else:
        limits = chroma_min, chroma_max
        shades = _shades(picture, glass, clean, smooth_um, otsu_share, limits, scale)
        if measured is None:
            other = _shades(neutral, glass, clean, smooth_um, otsu_share, limits, scale)
            shades.stained[other.stained] = True
    stained, faint = shades.stained & clean, shades.faint
    strong = None if shades.strong is None else shades.strong & clean
    del picture, clean, shades
    memory.give_back(memory.MUCH)
    least = scale.area(min_area_mm2, 5e-4), scale.area(fill_hole_mm2, 2e-3)
    tissue = _cleaned(stained, scale.disc(open_um), scale.disc(close_um), *least)
    del stained
    if measured is not None:
        tissue &= ~even_light.find(neutral, tissue, ink.even, scale.mpp)
    memory.give_back(memory.MUCH)
    labels = _labels(neutral, valid, tissue, ink, scale.mpp, he=modality.is_he(stain))
    pale = (
        None
        if faint is None or strong is None
        else faint_tissue.share(faint, strong, labels, scale.disc)
    )
    whole = _resized(labels, rgb.shape[1], rgb.shape[0])
    if scanned is not None:
        whole[~scanned] = NOT_SCANNED  # the nearest pixel that was segmented may be scanned
    return Found(whole, glass, measured is not None, pale)


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
        valid = _resized(scanned.view(np.uint8), *size).view(np.bool_)
        if not valid.all():
            picture = np.where(valid[..., None], picture, glass_colour(picture, valid))
    return picture, valid, _Scale(mpp / factor, int(valid.sum()))


def _shades(
    rgb: Picture,
    glass: Picture,
    clean: Mask,
    smooth_um: float,
    otsu_share: float,
    limits: tuple[float, float],
    scale: _Scale,
) -> _Shades:
    """What has more colour than the glass, and is darker.

    The noise is that around the commonest colour of the glass, `glass`: more where the glass is not
    of one colour. The feature is relative to its mean.
    """
    even = glasses.flat(rgb) & glasses.near(rgb, glass) & clean
    places = every(even, 1 + int(np.count_nonzero(even)) // SAMPLE_PX)
    light = glasses.finer(rgb.reshape(-1, 3)[places[:: 1 + len(places) // FEW_PX]], glass)
    spread, darker, colours = _chroma(rgb, light, smooth_um / scale.mpp, places)
    lowest, highest = channels.extremes(colours * (light / np.maximum(glass, 1)))
    noise = _noise(highest - lowest)
    otsu, least = _otsu(_levels(spread, clean, FINE)), max(limits[0], noise)
    if PALE_SHARE * otsu < limits[0]:
        otsu = _otsu(_levels(spread, clean, FINE // PALE_STEPS)) / PALE_STEPS
        lower = max(PALE_SHARE * otsu, noise)
        found = _above(spread, darker, lower) & clean
        if lower < least and faint_tissue.is_tissue(rgb, even, found, scale.disc):
            least = lower
    threshold = float(np.clip(otsu_share * otsu, least, limits[1]))
    low = max(threshold / FAINT, FAINT_MIN, min(noise, threshold))
    levels = threshold, low, STRONG * threshold
    return _Shades(*(_above(spread, darker, level) for level in levels))


def _levels(spread: Fine, clean: Mask, step: int) -> Picture:
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
    rgb: Picture, light: glasses.Colour, sigma_px: float, places: npt.NDArray[np.intp]
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


def _relative(rgb: Picture, table: Fine) -> list[Fine]:
    """The channels by a table of (256, 3); overexposed pixels as light as the glass."""
    overexposed = cv2.inRange(rgb, (255, 255, 255), (255, 255, 255)) > 0
    channels = enumerate(cv2.split(rgb))
    bands = [np.asarray(cv2.LUT(each, table[:, n]), np.uint16) for n, each in channels]
    for band in bands:
        band[overexposed] = FINE * 255
    return bands


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


def _noise(steps: npt.NDArray[np.float64]) -> float:
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
    pieces, areas = components(as_bool(mask))
    keep = areas >= min_px
    keep[0] = False
    large = keep[pieces]
    del mask, pieces
    holes, areas = components(~large, connectivity=4)
    fill = areas < hole_px
    fill[0] = False
    return np.asarray(large | fill[holes])


def _labels(
    rgb: Picture, valid: Mask, tissue: Mask, ink: ink_of.Ink, mpp: float, *, he: bool
) -> Picture:
    """One label per pixel; where several apply the last one counts. Changes `tissue`."""
    tissue &= ~artefacts.debris(rgb, tissue, mpp, he=he)
    reached, whole = ink.reached, tissue | ink.reached
    tissue &= ~reached
    tissue &= ~artefacts.rims(tissue, reached, mpp)
    labels = np.full(tissue.shape, GLASS, np.uint8)
    labels[artefacts.bubbles(rgb, tissue | reached, mpp)] = BUBBLE
    memory.give_back(memory.MUCH)
    labels[tissue] = TISSUE
    labels[artefacts.folds(rgb, tissue, mpp)] = FOLD
    memory.give_back(memory.MUCH)
    picture = ink_density.Overview(rgb)
    drawn = strokes.find(picture, tissue, ink.pen, whole, mpp)
    memory.give_back()
    drawn |= films.find(picture, ink.even, ink.shown, whole, mpp)
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
