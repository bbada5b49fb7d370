"""Tissue, ink and glass of an overview picture, relative to the slide's own glass colour."""

from __future__ import annotations

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
    shades,
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
from grossing.mask.shapes import as_bool, components
from grossing.slide import modality
from grossing.support import memory

Picture = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

METHODS = ("glass_relative", "otsu_saturation")
WORKING_SIDE_PX = 2000


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
        seen = shades.saturated(picture, clean)
    else:
        by = smooth_um / scale.mpp, otsu_share, (chroma_min, chroma_max), scale.disc
        seen = shades.beside_glass(picture, glass, clean, *by)
        if measured is None:
            seen.stained[shades.beside_glass(neutral, glass, clean, *by).stained] = True
    stained, faint = seen.stained & clean, seen.faint
    strong = None if seen.strong is None else seen.strong & clean
    del picture, clean, seen
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
