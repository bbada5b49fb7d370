"""Strokes of ink inside the tissue, on an overview: ribbons of one colour and one step.

Ink is a filter: over tissue it adds one density to whatever is below, so the texture shows
through, and the step of density is nearly the same all along both edges. Structures of tissue are
as long or as dark, but neither of one width nor of one step. Faint ink is seen by matched filters:
for each kind of ink the sum of the channels' densities that varies least over this tissue.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask.ink_density import SPARSE, Densities, Numbers, Overview, Tissue
from grossing.mask.shapes import as_bool, as_byte, disc, grown, odd, opened
from grossing.support.types import Mask, Pixels

Place = tuple[slice, slice]

WORKING_MPP = 16.0, 32.0  # narrow strokes, broad ones
INKS = (  # density of red, green, blue by that of the densest
    (1.0, 0.8, 0.25),  # blue
    (0.7, 1.0, 0.35),  # violet
    (0.7, 1.0, 0.55),  # purple
    (0.15, 1.0, 0.7),  # pink, magenta
    (0.15, 1.0, 1.0),  # red, maroon, brown
    (0.05, 0.3, 1.0),  # yellow, orange
    (1.0, 0.4, 0.75),  # green
    (1.0, 1.0, 1.0),  # black
)
LEAST_STEP = 0.08  # density (natural logarithm) of the ink
DEVIATIONS = (1.2, 2.0, 3.5)
LEAST_PX, LEAST_WIDTH_PX = 150, 6.0
LONG, RIBBON = 3.5, 1.4  # widths; outline times width over twice the area: 1 for a ribbon
SAME_STEP, NO_STEP = 0.22, 0.05  # deviation of the step, of its mean; share of the outline
MOST_ALIKE = 2  # pieces of half its size or more that are no strokes
INSIDE_TISSUE = 0.7  # of the surroundings
TOLD_DEVIATION = 0.25  # of the amount of the stroke
WIDER = 1.5  # than the stroke on the glass
REACH_PX = 11  # across the soft rim
MOST_STROKES = 20
ONE_INK = 0.25  # difference, of its density


def find(picture: Overview, tissue: Mask, pen: Mask, whole: Mask, mpp: float) -> Mask:
    """What may be ink of any colour and strength over tissue.

    Ribbons inside the tissue, and what continues strokes of the glass.

    Parameters
    ----------
    picture : divided by its glass, which is 240
    tissue, pen : (H, W) bool, apart from each other
    whole : (H, W) bool, the tissue with what ink hides of it
    mpp : um per pixel

    Returns
    -------
    (H, W) bool, within the tissue. Ribbons have at least 0.04 mm2 at 8 um/px; other pieces border
    on pen and are not much wider than it.

    Notes
    -----
    Misses ribbons narrower than 0.1 mm, of less than 3.5 widths, crossed ones and those whose
    step is below 0.08 or 1.2 times the deviation of the tissue around; may take a fold. Follows no
    ink that this tissue varies by itself as much as the stroke differs.
    """
    found = np.zeros(tissue.shape, np.bool_)
    finest = min(1.0, mpp / WORKING_MPP[0])
    for factor in sorted({min(1.0, mpp / working) for working in WORKING_MPP}):
        masks = [scaled(mask, factor) for mask in (whole, tissue, pen)]
        if _is_little(masks[0]):
            continue
        densities = picture.densities(masks[0].shape)
        drawn = _ribbons(Tissue(densities, masks[0]))
        if factor == finest:
            drawn |= _continued(densities, *masks[1:])
        size = tissue.shape[::-1]
        found |= as_bool(cv2.resize(as_byte(drawn), size, interpolation=cv2.INTER_NEAREST))
    return found & tissue


def _continued(densities: list[Densities], tissue: Mask, pen: Mask) -> Mask:
    """Where strokes that were found on the glass run on over the tissue.

    The ink on the glass is its own matched filter: under the stroke the tissue has as much more
    of it as the glass has.
    """
    found = np.zeros(tissue.shape, np.bool_)
    if _is_little(tissue) or not pen.any():
        return found
    inks = _inks_beside(densities, pen, tissue)
    if not inks:
        return found
    seen = Tissue(densities, tissue)
    for ink, body in inks:
        excess, deviation = seen.excess(seen.amount(ink))
        if deviation > TOLD_DEVIATION:
            continue
        more = opened(tissue & (excess > 0.5), 5)
        near = as_bool(cv2.dilate(as_byte(body), disc(REACH_PX)))
        if (more & near).any():
            more &= ~without_narrow(more, odd(WIDER * width_of(body)))
            found |= grown(more & near, more)
    return found


def _inks_beside(densities: list[Densities], pen: Mask, tissue: Mask) -> list[tuple[Numbers, Mask]]:
    """Density of each ink that borders on tissue, (3,), and where it is: strokes of one ink."""
    _, pixels, pieces = _labelled(pen)
    areas = np.bincount(pieces)
    near = as_bool(cv2.dilate(as_byte(tissue), disc(REACH_PX)))
    beside = np.bincount(pieces, weights=near.take(pixels)) > 0
    inks: list[tuple[Numbers, Mask]] = []
    for label in np.argsort(-areas, kind="stable")[:MOST_STROKES]:
        if areas[label] < LEAST_PX / 2 or not beside[label]:
            continue
        body = pixels[pieces == label]
        samples = np.stack([density.take(body) for density in densities]).astype(np.float64)
        total = samples.sum(axis=0)
        ink = samples[:, total <= np.median(total)].mean(axis=1)
        same = [who for of, who in inks if np.linalg.norm(ink - of) <= ONE_INK * np.linalg.norm(of)]
        if not same and ink.max() >= LEAST_STEP:
            same = [np.zeros(pen.shape, np.bool_)]
            inks.append((ink, same[0]))
        if same:
            same[0].put(body, True)
    return inks


def without_narrow(mask: Mask, size: int) -> Mask:
    """The mask opened with a large disc, looked for only where a square within the disc fits."""
    found = np.zeros(mask.shape, np.bool_)
    within = cv2.erode(as_byte(mask), np.ones((odd(0.7 * size) - 2,) * 2, np.uint8))
    x, y, w, h = cv2.boundingRect(within)
    if w == 0:
        return found
    place = _span(y, y + h, size // 2), _span(x, x + w, size // 2)
    fits = cv2.min(cv2.erode(as_byte(mask[place]), disc(size)), within[place])
    found[place] = as_bool(cv2.dilate(fits, disc(size)))
    return found


def _is_little(tissue: Mask) -> bool:
    return bool(np.count_nonzero(tissue[::SPARSE, ::SPARSE]) < LEAST_PX / SPARSE**2)


def scaled(mask: Mask, factor: float) -> Mask:
    """The nearest pixels."""
    size = tuple(max(1, round(side * factor)) for side in mask.shape[::-1])
    return as_bool(cv2.resize(as_byte(mask), size, interpolation=cv2.INTER_NEAREST))


def _ribbons(seen: Tissue) -> Mask:
    """Strokes of 6 px or broader."""
    found = np.zeros(seen.mask.shape, np.bool_)
    for ink in INKS:
        density = seen.amount(np.array(ink))
        excess, deviation = seen.excess(density)
        for limit in sorted({max(LEAST_STEP, deviation * times) for times in DEVIATIONS}):
            for place, body in _strokes(density, seen.mask, seen.mask & (excess > limit)):
                half = float(np.percentile(excess[place][body], 75)) / 2
                kept = opened(body & (excess[place] >= half), 5)
                if width_of(kept) >= LEAST_WIDTH_PX and np.count_nonzero(kept) >= LEAST_PX:
                    found[place] |= kept
    return found


def _strokes(density: Densities, tissue: Mask, mask: Mask) -> list[tuple[Place, Mask]]:
    """Pieces that are strokes, unless pieces of their size are the texture of this tissue."""
    strokes: list[tuple[Place, Mask]] = []
    smallest = float("inf")
    others: list[int] = []
    for place, body in _pieces(mask):
        area = int(np.count_nonzero(body))
        if len(others) > MOST_ALIKE and area < smallest / 2:
            break
        if _is_stroke(density[place], tissue[place], body):
            strokes.append((place, body))
            smallest = min(smallest, area)
        else:
            others.append(area)
    sizes = np.array(others)
    return [
        (place, body)
        for place, body in strokes
        if np.count_nonzero(sizes >= np.count_nonzero(body) / 2) <= MOST_ALIKE
    ]


def _pieces(mask: Mask) -> Iterator[tuple[Place, Mask]]:
    """Places of large pieces, the largest first, with a margin, and the piece, closed."""
    mask = opened(mask, 5)
    if np.count_nonzero(mask) < LEAST_PX:
        return
    labels, pixels, pieces = _labelled(mask)
    areas = np.bincount(pieces)
    for label in np.argsort(-areas, kind="stable")[: np.count_nonzero(areas >= LEAST_PX)]:
        y, x = np.divmod(pixels[pieces == label], mask.shape[1])
        place = _span(y[0], y[-1] + 1, 8), _span(x.min(), x.max() + 1, 8)
        body = _padded(labels[place] == label, 3)
        closed = cv2.morphologyEx(body, cv2.MORPH_CLOSE, disc(5))
        yield place, as_bool(closed[3:-3, 3:-3])


def _labelled(
    mask: Mask,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.intp], npt.NDArray[np.int32]]:
    """Labels of the pieces of a mask, (H, W); its pixels, row by row, and the label of each.

    Statistics by OpenCV take five times as long, as they count the pixels of no piece, too.
    """
    labels = np.asarray(cv2.connectedComponents(as_byte(mask))[1], np.int32)
    pixels = np.flatnonzero(mask)
    return labels, pixels, labels.take(pixels)


def _span(first: int, end: int, margin: int) -> slice:
    return slice(max(0, first - margin), end + margin)


def _padded(body: Mask, px: int) -> Pixels:
    """As bytes, with a rim of zeros; `np.pad` takes ten times as long."""
    rim = cv2.BORDER_CONSTANT
    return np.asarray(cv2.copyMakeBorder(as_byte(body), px, px, px, px, rim, value=0), np.uint8)


def _inwards(body: Mask) -> Densities:
    """Distance to the outline, px."""
    padded = cv2.distanceTransform(_padded(body, 1), cv2.DIST_L2, 5)
    return np.asarray(padded[1:-1, 1:-1], np.float32)


def width_of(body: Mask) -> float:
    """The largest width, px."""
    return 2 * float(_inwards(body).max()) - 1


def _is_stroke(density: Densities, tissue: Mask, body: Mask) -> bool:
    """Whether a piece is a long ribbon inside the tissue with the same step all along its edge."""
    inner = _inwards(body)
    width, area = 2 * float(inner.max()) - 1, np.count_nonzero(body)
    if width < LEAST_WIDTH_PX or area < LONG * width * width:
        return False
    outlines, _ = cv2.findContours(_padded(body, 1), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
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
