"""Pen ink, folds, dark spots and bubbles on an overview picture of about 8 um/px.

All masks are conservative: a pixel that they mark is no longer tissue, so doubtful pixels are not
marked. Ink is detected by colour alone; the others by darkness, size and shape.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

VIVID_RED_FRACTION = 5e-4  # of the picture: more than vessels reach, less than one stroke
BROAD_RED_FRACTION = 2e-3  # of the picture, left by an opening of 9 px


def pen(rgb: Picture) -> Mask:
    """Green, blue, red and black ink, by hue with hysteresis.

    Pixels that are certainly ink start a stroke; paler ink of the same hue that touches them is
    added, then the stroke is widened by 2 pixels for its soft rim. Green ink over tissue has no
    more red than green, whereas hematoxylin and eosin always have more.

    Parameters
    ----------
    rgb : (H, W, 3) uint8, at about 8 um/px

    Returns
    -------
    (H, W) bool, True on ink.

    Notes
    -----
    Red ink has the colour of eosin and blood. It is marked where it is more vivid than any stain,
    or where it is broad and even; then its paler strokes are marked too. Faded red lines on a
    slide without vivid ones stay tissue. Black ink thinner than 5 pixels is missed.
    """
    r, g, b = (channel.astype(np.int16) for channel in cv2.split(rgb))
    hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)
    hue, saturation, value = cv2.split(hsv)
    green = (hue >= 35) & (hue <= 100)
    blue = (hue >= 100) & (hue <= 122)
    blue_core = blue & (saturation >= 90) & (b - r >= 40)
    chroma = value - extremes(rgb)[1]
    over_tissue = (r < g + 8) & (value < 180)
    ink = _grown(green & (saturation >= 40), (green & (saturation >= 25)) | over_tissue)
    ink |= _grown(blue_core, blue & (saturation >= 60) & (b - r >= 30))
    ink |= _red(r - g, b - g)
    black = _opened((value <= 70) & (chroma <= 30), 5)
    ink |= _grown(black, (value <= 100) & (chroma <= 45))
    return _bool(cv2.dilate(_byte(ink), _disc(5)))


def _red(red: npt.NDArray[np.int16], blue: npt.NDArray[np.int16]) -> Mask:
    """Red ink from R-G and B-G; colours of eosin count only where the slide has certain red ink."""
    plain = (red >= 80) & (4 * blue < red)
    vivid = _opened((red >= 130) & (blue < 0.27 * red), 5)
    if vivid.mean() < VIVID_RED_FRACTION:
        broad = plain.mean() >= BROAD_RED_FRACTION
        if not broad or _opened(plain, 9).mean() < BROAD_RED_FRACTION:
            return np.zeros(red.shape, np.bool_)
    return _grown(plain, (red >= 50) & (blue < 0.38 * red))


def rims(tissue: Mask, ink: Mask, mpp: float, *, reach_um: float = 60.0) -> Mask:
    """Pieces of the tissue mask that are only the pale rim of a stroke of ink.

    Parameters
    ----------
    tissue, ink : (H, W) bool
    mpp : um per pixel
    reach_um : how far a rim reaches from the ink, um

    Returns
    -------
    (H, W) bool, True on pieces at least 90 % of which lie within reach of ink.
    """
    if not ink.any() or not tissue.any():
        return np.zeros(ink.shape, np.bool_)
    near = _bool(cv2.dilate(_byte(ink), _disc(_odd(2 * reach_um / mpp))))
    pieces, areas = _pieces(tissue)
    close = np.bincount(pieces[near & tissue], minlength=len(areas))
    rim = close >= 0.9 * areas
    rim[0] = False
    return _bool(rim[pieces])


def dark_spots(rgb: Picture, ink: Mask, mpp: float, *, max_area_mm2: float = 0.05) -> Mask:
    """Small black pieces away from any stroke: dust, pigment, dirt on the glass.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    ink : (H, W) bool, black pieces that touch it belong to the stroke
    mpp : um per pixel
    max_area_mm2 : a larger black piece is ink, mm2

    Returns
    -------
    (H, W) bool, True on black spots. Dark nuclei are purple and do not count.
    """
    highest, lowest = extremes(rgb)
    black = _opened((highest <= 70) & (highest - lowest <= 25), 3)
    if not black.any():
        return black
    black = _bool(cv2.dilate(_byte(black), _disc(3)))
    pieces, areas = _pieces(black | ink)
    own = np.bincount(pieces[black], minlength=len(areas))
    spot = (areas * (mpp / 1000) ** 2 <= max_area_mm2) & (own >= 0.3 * areas)
    spot[0] = False
    return _bool(spot[pieces])


def folds(rgb: Picture, tissue: Mask, mpp: float, *, min_length_um: float = 200.0) -> Mask:
    """Folds: long narrow ridges at least twice as dense as the tissue around them.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    tissue : (H, W) bool
    mpp : um per pixel
    min_length_um : shorter ridges are left to the tissue, um

    Returns
    -------
    (H, W) bool, True on folds, inside the tissue only.

    Notes
    -----
    Density is the optical density of the green channel. Misses broad folds and folds in very
    dark tissue; may take a long dark vessel or a line of dense lymphocytes.
    """
    density = _density(rgb)
    size = _odd(800.0 / mpp)
    inside = tissue.astype(np.float32)
    around = cv2.blur(density * inside, (size, size)) / np.maximum(
        cv2.blur(inside, (size, size)), 1e-3
    )
    ridge = _opened(tissue & (density > 2.0 * around) & (density > 0.9), 3)
    return _elongated(ridge, min_length_um / mpp)


def bubbles(rgb: Picture, tissue: Mask, mpp: float) -> Mask:
    """Rims of air bubbles and of the cover slip: long grey lines on the glass.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    tissue : (H, W) bool, never part of the result
    mpp : um per pixel

    Returns
    -------
    (H, W) bool, True on rims and on other grey shadow of at least 0.5 mm.

    Notes
    -----
    Detects the dark rim only: the inside of a bubble looks like glass. Misses rims over tissue.
    """
    highest, lowest = extremes(rgb)
    grey = (highest < 216) & (highest - lowest < 14) & ~tissue
    return _elongated(grey, 500.0 / mpp)


def extremes(picture: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Highest and lowest channel of each pixel of an (H, W, 3) array, both (H, W)."""
    r, g, b = cv2.split(picture)
    return np.asarray(cv2.max(cv2.max(r, g), b)), np.asarray(cv2.min(cv2.min(r, g), b))


