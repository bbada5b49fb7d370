"""Whether a grey picture is in focus, from the energies of neighbouring octaves of its detail.

An octave is what second differences show on one level of a Gaussian pyramid, in eight directions.
Blur takes more from a finer octave than from the next coarser one, motion in one direction only;
the strength of the stain scales both alike. Noise is everywhere equally strong: what the quietest
tenth of a block holds is subtracted before octaves are compared. Noise only raises the ratios,
therefore a low one shows blur, and a high one shows focus only where noise cannot explain it.

A picture that was sharpened before it was blurred keeps high ratios in all octaves but the finest,
therefore the finest one has a limit of its own. JPEG fills it with the borders of its blocks, which
are left out. What it holds shows focus only as far as noise cannot explain it: the noise is judged
by the quietest place of the whole picture, also where JPEG has left but a part of it. Where too
little remains, the next ratio must be one that blurred tissue does not reach, however sharp it was.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from grossing.support.types import Mask

Floats = npt.NDArray[np.float32]

CELL_PX = 16
QUARTER_CELLS, BLOCK_CELLS = 4, 8  # a side
QUARTER_PX = QUARTER_CELLS * CELL_PX
LEVELS = 3
#: down, across; the four between them follow from these and from one product (`_directions`)
DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))
SUMS = len(DIRECTIONS) + 1

#: limits of a block: octave 1 over 2 and 2 over 3 (worst direction), finest octave over 1
FINE_MIN, MIDDLE_MIN, FINEST_MIN = 0.33, 0.38, 0.09
#: least octave 1 over 2 in one direction, of that of all together (of the sharpest one alone it is
#: ill-defined where that has little of octave 2): structures change both alike, motion one of them
MOTION_MIN = 0.6
#: limit of a quarter of a block, for both ratios of all directions; of the worst direction
QUARTER_MIN, QUARTER_WORST_MIN = 0.3, 0.26
QUARTERS_BLURRED = 0.25  # a tile is blurred where more of its quarters are
#: what the quietest tenth of the finest octave has of its mean where it is nothing but noise
ONLY_NOISE = 0.66
#: most noise of the finest octave, of what the quietest block's quietest tenth has, and most that
#: is looked for, grey level^2: white noise to 4 grey levels, and what JPEG has left of it (of which
#: that tenth has less, as it comes in spots)
NOISE_OF_QUIET, NOISE_MAX = 1.4, 150.0
REMNANT_OF_QUIET, REMNANT_MAX = 2.2, 15.0
#: what the finest octave must have above the noise, of octave 1: detail whose amplitude falls as
#: 1 / frequency, as that of most tissue, has less after a blur of sigma 1.5 px
FINEST_SURE = 0.06
#: borders of JPEG blocks over octave 1 above which JPEG has left nothing of the finest octave
BORDERS_MAX = 0.3
#: how far above its limit octave 1 over 2 must be where the finest octave tells nothing (detail
#: whose amplitude falls as the root of 1 / frequency, sharper than nearly all tissue, reaches 1.9
#: after a blur of sigma 1.5 px), and where JPEG has left nothing but FINEST_SURE of it
CLEAR_OF_BLUR, CLEAR_OF_JPEG = 1.8, 1.12
NOISE_QUANTILE = 0.1  # of the cells of a block
CHANCE = 0.33  # share of the noise by which the mean of pure noise exceeds that quantile
NOISE_OF_FINEST = 1 / 6  # most noise of octave 1 in one direction, of the finest octave's
#: energy per direction that noise of 4 grey levels leaves in octave 1 of pictures that are even, or
#: blurred by 20 px or more (6.3 at most): JPEG takes it from most places and leaves it in others,
#: where it looks like detail. Dim dark fields have no more detail: not looked at there
NOISE_LEFT = 6.5
TISSUE_MIN = 0.25  # of a block or a quarter that is judged, where the tissue is known
ROUNDING = 1.0  # energy that grey levels and JPEG leave on an even picture, grey level^2
EMPTY_VARIANCE = 4.0  # grey level^2 at 1/8 of the size: nothing is there to be in focus
TINY = 1e-6
HALF_ROOT = np.float32(np.sqrt(0.5))
#: least energy of detail in a dark field, of what its empty background has at the same place: noise
#: that JPEG leaves in spots looks like detail there too
ABOVE_BACKGROUND = 1.5
#: limit in fluorescence: nuclei on a dark field have softer edges than stained tissue has detail
DARK_FIELD = 0.55


@dataclass(frozen=True)
class Sharpness:
    """Focus of a picture; all None where nothing can be told.

    `focus` is 1 at the limit, above it where sharper, and None where noise may be all that looks
    sharp; `blurred_fraction` is the share of blocks below 1, of those that can be told; `snr` is
    the energy of octave 1 above the noise, relative to the noise (median of the blocks).
    """

    focus: float | None = None
    blurred_fraction: float | None = None
    snr: float | None = None


#: layers of `_cells` before the octaves: finest octave, borders of JPEG blocks, and the mean and
#: the mean square of the grey picture at 1/8 of its size
FINEST, BORDERS, MEAN, SQUARE, OCTAVES = range(5)
LAYERS = OCTAVES + LEVELS * SUMS


def of_cells(
    cells: Floats,
    tissue: Floats | None = None,
    *,
    dark_field: bool = False,
    background_noise: float = 0.0,
) -> list[Sharpness]:
    """Focus of brightfield or dark-field pictures of one size.

    Parameters
    ----------
    cells : (pictures, layers, rows, columns) of `cells_of`
    tissue : (pictures, rows, columns) share of tissue in each cell; blocks, and their quarters, of
        which it is less than a quarter are not judged (edges of ink over glass are soft)
    dark_field : judge by the limit for fluorescence
    background_noise : `noise` of the empty background of a dark field

    Notes
    -----
    A picture is below 1 where half of its blocks are, or a quarter of their quarters. Several
    pictures at once cost little more than one: nearly all is the overhead of small arrays.
    """
    if not cells.size:  # no pictures, or too small ones
        return [Sharpness()] * len(cells)
    limit = DARK_FIELD if dark_field else 1.0
    directions = _directions(cells)
    energies = _in_blocks(directions)
    floor = _quiet(energies)
    structured, score, sure, snr = _blocks(
        cells,
        energies.mean(-1),
        floor,
        ABOVE_BACKGROUND * background_noise if dark_field else NOISE_LEFT,
    )
    score, sure = score / limit, sure / limit
    quarter_structured, quarters = _quarters(cells, directions, floor.min(-1))
    if tissue is not None:
        structured &= _in_blocks(tissue).mean(-1) >= TISSUE_MIN
        quarter_structured &= _of_quarters(tissue) >= TISSUE_MIN
    worst = _lowest(quarters / limit, quarter_structured, QUARTERS_BLURRED)
    focus = np.minimum(_lowest(score, structured, 0.5), worst)
    certain = np.minimum(_lowest(sure, structured, 0.5), worst)
    anything = np.logical_or.reduce(structured, -1)
    blurred = (structured & (score < 1)).sum(-1)
    known = (structured & ((score < 1) | (sure >= 1))).sum(-1)
    columns = (
        _or_none(focus, anything & ((focus < 1) | (certain >= 1))),
        _or_none(blurred / np.maximum(known, 1), known > 0),
        _lowest(snr, structured | ~anything[:, None], 0.5).tolist(),
    )
    return [Sharpness(*each) for each in zip(*columns, strict=True)]


def noise(cells: Floats) -> float:
    """Energy per direction that noise has in octave 1 of pictures that are even; grey level^2.

    The median over the pictures: dirt may lie on some.
    """
    return float(np.median(cells[:, OCTAVES : OCTAVES + len(DIRECTIONS)].mean((1, 2, 3))))


def _enlarged(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """At least 64 px a side."""
    down, across = (max(0, QUARTER_PX - side) for side in grey.shape)
    return np.pad(grey, ((0, down), (0, across)), "symmetric")


def cells_of(grey: npt.NDArray[np.uint8], laplacian: npt.NDArray[np.int16] | None = None) -> Floats:
    """(layers, rows, columns) energies per cell of 16 px of the whole quarters of blocks.

    The octaves are level by level, a layer per direction of `DIRECTIONS` and one for the product of
    the differences of the first two and of the last two. The finest octave is taken from pixels
    that do not touch the borders of JPEG blocks (8 px), every 4th row of them: blocks that JPEG
    has emptied differ at their borders only, however blurred the picture is.

    Parameters
    ----------
    grey : (H, W) uint8; blocks are 128 px, 64 um at 0.5 um/px. Below 64 px it is continued by its
        mirror image; below 16 px nothing can be told, and there are no cells
    laplacian : (H, W) int16, its Laplacian of 4 neighbours, where the caller has it
    """
    if min(grey.shape) < CELL_PX:
        return np.empty((LAYERS, 0, 0), np.float32)
    if min(grey.shape) < QUARTER_PX:
        grey, laplacian = _enlarged(grey), None
    if laplacian is None:
        laplacian = np.asarray(cv2.Laplacian(grey, cv2.CV_16S), np.int16)
    height, width = (side // QUARTER_PX * QUARTER_PX for side in grey.shape)
    cells = np.empty((LAYERS, height // CELL_PX, width // CELL_PX), np.float32)
    pairs = _halved(_squares(laplacian[2:height:4, :width]))
    inner = pairs.reshape(height // 8, -1, 4)[..., 1:3]
    _means(inner.reshape(height // 8, -1), cells[FINEST])
    _means(_squares(laplacian[:height:8, :width]), cells[BORDERS])
    level = cv2.pyrDown(grey[:height, :width]).astype(np.float32)
    for first in range(OCTAVES, LAYERS, SUMS):
        if first > OCTAVES:
            level = np.asarray(cv2.pyrDown(level), np.float32)
        _second_differences(level, cells[first : first + SUMS])
    _means(level, cells[MEAN])
    _means(_squares(level), cells[SQUARE])
    return cells


def shares_of(mask: Mask, shape: tuple[int, ...]) -> Floats:
    """(rows, columns) share of a mask in each cell of a grey picture of that shape.

    Parameters
    ----------
    mask : (h, w) bool of the whole picture, at any resolution
    """
    rows, columns = (max(1, side // QUARTER_PX) * QUARTER_CELLS for side in shape)
    down, across = (
        ((np.arange(n * 4) + 0.5) * (CELL_PX / 4) * there / side).astype(np.intp).clip(0, there - 1)
        for n, there, side in zip((rows, columns), mask.shape, shape, strict=True)
    )
    spots = mask.take(down, 0).take(across, 1).astype(np.float32)
    return np.asarray(cv2.resize(spots, (columns, rows), interpolation=cv2.INTER_AREA), np.float32)


def _squares(values: npt.NDArray[np.int16] | Floats) -> Floats:
    floats = values.astype(np.float32)
    floats *= floats
    return floats


def _halved(values: Floats) -> Floats:
    size = values.shape[1] // 2, values.shape[0] // 2
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)


def _means(values: Floats, cells: Floats) -> None:
    """Fill `cells` with the mean of the values in each; halving both sides is much faster."""
    rows, columns = cells.shape
    while values.shape[0] > 2 * rows and values.shape[1] > 2 * columns:
        values = _halved(values)
    cv2.resize(values, (columns, rows), dst=cells, interpolation=cv2.INTER_AREA)


def _second_differences(picture: Floats, octave: Floats) -> None:
    """Fill (sum, rows, columns) with means over the cells, of squared second differences of each
    direction and of the product that tells the directions between them."""
    height, width = picture.shape
    padded = np.asarray(cv2.copyMakeBorder(picture, 1, 1, 1, 1, cv2.BORDER_REFLECT_101))
    every = np.empty((SUMS, height, width), np.float32)
    for (down, across), found in zip(DIRECTIONS, every[:-1], strict=True):
        after = padded[1 + down : 1 + down + height, 1 + across : 1 + across + width]
        before = padded[1 - down : 1 - down + height, 1 - across : 1 - across + width]
        cv2.add(after, before, dst=found)
        cv2.scaleAdd(picture, -2, found, dst=found)
    straight, diagonal = (cv2.subtract(every[i], every[i + 1]) for i in (0, 2))
    cv2.multiply(straight, diagonal, dst=every[-1])
    squares = every[:-1].reshape(-1, width)
    cv2.multiply(squares, squares, dst=squares)
    below = every.reshape(-1, width)
    _means(below, octave.reshape(-1, octave.shape[-1]))


def _blocks(
    cells: Floats, octaves: Floats, floor: Floats, noise_left: float
) -> tuple[npt.NDArray[np.bool_], Floats, Floats, Floats]:
    """(pictures, blocks) each: is something there, score, its lower bound, signal to noise."""
    windows = _in_blocks(cells[:, :OCTAVES])
    means, quiet = windows.mean(-1), _quiet(windows)
    above = np.maximum(octaves - floor, TINY)
    fine = above[:, 0] / above[:, 1] / FINE_MIN
    together = above[:, 0].mean(1) / above[:, 1].mean(1) / FINE_MIN
    even = fine.min(1) / together / MOTION_MIN
    plain = slice(len(DIRECTIONS))
    fine, above, floor = fine[:, plain], above[:, :, plain], floor[:, 0, plain]
    noise = np.minimum(floor, NOISE_OF_FINEST * quiet[:, FINEST, None]) + ROUNDING
    middle = (above[:, 1] / above[:, 2]).min(1) / MIDDLE_MIN
    whole = np.maximum(octaves[:, 0, plain].sum(1), TINY)
    finest = means[:, FINEST] / whole / FINEST_MIN
    structured = means[:, SQUARE] - means[:, MEAN] ** 2 > EMPTY_VARIANCE
    emptied = means[:, BORDERS] > BORDERS_MAX * np.maximum(whole, means[:, FINEST] / FINEST_MIN)
    told = _told_by_finest(means[:, FINEST], quiet[:, FINEST], whole, structured, emptied)
    clear = np.where(told, np.where(emptied, CLEAR_OF_JPEG, 1), CLEAR_OF_BLUR)
    others = np.minimum(middle, np.where(emptied & (finest < 1), np.inf, finest))
    others = np.minimum(others, np.where(even < 1, even, np.inf))
    explained = np.minimum(1 - CHANCE * noise / above[:, 0], 1 / clear[:, None])
    score, sure = np.minimum(fine.min(1), others), np.minimum((fine * explained).min(1), others)
    sure = np.where(whole < len(DIRECTIONS) * noise_left, np.float32(0), sure)
    return structured, score, sure, (above[:, 0] / noise).mean(1)


def _directions(cells: Floats) -> Floats:
    """(pictures, levels, 8 directions, rows, columns) energies of the octaves.

    The mean square of the second derivative along an angle is a polynomial of second degree in the
    cosine and sine of twice the angle. Four angles and the product of the differences determine it:
    those of `DIRECTIONS` and then 22.5, 67.5, 112.5 and 157.5 degrees, steered as in [1]_.
    Differences along diagonals are taken over twice the squared distance.

    References
    ----------
    .. [1] Freeman and Adelson 1991, doi:10.1109/34.93808
    """
    pictures, _, rows, columns = cells.shape
    sums = cells[:, OCTAVES:].reshape(pictures, LEVELS, SUMS, rows, columns)
    across, down, falling, rising, product = (sums[:, :, i] for i in range(SUMS))
    mean = (across + down + (falling + rising) / 4) / 4
    straight, diagonal = (across - down) * (HALF_ROOT / 2), (falling - rising) * (HALF_ROOT / 8)
    turn = product / 8
    plus, minus = straight + diagonal, straight - diagonal
    between = mean + plus + turn, mean - minus - turn, mean - plus + turn, mean + minus - turn
    every = np.empty((pictures, LEVELS, 2 * len(DIRECTIONS), rows, columns), np.float32)
    every[:, :, : len(DIRECTIONS)] = sums[:, :, :-1]
    for i, energies in enumerate(between, len(DIRECTIONS)):
        every[:, :, i] = energies
    return every


def _told_by_finest(
    finest: Floats,
    quiet: Floats,
    whole: Floats,
    structured: npt.NDArray[np.bool_],
    emptied: npt.NDArray[np.bool_],
) -> npt.NDArray[np.bool_]:
    """Whether the finest octave shows detail that is not noise; (pictures, blocks) each.

    Noise is everywhere the same, therefore the quietest block of a picture tells how much there is
    in all of them; where JPEG has emptied the octave, hardly any is left.
    """
    least = np.where(structured, quiet, np.float32(np.inf)).min(-1, keepdims=True)
    noise = np.maximum(
        np.minimum(NOISE_OF_QUIET * least, NOISE_MAX),
        np.minimum(REMNANT_OF_QUIET * least, REMNANT_MAX),
    )
    detail = finest - np.where(emptied, np.minimum(least, REMNANT_MAX), noise)
    return np.asarray((detail >= FINEST_SURE * whole) & (quiet <= ONLY_NOISE * finest))


def _quarters(
    cells: Floats, directions: Floats, floor: Floats
) -> tuple[npt.NDArray[np.bool_], Floats]:
    """(pictures, quarters) each: is something there, the worse of both ratios."""
    mean, square = (_of_quarters(cells[:, layer]) for layer in (MEAN, SQUARE))
    plain = np.add.reduce(directions[:, :, : len(DIRECTIONS)], 2) / np.float32(len(DIRECTIONS))
    quiet = _quiet(plain.reshape(*plain.shape[:2], -1))
    score = _worse_ratio(plain, quiet) / QUARTER_MIN
    worst = _worse_ratio(directions, floor).min(1) / QUARTER_WORST_MIN
    return square - mean**2 > EMPTY_VARIANCE, np.minimum(score, np.where(worst < 1, worst, np.inf))


def _of_quarters(cells: Floats) -> Floats:
    """(..., quarters) means of the (..., rows, columns)."""
    rows, columns = cells.shape[-2:]
    down, across = rows // QUARTER_CELLS, columns // QUARTER_CELLS
    quarters = np.empty((cells.size // (rows * columns) * down, across), np.float32)
    _means(cells.reshape(-1, columns), quarters)
    return quarters.reshape(*cells.shape[:-2], -1)


def _worse_ratio(octaves: Floats, floor: Floats) -> Floats:
    """(pictures, ..., quarters) lower one of octave 1 over 2 and 2 over 3."""
    above = np.maximum(_of_quarters(octaves) - floor[..., None], TINY)
    return np.asarray(np.minimum(above[:, 0] / above[:, 1], above[:, 1] / above[:, 2]))


def _in_blocks(layers: Floats) -> Floats:
    """(..., blocks, cells of a block) of the (..., rows, columns)."""
    places = _cells_of_blocks(*layers.shape[-2:])
    return np.asarray(layers.reshape(*layers.shape[:-2], -1).take(places, axis=-1))


@functools.lru_cache(maxsize=4)
def _cells_of_blocks(rows: int, columns: int) -> npt.NDArray[np.intp]:
    """(blocks, cells of a block) places of cells, counted row by row.

    The last blocks of odd sides overlap their neighbours.
    """
    size = min(BLOCK_CELLS, rows, columns)
    tops, lefts = (np.minimum(np.arange(0, n, size), n - size) for n in (rows, columns))
    firsts = (tops[:, None] * columns + lefts).reshape(-1, 1)
    return np.asarray(firsts + (np.arange(size)[:, None] * columns + np.arange(size)).ravel())


def _quiet(energies: Floats) -> Floats:
    """Energy that the quietest tenth of the cells (last axis) does not exceed."""
    place = int(NOISE_QUANTILE * (energies.shape[-1] - 1))
    return np.asarray(np.partition(energies, place, -1)[..., place])


def _lowest(values: Floats, among: npt.NDArray[np.bool_], share: float) -> Floats:
    """(pictures,) the quantile of those of the (pictures, places), as one of them: the lower one.

    Infinite where there are none.
    """
    ordered = np.sort(np.where(among, values, np.float32(np.inf)), -1)
    place = np.maximum(share * (among.sum(-1) - 1), 0).astype(np.intp)
    return np.asarray(ordered[np.arange(len(ordered)), place])


def _or_none(values: npt.NDArray[np.floating], told: npt.NDArray[np.bool_]) -> list[float | None]:
    return [
        value if is_told else None for value, is_told in zip(values.tolist(), told, strict=True)
    ]
