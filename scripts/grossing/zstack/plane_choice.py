"""The plane of each block: the one that is sharpest there, where the planes differ enough."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from grossing.support.types import Mask, Pixels
from grossing.zstack.blending import PlaneIndex

METHODS = ("laplacian", "absdiff")
GAUSSIAN = cv2.getGaussianKernel(7, 1.0, cv2.CV_32F)
TISSUE_MIN = 0.05  # share of a block; with less, what is sharp there is dust or noise
RATIO_MIN = 1.05  # sharpest plane over the median plane; below it the planes hardly differ
LATTICE = 2  # every n-th block of every n-th row is measured at first
#: where the plane of a block comes from, by number in `Choice.source`
SOURCES = ("neighbours", "agreed", "measured")
NEIGHBOURS, AGREED, MEASURED = range(3)

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Choice:
    """One plane per block, all arrays (rows, columns).

    `plane` counts from 0; `sharpness` is that of the sharpest plane, `ratio` the same over the
    median plane, both NaN where a block was not measured; `source` as in `SOURCES`; `measured` is
    the number of blocks of which all planes were measured.
    """

    plane: PlaneIndex
    sharpness: Floats
    ratio: Floats
    source: npt.NDArray[np.uint8]
    measured: int


def sharpness(picture: Pixels, method: str = "laplacian") -> float:
    """Sharpness of one block, comparable between planes of that block only.

    Parameters
    ----------
    picture : (H, W, 3) or (H, W) uint8
    method : "laplacian" (variance of the Laplacian after a Gaussian of sigma 1 px) or "absdiff"
        (mean absolute difference from the 5 x 5 mean)

    Raises
    ------
    ValueError : unknown method.
    """
    if method not in METHODS:
        raise ValueError(f"method {method!r} is unknown; use one of {', '.join(METHODS)}")
    grey = grey_of(picture)
    if method == "absdiff":  # `cv2.norm` subtracts without wrapping below 0
        return cv2.norm(cv2.blur(grey, (5, 5)), grey, cv2.NORM_L1) / grey.size
    smooth = cv2.sepFilter2D(grey, cv2.CV_32F, GAUSSIAN, GAUSSIAN)
    return float(cv2.meanStdDev(cv2.Laplacian(smooth, cv2.CV_32F))[1][0, 0]) ** 2


def choose(measure: Callable[[int, int], Floats], tissue: Mask, planes: int) -> Choice:
    """The plane of every block, coarse to fine.

    At first every second block of every second row is measured, and the last ones; and all blocks
    of a piece of tissue that none of these lies in, so that no other piece decides for it. Then,
    repeatedly, those blocks are measured whose measured surroundings (5 x 5 blocks) disagree or are
    not sure. The rest takes the plane that its surroundings agree on.

    Parameters
    ----------
    measure : row and column of a block to the sharpness of each plane there, (planes,)
    tissue : (rows, columns) bool, the blocks that may be measured
    planes : their number
    """
    values = np.full((*tissue.shape, planes), np.nan)
    sure = np.full(tissue.shape, -1, np.int32)
    done = np.zeros(tissue.shape, bool)
    waiting = _first(tissue)
    while waiting.any():
        for row, column in np.argwhere(waiting):
            values[row, column] = measure(int(row), int(column))
            if _ratio(values[row, column]) >= RATIO_MIN:
                sure[row, column] = values[row, column].argmax()
        done |= waiting
        lowest, highest = _extremes(sure)
        waiting = tissue & ~done & (lowest != highest)
    source = np.full(tissue.shape, NEIGHBOURS, np.uint8)
    source[tissue & ~done] = AGREED
    source[sure >= 0] = MEASURED
    plane = _filled(np.where(source == AGREED, _extremes(sure)[1], sure), planes)
    return _described(_smoothed(plane, values), values, source)


def _first(tissue: Mask) -> Mask:
    """The blocks that are measured before anything is known; some in every piece of tissue."""
    _, pieces = cv2.connectedComponents(tissue.astype(np.uint8), connectivity=8)
    first = tissue & _lattice(tissue.shape)
    return np.asarray(first | (tissue & ~np.isin(pieces, pieces[first])))


def _lattice(shape: tuple[int, ...]) -> Mask:
    """Every second row and column, and the last: what is left lies between measured blocks."""
    lines = [(np.arange(n) % LATTICE == 0) | (np.arange(n) == n - 1) for n in shape]
    return np.asarray(np.logical_and.outer(*lines))


def _extremes(sure: PlaneIndex) -> tuple[PlaneIndex, PlaneIndex]:
    """Lowest and highest sure plane in the 5 x 5 blocks around each; they differ where none is."""
    square = np.ones((5, 5), np.uint8)
    known = np.where(sure < 0, 1e6, sure).astype(np.float32)
    lowest, highest = cv2.erode(known, square), cv2.dilate(sure.astype(np.float32), square)
    return lowest.astype(np.int32), highest.astype(np.int32)


def _ratio(values: Floats) -> float:
    """Sharpest over median; 0 where no plane has any structure."""
    top, median = float(values.max()), float(np.median(values))
    return top / median if median > 0 else np.inf if top > 0 else 0.0


def _filled(plane: PlaneIndex, planes: int) -> PlaneIndex:
    """Every block with the plane of the nearest that has one; the middle plane where none has."""
    empty = plane < 0
    if empty.all():
        return np.full(plane.shape, planes // 2, np.int32)
    _, labels = cv2.distanceTransformWithLabels(
        empty.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    plane_of = np.zeros(labels.max() + 1, np.int32)
    plane_of[labels[~empty]] = plane[~empty]
    return np.asarray(plane_of[labels])


def _smoothed(plane: PlaneIndex, values: Floats) -> PlaneIndex:
    """The 3 x 3 median where a block does not contradict it, or is alone in doing so."""
    median = cv2.medianBlur(plane.astype(np.uint16), 3).astype(np.int32)
    own, other = (np.take_along_axis(values, p[..., None], 2)[..., 0] for p in (plane, median))
    sharper = own >= RATIO_MIN * other  # False where it was not measured
    ring = np.ones((3, 3), np.uint8)
    ring[1, 1] = 0
    around = np.pad(plane, 1, mode="edge").astype(np.float32)
    low, high = (f(around, ring)[1:-1, 1:-1] for f in (cv2.erode, cv2.dilate))
    alone = (high - low <= 1) & ((plane < low - 1) | (plane > high + 1))
    return np.where(sharper & ~alone, plane, median)


def _described(plane: PlaneIndex, values: Floats, source: npt.NDArray[np.uint8]) -> Choice:
    top = values.max(axis=2)
    ratio = np.full(top.shape, np.nan)
    for place in np.argwhere(~np.isnan(top)):
        ratio[tuple(place)] = _ratio(values[tuple(place)])
    return Choice(plane, top, ratio, source, int((~np.isnan(top)).sum()))


def grey_of(picture: Pixels) -> Pixels:
    """(H, W) uint8 of an (H, W, 3) or (H, W) picture."""
    return picture if picture.ndim == 2 else np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