def _elongated(mask: Mask, length_px: float) -> Mask:
    """Pieces at least `length_px` long and, on average, at most a fifth as wide."""
    if not mask.any():
        return mask
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(_byte(mask))
    length = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    keep = (length >= length_px) & (stats[:, cv2.CC_STAT_AREA] <= length * length / 5)
    keep[0] = False
    return _bool(keep[pieces])


def _grown(core: Mask, weak: Mask) -> Mask:
    """The pieces of `weak` that contain pixels of `core`, of which an opening removed specks."""
    seeds = _opened(core, 3)
    if not seeds.any():
        return seeds
    count, pieces = cv2.connectedComponents(_byte(weak | seeds))
    keep = np.zeros(count, np.bool_)
    keep[np.unique(pieces[seeds])] = True
    return _bool(keep[pieces])


def _pieces(mask: Mask) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(_byte(mask))
    return np.asarray(pieces, np.int32), np.asarray(stats[:, cv2.CC_STAT_AREA], np.int32)


def _density(rgb: Picture) -> npt.NDArray[np.float32]:
    table = -np.log(np.maximum(np.arange(256), 1) / 255).astype(np.float32)
    return np.asarray(table[cv2.GaussianBlur(rgb[..., 1], (0, 0), 1.0)], np.float32)


def _opened(mask: Mask, size: int) -> Mask:
    return _bool(cv2.morphologyEx(_byte(mask), cv2.MORPH_OPEN, _disc(size)))


def _disc(size: int) -> Picture:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def _odd(size: float) -> int:
    return max(3, 2 * round(size / 2) + 1)


def _byte(mask: Mask) -> Picture:
    return mask.view(np.uint8)


def _bool(mask: npt.NDArray[np.generic]) -> Mask:
    return mask.astype(np.bool_)
