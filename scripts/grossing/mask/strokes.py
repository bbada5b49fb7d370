"""Strokes of ink inside the tissue, on an overview: ribbons that are evenly darker than both sides.

Ink is a filter: over tissue it multiplies what is below by one colour, so the texture shows
through, and the step of density is nearly the same all along both edges. Structures of tissue are
as long or as dark, but neither of one width nor of one step.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask.glass import LIGHT
from grossing.mask.shapes import as_bool, as_byte, disc, opened, strips
from grossing.support.types import Mask, Pixels

Densities = npt.NDArray[np.float32]
Place = tuple[slice, slice]

WORKING_MPP = 16.0
AROUND_UM = 2000.0  # side of the square that a place is compared with
LEAST_STEP, LEAST_FOREIGN = 0.08, 0.04  # density (natural logarithm); of what the stains lack
DEVIATIONS = (2.0, 3.5)
LEAST_PX, LEAST_WIDTH_PX = 150, 6.0
LONG, RIBBON = 3.5, 1.4  # widths; outline times width over twice the area: 1 for a ribbon
SAME_STEP, NO_STEP = 0.22, 0.05  # deviation of the step, of its mean; share of the outline
MOST_ALIKE = 2  # pieces of half its size or more that are no strokes
INSIDE_TISSUE = 0.7  # of the surroundings
LEAST_LIGHT = 8
SAMPLE_PX = 8000
SPARSE = 4  # every so many pixels tell what is around
DENSITY = np.log(LIGHT / np.maximum(np.arange(256), LEAST_LIGHT)).clip(0).astype(np.float32)


def find(rgb: Pixels, tissue: Mask, mpp: float) -> Mask:
    """Ribbons inside the tissue that may be ink of any colour and strength.

    Parameters
    ----------
    rgb : (H, W, 3) uint8, divided by its glass, which is 240
    tissue : (H, W) bool
    mpp : um per pixel

    Returns
    -------
    (H, W) bool, pieces of at least 0.04 mm2 at 8 um/px.

    Notes
    -----
    Looked for in the density of each channel and in the blue that is not explained by red and
    green, as two stains would. Misses strokes narrower than 0.1 mm, of less than 3.5 widths,
    crossed ones and those whose step is below 0.08 or twice the deviation of the tissue around;
    may take a fold.
    """
    factor = min(1.0, mpp / WORKING_MPP)
    size = tuple(max(1, round(side * factor)) for side in tissue.shape[::-1])
    there = cv2.resize(as_byte(tissue), size, interpolation=cv2.INTER_NEAREST) > 0
    if np.count_nonzero(there[::SPARSE, ::SPARSE]) < LEAST_PX / SPARSE**2:
        return np.zeros(tissue.shape, np.bool_)
    small = cv2.medianBlur(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), 5)
    around = 2 * round(AROUND_UM * factor / mpp / 2) + 1
    found = np.zeros(there.shape, np.uint8)
    for density, least in _densities(np.asarray(small, np.uint8), there):
        excess, deviation = _excess(density, there, around)
        for limit in sorted({max(least, deviation * times) for times in DEVIATIONS}):
            for place, body in _strokes(density, there, there & (excess > limit)):
                half = float(np.median(excess[place][body])) / 2
                kept = opened(body & (excess[place] >= half), 5)
                if np.count_nonzero(kept) >= LEAST_PX:
                    found[place] |= as_byte(kept)
    whole = cv2.resize(found, tissue.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return as_bool(whole) & tissue


def _densities(rgb: Pixels, tissue: Mask) -> Iterator[tuple[Densities, float]]:
    """What a stroke may raise, and by how much at least."""
    channels = cv2.split(rgb)
    for channel in channels:
        yield np.asarray(cv2.LUT(channel, DENSITY), np.float32), LEAST_STEP
    every = 1 + np.count_nonzero(tissue) // SAMPLE_PX
    red, green, blue = (DENSITY[channel[tissue][::every]] for channel in channels)
    terms = np.stack([np.ones_like(red), red, green], axis=1)
    usual = np.ones(len(blue), np.bool_)
    factors = np.zeros(3, np.float32)
    for _ in range(3):
        factors = np.linalg.lstsq(terms[usual], blue[usual], rcond=None)[0].astype(np.float32)
        error = np.abs(blue - terms @ factors)
        usual = error <= 4 * np.median(error) + 1e-3
    foreign = np.empty(tissue.shape, np.float32)
    for rows in strips(len(foreign)):
        r, g, b = (cv2.LUT(channel[rows], DENSITY) for channel in channels)
        foreign[rows] = b - (factors[0] + factors[1] * r + factors[2] * g)
    yield foreign, LEAST_FOREIGN
    yield -foreign, LEAST_FOREIGN


def _excess(density: Densities, tissue: Mask, around: int) -> tuple[Densities, float]:
    """How much denser each place is than the tissue around, and the robust deviation of that.

    Strokes are left out of what is around.
    """
    few, inside = density[::SPARSE, ::SPARSE], tissue[::SPARSE, ::SPARSE].astype(np.float32)
    side = (max(1, around // SPARSE),) * 2
    count = np.maximum(cv2.blur(inside, side), 1e-3)
    seen = inside > 0
    most = np.full(few.shape, np.percentile(few[seen], 90), np.float32)
    level, deviation = few, 0.0
    for _ in range(3):
        level = np.asarray(cv2.blur(np.minimum(few, most) * inside, side) / count, np.float32)
        excess = (few - level)[seen]
        centre = float(np.median(excess))
        deviation = 1.4826 * float(np.median(np.abs(excess - centre)))
        most = level + np.float32(deviation)
        level = level + np.float32(centre)
    return density - cv2.resize(level, tissue.shape[::-1]), deviation


def _strokes(density: Densities, tissue: Mask, mask: Mask) -> list[tuple[Place, Mask]]:
    """Pieces that are strokes, unless pieces of their size are the texture of this tissue."""
    strokes, others = [], []
    for place, body in _pieces(mask):
        if _is_stroke(density[place], tissue[place], body):
            strokes.append((place, body))
        else:
            others.append(np.count_nonzero(body))
    sizes = np.array(others)
    return [
        (place, body)
        for place, body in strokes
        if np.count_nonzero(sizes >= np.count_nonzero(body) / 2) <= MOST_ALIKE
    ]


def _pieces(mask: Mask) -> Iterator[tuple[Place, Mask]]:
    """Places of large pieces, with a margin, and the piece, closed."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(as_byte(opened(mask, 5)))
    for label in np.flatnonzero(stats[:, cv2.CC_STAT_AREA] >= LEAST_PX):
        if label == 0:
            continue
        x, y, w, h = stats[label, :4]
        place = (slice(max(0, y - 8), y + h + 8), slice(max(0, x - 8), x + w + 8))
        body = np.pad(labels[place] == label, 3)
        closed = cv2.morphologyEx(as_byte(body), cv2.MORPH_CLOSE, disc(5))
        yield place, as_bool(closed[3:-3, 3:-3])


