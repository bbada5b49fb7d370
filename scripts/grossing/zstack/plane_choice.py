"""Focal planes of one specimen: the sharpest plane of each place, and one picture made of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from grossing.measure import focus

METHODS = ("laplacian", "absdiff")
TISSUE_MIN = 0.05  # share of a cell; with less, what is sharp there is dust or noise
RATIO_MIN = 1.05  # sharpest plane over the median plane; below it the planes hardly differ
FEATHER_PX = 16  # width of the transition between cells of different planes
LATTICE = 2  # every n-th cell of every n-th row is measured at first
#: where the plane of a cell comes from, by number in `Choice.source`
SOURCES = ("neighbours", "agreed", "measured")
NEIGHBOURS, AGREED, MEASURED = range(3)

Pixels = npt.NDArray[np.uint8]
Cells = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Read = Callable[[int, int, int, int, int], Pixels]


@dataclass(frozen=True)
class Choice:
    """One plane per cell, all arrays (rows, columns).

    `plane` counts from 0; `sharpness` is that of the sharpest plane, `ratio` the same over the
    median plane, both NaN where a cell was not measured; `source` as in `SOURCES`; `measured` is
    the number of cells of which all planes were looked at.
    """

    plane: Cells
    sharpness: Floats
    ratio: Floats
    source: npt.NDArray[np.uint8]
    measured: int


def fuse(
    planes: Sequence[Pixels] | Pixels,
    cell_px: int,
    *,
    method: str = "laplacian",
    tissue_fraction: Floats | None = None,
) -> tuple[Pixels, Cells]:
    """One picture from focal planes: each grid cell from the plane that is sharpest there.

    Parameters
    ----------
    planes : registered pictures of equal size, in the order of their height, (H, W, 3) or (H, W)
        uint8
    cell_px : side of a grid cell, px; the last cells may be smaller
    method : "laplacian" (variance of the Laplacian after a Gaussian of sigma 1 px) or "absdiff"
        (mean absolute difference from the 5 x 5 mean)
    tissue_fraction : (rows, columns) in 0..1; cells below 0.05 are not looked at. All are if None

    Returns
    -------
    fused : (H, W, 3) uint8
    plane : (rows, columns) int, from 0

    Raises
    ------
    ValueError : no planes, planes of different or other shapes or types, a cell below 4 px.

    Notes
    -----
    Cells where the sharpest plane is less than 5 % sharper than the median plane take the plane of
    the nearest cell that is sure; the map is smoothed by a 3 x 3 median; cells of different planes
    merge over 16 px. Wrong where two heights share a cell: only one of them is sharp then. A field
    of one plane that is narrower than two cells is lost.

    References
    ----------
    .. [1] Pech-Pacheco et al. 2000, doi:10.1109/ICPR.2000.903548
    """
    pictures = _checked(planes, cell_px)
    height, width = pictures[0].shape[:2]
    rows, columns = grid_shape(width, height, cell_px)
    shares = np.ones((rows, columns)) if tissue_fraction is None else tissue_fraction
    greys = [_grey(picture) for picture in pictures]

    def measure(row: int, column: int) -> Floats:
        at = _cell(row, column, cell_px)
        return np.array([sharpness(grey[at], method) for grey in greys])

    chosen = choose(measure, shares >= TISSUE_MIN, len(pictures))
    near = np.pad(chosen.plane, 1, mode="edge")
    fused = np.empty((height, width, 3), np.uint8)
    for row in range(rows):
        for column in range(columns):
            at = _cell(row, column, cell_px)
            parts = [picture[at] for picture in pictures]
            read = _reader(parts)
            fused[at] = blended(near[row : row + 3, column : column + 3], read, *parts[0].shape[:2])
    return fused, chosen.plane


def grid_shape(width: int, height: int, cell_px: int) -> tuple[int, int]:
    """Rows and columns of the grid of cells over a picture."""
    return -(-height // cell_px), -(-width // cell_px)


def sharpness(picture: Pixels, method: str = "laplacian") -> float:
    """Sharpness of one place, comparable between planes of that place only.

    Parameters
    ----------
    picture : (H, W, 3) or (H, W) uint8
    method : as in `fuse`

    Raises
    ------
    ValueError : unknown method.
    """
    if method not in METHODS:
        raise ValueError(f"method {method!r} is unknown; use one of {', '.join(METHODS)}")
    grey = _grey(picture)
    if method == "absdiff":  # `cv2.norm` subtracts without wrapping below 0
        return cv2.norm(cv2.blur(grey, (5, 5)), grey, cv2.NORM_L1) / grey.size
    smooth = cv2.sepFilter2D(grey, cv2.CV_32F, focus.GAUSSIAN, focus.GAUSSIAN)
    return float(cv2.meanStdDev(cv2.Laplacian(smooth, cv2.CV_32F))[1][0, 0]) ** 2


def choose(
    measure: Callable[[int, int], Floats], wanted: npt.NDArray[np.bool_], planes: int
) -> Choice:
    """The plane of every cell, coarse to fine.

    At first every second cell of every second row is measured, and the last ones; and all cells of
    a piece of tissue that none of these lies in, so that no other piece decides it. Then, again and
    again, those cells are measured whose measured surroundings (5 x 5 cells) disagree or are not
    sure. The rest takes the plane that its surroundings agree on.

    Parameters
    ----------
    measure : row and column of a cell to the sharpness of each plane there, (planes,)
    wanted : (rows, columns) bool, the cells that may be measured
    planes : their number
    """
    values = np.full((*wanted.shape, planes), np.nan)
    sure = np.full(wanted.shape, -1, np.int32)
    done = np.zeros(wanted.shape, bool)
    waiting = _first(wanted)
    while waiting.any():
        for row, column in np.argwhere(waiting):
            found = values[row, column] = measure(int(row), int(column))
            if _ratio(found) >= RATIO_MIN:
                sure[row, column] = found.argmax()
        done |= waiting
        lowest, highest = _extremes(sure)
        waiting = wanted & ~done & (lowest != highest)
    source = np.full(wanted.shape, NEIGHBOURS, np.uint8)
    source[wanted & ~done] = AGREED
    source[sure >= 0] = MEASURED
    plane = _filled(np.where(source == AGREED, _extremes(sure)[1], sure), planes)
    return _described(_smoothed(plane, values), values, source)


def blended(near: Cells, read: Read, height: int, width: int) -> Pixels:
    """The pixels of one cell; towards neighbours of another plane the two planes merge.

    Parameters
    ----------
    near : (3, 3) int, planes of the cell and of its neighbours (its own where it has none)
    read : plane, x, y, w, h inside the cell to (h, w, 3) uint8
    height, width : of the cell, px

    Returns
    -------
    (height, width, 3) uint8
    """
    if (near == near[1, 1]).all():
        return read(int(near[1, 1]), 0, 0, width, height)
    across, down = _ramps(width), _ramps(height)
    out = np.zeros((height, width, 3), np.float32)
    for plane in np.unique(near):
        weight = (down.T @ (near == plane).astype(np.float32) @ across)[..., None]
        rows, columns = (np.flatnonzero(weight.any(axis=(axis, 2))) for axis in (1, 0))
        if not len(rows):
            continue
        y, x, bottom, right = rows[0], columns[0], rows[-1] + 1, columns[-1] + 1
        part = read(int(plane), int(x), int(y), int(right - x), int(bottom - y))
        out[y:bottom, x:right] += weight[y:bottom, x:right] * part
    return np.rint(out).astype(np.uint8)


def _ramps(length: int) -> npt.NDArray[np.float32]:
    """(3, length) shares of the cell before, of the cell itself, of the cell after; sum 1."""
    middles = np.arange(length) + 0.5
    before = np.clip(0.5 - middles / FEATHER_PX, 0, None)
    after = before[::-1]
    return np.stack([before, 1 - before - after, after]).astype(np.float32)


def _first(wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The cells that are measured before anything is known; some in every piece of tissue."""
    _, pieces = cv2.connectedComponents(wanted.astype(np.uint8), connectivity=8)
    first = wanted & _lattice(wanted.shape)
    return np.asarray(first | (wanted & ~np.isin(pieces, pieces[first])))


