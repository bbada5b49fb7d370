"""Folds, dark spots, bubbles, debris on an overview of about 8 um/px, by darkness and shape.

All masks are conservative: a pixel that they mark is no longer tissue, so doubtful pixels are not
marked.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask.glass import LIGHT
from grossing.mask.shapes import (
    as_bool,
    as_byte,
    components,
    disc,
    extremes,
    odd,
    opened,
    strips,
    surrounded,
)

Picture = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

FOLD_STRIP_PX = 512  # rows; taller than `strips`, as the mean around a row reaches 50 up and down
DENSITY = -np.log(np.maximum(np.arange(256), 1) / 255).astype(np.float32)
GREY = 0.35  # range of the density over its mean: hematoxylin has 0.75, DAB 0.9, eosin 2.4
SOLID_UM, BETWEEN_UM, MOST = 125.0, 400.0, 0.5
OVER_BLUE = np.array([0, 1, -1], np.float32)  # green above blue
SAMPLE_PX, OPENED_PX = 200_000, 3  # no piece of the tissue mask is narrower
RELATIVE_DENSITY = -np.log(np.clip(np.arange(256), 1, LIGHT) / LIGHT).astype(np.float32)
MEAN = np.full((1, 3), 1 / 3, np.float32)


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
    near = as_bool(cv2.dilate(as_byte(ink), disc(odd(2 * reach_um / mpp))))
    pieces, areas = components(tissue)
    close = np.bincount(pieces[near & tissue], minlength=len(areas))
    rim = close >= 0.9 * areas
    rim[0] = False
    return as_bool(rim[pieces])


def debris(rgb: Picture, tissue: Mask, mpp: float, *, he: bool = False) -> Mask:
    """Thin pieces of the tissue mask without the colour of a stain: hairs, dust, edges of glass.

    Parameters
    ----------
    rgb : (H, W, 3) uint8, divided by its glass, which is 240
    tissue : (H, W) bool
    mpp : um per pixel
    he : the stains are hematoxylin and eosin, which absorb more green than blue

    Returns
    -------
    (H, W) bool, True on pieces less than half of which is 125 um wide and that are grey: have less
    than half of the colour of any stain for how dark they are. Of H&E also on those that absorb
    more blue than green, as brown and yellow do, on slides without any wide piece of tissue: beside
    tissue they may be pigmented or dyed. Not between wide pieces 0.4 mm or less apart.

    Notes
    -----
    Colour is judged by the densities of the single pixels, which no depth of stain changes, and
    which stays where red and blue parts cancel in the mean. Wide pieces stay: tissue impregnated
    with silver is grey. Misses what is blue, red or green, and what touches tissue.
    """
    _, pieces = cv2.connectedComponents(as_byte(tissue))
    step = min(OPENED_PX, 1 + tissue.size // SAMPLE_PX)
    owners = np.ascontiguousarray(pieces[::step, ::step])
    density = cv2.LUT(np.ascontiguousarray(rgb[::step, ::step]), RELATIVE_DENSITY)
    highest, lowest = extremes(density)
    count = int(owners.max()) + 1
    colour, depth, green = (
        np.bincount(owners.ravel(), weights=values.ravel(), minlength=count)
        for values in (highest - lowest, cv2.transform(density, MEAN), density @ OVER_BLUE)
    )
    grey, brown = colour < GREY * depth, green < 0 if he else np.zeros(count, np.bool_)
    grey[0] = brown[0] = False
    if not (grey | brown).any():
        return np.zeros(tissue.shape, np.bool_)
    areas = np.bincount(owners.ravel(), minlength=count)

    def mostly(mask: Mask) -> Mask:
        return np.asarray(np.bincount(owners[mask], minlength=count) >= MOST * areas)

    wide = opened(as_bool(owners), odd(SOLID_UM / (mpp * step)))
    solid = mostly(wide) & ~grey
    foreign = grey if (solid & ~brown)[1:].any() else grey | brown
    body = as_byte(wide & solid[owners])
    between = cv2.morphologyEx(body, cv2.MORPH_CLOSE, disc(odd(BETWEEN_UM / (mpp * step))))
    thin = np.zeros(int(pieces.max()) + 1, np.bool_)
    thin[:count] = foreign & ~mostly(wide) & ~mostly(as_bool(between))
    return as_bool(thin[pieces])


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
    black = opened(_colourless(rgb, 71, 26), 3)
    if not black.any():
        return black
    black = as_bool(cv2.dilate(as_byte(black), disc(3)))
    pieces, areas = components(black | ink)
    own = np.bincount(pieces[black], minlength=len(areas))
    spot = (areas * (mpp / 1000) ** 2 <= max_area_mm2) & (own >= 0.3 * areas)
    spot[0] = False
    return as_bool(spot[pieces])


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
    green = cv2.GaussianBlur(rgb[..., 1], (0, 0), 1.0)
    dense = np.empty(tissue.shape, np.bool_)
    side = odd(800.0 / mpp)
    for rows, above, around in surrounded(len(green), side // 2, FOLD_STRIP_PX):
        limit = _twice_around(green[around], tissue[around], side)[above:][: rows.stop - rows.start]
        density = cv2.LUT(green[rows], DENSITY)
        dense[rows] = tissue[rows] & (density > limit) & (density > 0.9)
    del green
    dense = opened(dense, 3)
    return _elongated(dense, min_length_um / mpp)


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
    return _elongated(_colourless(rgb, 216, 14) & ~tissue, 500.0 / mpp)


def _colourless(rgb: Picture, light: int, chroma: int) -> Mask:
    """Where the lightest channel is below one limit, and less than the other above the darkest."""
    there = np.empty(rgb.shape[:2], np.bool_)
    for rows in strips(len(rgb)):
        highest, lowest = extremes(rgb[rows])
        there[rows] = (highest < light) & (highest - lowest < chroma)
    return there


def _elongated(mask: Mask, length_px: float) -> Mask:
    """Pieces at least `length_px` long and, on average, at most a fifth as wide."""
    if not mask.any():
        return mask
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(as_byte(mask))
    length = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    keep = (length >= length_px) & (stats[:, cv2.CC_STAT_AREA] <= length * length / 5)
    keep[0] = False
    return as_bool(keep[pieces])


def _twice_around(green: npt.NDArray[Any], tissue: Mask, side: int) -> npt.NDArray[np.float32]:
    """Twice the mean density of the tissue within a square; in place: floats take much memory."""
    density = cv2.LUT(green, DENSITY)
    around = cv2.blur(np.multiply(density, tissue, out=density), (side, side), dst=density)
    share = tissue.astype(np.float32)
    cv2.blur(share, (side, side), dst=share)
    np.divide(around, np.maximum(share, 1e-3, out=share), out=around)
    return np.asarray(np.multiply(around, 2, out=around), np.float32)