def _is_stroke(density: Densities, tissue: Mask, body: Mask) -> bool:
    """Whether a piece is a long ribbon inside the tissue with the same step all along its edge."""
    inner = cv2.distanceTransform(np.pad(as_byte(body), 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
    width, area = 2 * float(inner.max()) - 1, np.count_nonzero(body)
    if width < LEAST_WIDTH_PX or area < LONG * width * width:
        return False
    outlines, _ = cv2.findContours(np.pad(as_byte(body), 1), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    length = sum(cv2.arcLength(outline, True) for outline in outlines)
    if length * width > 2 * RIBBON * area:
        return False
    outer = cv2.distanceTransform(as_byte(~body), cv2.DIST_L2, 5)
    beside = (outer > 1.5) & (outer < 6)
    if np.count_nonzero(beside & tissue) < INSIDE_TISSUE * np.count_nonzero(beside):
        return False
    return _has_one_step(density, body & (inner > 1), beside & tissue, body & (inner <= 2))


def _has_one_step(density: Densities, inside: Mask, outside: Mask, edge: Mask) -> bool:
    """Whether the inside is denser than the outside by the same along the whole edge."""
    (within, some), (without, others) = (_local(density, part) for part in (inside, outside))
    steps = (within - without)[edge & (some > 0.1) & (others > 0.1)]
    if len(steps) < LEAST_WIDTH_PX:
        return False
    mean = float(steps.mean())
    return float(steps.std()) <= SAME_STEP * mean and float((steps < 0.3 * mean).mean()) <= NO_STEP


def _local(density: Densities, part: Mask) -> tuple[Densities, Densities]:
    """Mean of a part within 9 x 9 px, and the part's share of them."""
    weight = part.astype(np.float32)
    share = np.asarray(cv2.blur(weight, (9, 9)), np.float32)
    total = cv2.blur(density * weight, (9, 9))
    return np.asarray(total / np.maximum(share, 1e-3), np.float32), share