def _lattice(shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Every second row and column, and the last: what is left lies between measured cells."""
    lines = [(np.arange(n) % LATTICE == 0) | (np.arange(n) == n - 1) for n in shape]
    return np.asarray(np.logical_and.outer(*lines))


def _extremes(sure: Cells) -> tuple[Cells, Cells]:
    """Lowest and highest sure plane in the 5 x 5 cells around each; they differ where none is."""
    square = np.ones((5, 5), np.uint8)
    known = np.where(sure < 0, 1e6, sure).astype(np.float32)
    lowest, highest = cv2.erode(known, square), cv2.dilate(sure.astype(np.float32), square)
    return lowest.astype(np.int32), highest.astype(np.int32)


def _ratio(values: Floats) -> float:
    """Sharpest over median; 0 where nothing has any structure."""
    top, median = float(values.max()), float(np.median(values))
    return top / median if median > 0 else np.inf if top > 0 else 0.0


def _filled(plane: Cells, planes: int) -> Cells:
    """Every cell with the plane of the nearest that has one; the middle plane where none has."""
    empty = plane < 0
    if empty.all():
        return np.full(plane.shape, planes // 2, np.int32)
    _, labels = cv2.distanceTransformWithLabels(
        empty.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    plane_of = np.zeros(labels.max() + 1, np.int32)
    plane_of[labels[~empty]] = plane[~empty]
    return np.asarray(plane_of[labels])


def _smoothed(plane: Cells, values: Floats) -> Cells:
    """The 3 x 3 median where a cell does not contradict it, or is alone in doing so."""
    median = cv2.medianBlur(plane.astype(np.uint16), 3).astype(np.int32)
    own, other = (np.take_along_axis(values, p[..., None], 2)[..., 0] for p in (plane, median))
    sharper = own >= RATIO_MIN * other  # False where it was not measured
    ring = np.ones((3, 3), np.uint8)
    ring[1, 1] = 0
    around = np.pad(plane, 1, mode="edge").astype(np.float32)
    low, high = (f(around, ring)[1:-1, 1:-1] for f in (cv2.erode, cv2.dilate))
    alone = (high - low <= 1) & ((plane < low - 1) | (plane > high + 1))
    return np.where(sharper & ~alone, plane, median)


def _described(plane: Cells, values: Floats, source: npt.NDArray[np.uint8]) -> Choice:
    top = values.max(axis=2)
    ratio = np.full(top.shape, np.nan)
    for place in np.argwhere(~np.isnan(top)):
        ratio[tuple(place)] = _ratio(values[tuple(place)])
    return Choice(plane, top, ratio, source, int((~np.isnan(top)).sum()))


def _checked(planes: Sequence[Pixels] | Pixels, cell_px: int) -> list[Pixels]:
    pictures = [np.asarray(plane) for plane in planes]
    if not pictures:
        raise ValueError("no planes")
    shape = pictures[0].shape
    for number, picture in enumerate(pictures):
        is_picture = picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] == 3)
        if (
            not is_picture
            or picture.dtype != np.uint8
            or picture.shape != shape
            or not picture.size
        ):
            said = f"{picture.shape} {picture.dtype}"
            raise ValueError(f"plane {number} must be uint8 and shaped like plane 0, not {said}")
    if cell_px < FEATHER_PX:
        raise ValueError(f"cell_px must be at least {FEATHER_PX} px, not {cell_px}")
    return pictures


def _grey(picture: Pixels) -> Pixels:
    return picture if picture.ndim == 2 else np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))


def _cell(row: int, column: int, cell_px: int) -> tuple[slice, slice]:
    y, x = row * cell_px, column * cell_px
    return slice(y, y + cell_px), slice(x, x + cell_px)


def _reader(parts: list[Pixels]) -> Read:
    def read(plane: int, x: int, y: int, w: int, h: int) -> Pixels:
        part = parts[plane][y : y + h, x : x + w]
        return part if part.ndim == 3 else np.asarray(cv2.cvtColor(part, cv2.COLOR_GRAY2RGB))

    return read
