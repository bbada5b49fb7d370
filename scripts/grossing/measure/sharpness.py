"""Whether a grey picture is in focus, from the energies of neighbouring octaves of its detail.

An octave is what second differences show on one level of a Gaussian pyramid, in four directions.
Blur takes more from a finer octave than from the next coarser one; the strength of the stain
scales both alike. Noise is everywhere equally strong: what the quietest tenth of a block holds is
subtracted before octaves are compared. Noise only raises the ratios, therefore a low one shows
blur, and a high one shows focus only where noise cannot explain it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

CELL_PX = 16
QUARTER_CELLS, BLOCK_CELLS = 4, 8  # a side
QUARTER_PX = QUARTER_CELLS * CELL_PX
LEVELS = 3
DIRECTIONS = ((0, 1), (1, 0), (1, 1), (1, -1))  # down, across

#: limits of a block: octave 1 over 2 and 2 over 3 (worst direction), finest octave over 1
FINE_MIN, MIDDLE_MIN, FINEST_MIN = 0.33, 0.38, 0.115
#: limit of a quarter of a block, for both ratios
QUARTER_MIN = 0.3
QUARTERS_BLURRED = 0.25  # a tile is blurred where more of its quarters are
NOISE_QUANTILE = 0.1  # of the cells of a block
CHANCE = 0.33  # share of the noise by which the mean of pure noise exceeds that quantile
NOISE_OF_FINEST = 1 / 6  # most noise of octave 1 in one direction, of the finest octave's
ROUNDING = 1.0  # energy that grey levels and JPEG leave on an even picture, grey level^2
EMPTY_VARIANCE = 4.0  # grey level^2 at 1/8 of the size: nothing is there to be in focus
TINY = 1e-6
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


@dataclass(frozen=True)
class _Cells:
    """Energies per cell of 16 px: (rows, columns), and (level, direction, rows, columns).

    `mean` and `square` are of the grey picture at 1/8 of its size.
    """

    finest: Floats
    octaves: Floats
    mean: Floats
    square: Floats


def of_grey(
    grey: npt.NDArray[np.uint8],
    laplacian: npt.NDArray[np.int16] | None = None,
    *,
    dark_field: bool = False,
) -> Sharpness:
    """Focus of a brightfield or dark-field picture.

    Parameters
    ----------
    grey : (H, W) uint8; blocks are 128 px, 64 um at 0.5 um/px
    laplacian : (H, W) int16, its Laplacian of 4 neighbours, where the caller has it
    dark_field : judge by the limit for fluorescence

    Notes
    -----
    A picture is below 1 where half of its blocks are, or a quarter of their quarters. Pictures
    smaller than 64 px are continued by their mirror image; below 16 px nothing can be told.
    """
    if min(grey.shape) < CELL_PX:
        return Sharpness()
    if min(grey.shape) < QUARTER_PX:
        grey, laplacian = _enlarged(grey), None
    if laplacian is None:
        laplacian = np.asarray(cv2.Laplacian(grey, cv2.CV_16S), np.int16)
    cells = _cells(grey, laplacian)
    structured, score, sure, snr = _blocks(cells)
    limit = DARK_FIELD if dark_field else 1.0
    score, sure = score / limit, sure / limit
    if not structured.any():
        return Sharpness(snr=float(np.median(snr)))
    score, sure, snr = score[structured], sure[structured], snr[structured]
    quarters = _quarters(cells) / limit
    worst = _lowest(quarters, QUARTERS_BLURRED) if len(quarters) else np.inf
    focus, certain = min(_lowest(score, 0.5), worst), min(_lowest(sure, 0.5), worst)
    known = (score < 1) | (sure >= 1)
    return Sharpness(
        focus if focus < 1 or certain >= 1 else None,
        float((score[known] < 1).mean()) if known.any() else None,
        float(np.median(snr)),
    )


def _enlarged(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """At least 64 px a side."""
    down, across = (max(0, QUARTER_PX - side) for side in grey.shape)
    return np.pad(grey, ((0, down), (0, across)), "symmetric")


def _cells(grey: npt.NDArray[np.uint8], laplacian: npt.NDArray[np.int16]) -> _Cells:
    """Energies of the whole quarters of blocks; the finest octave from every 4th row."""
    height, width = (side // QUARTER_PX * QUARTER_PX for side in grey.shape)
    size = width // CELL_PX, height // CELL_PX
    finest = laplacian[:height:4, :width].astype(np.float32)
    octaves = np.empty((LEVELS, len(DIRECTIONS), *size[::-1]), np.float32)
    level = cv2.pyrDown(grey[:height, :width]).astype(np.float32)
    for number, octave in enumerate(octaves):
        if number:
            level = np.asarray(cv2.pyrDown(level), np.float32)
        _second_differences(level, octave)
    return _Cells(
        _means(finest * finest, size), octaves, _means(level, size), _means(level**2, size)
    )


def _means(values: Floats, size: tuple[int, int]) -> Floats:
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)


def _second_differences(picture: Floats, octave: Floats) -> None:
    """Fill (direction, rows, columns) with mean squared second differences of the cells."""
    height, width = picture.shape
    padded = np.asarray(cv2.copyMakeBorder(picture, 1, 1, 1, 1, cv2.BORDER_REFLECT_101))
    twice, found = picture * 2, np.empty_like(picture)
    for (down, across), cells in zip(DIRECTIONS, octave, strict=True):
        after = padded[1 + down : 1 + down + height, 1 + across : 1 + across + width]
        before = padded[1 - down : 1 - down + height, 1 - across : 1 - across + width]
        cv2.add(after, before, dst=found)
        cv2.subtract(found, twice, dst=found)
        cv2.multiply(found, found, dst=found)
        cv2.resize(found, cells.shape[::-1], dst=cells, interpolation=cv2.INTER_AREA)


def _blocks(cells: _Cells) -> tuple[npt.NDArray[np.bool_], Floats, Floats, Floats]:
    """(blocks,) each: whether something is there, score, its lower bound, signal to noise."""
    octaves, finest = _windows(cells.octaves), _windows(cells.finest)
    floor = _quiet(octaves)
    above = np.maximum(octaves.mean(-1) - floor, TINY)
    noise = np.minimum(floor[0], NOISE_OF_FINEST * _quiet(finest)) + ROUNDING
    fine = above[0] / above[1] / FINE_MIN
    middle = (above[1] / above[2]).min(0) / MIDDLE_MIN
    whole = octaves[0].sum(0).mean(-1)
    others = np.minimum(middle, finest.mean(-1) / np.maximum(whole, TINY) / FINEST_MIN)
    sure = (fine * (1 - CHANCE * noise / above[0])).min(0)
    variance = _windows(cells.square).mean(-1) - _windows(cells.mean).mean(-1) ** 2
    snr = (above[0] / noise).mean(0)
    return variance > EMPTY_VARIANCE, np.minimum(fine.min(0), others), np.minimum(sure, others), snr


def _quarters(cells: _Cells) -> Floats:
    """(quarters,) the worse of both ratios, over all directions, where something is there."""
    energies = cells.octaves.mean(1)
    floor = _quiet(energies.reshape(LEVELS, -1))
    above = np.maximum(_quarter_means(energies) - floor[:, None], TINY)
    score = np.minimum(above[0] / above[1], above[1] / above[2]) / QUARTER_MIN
    mean, square = _quarter_means(np.stack([cells.mean, cells.square]))
    return np.asarray(score[square - mean**2 > EMPTY_VARIANCE])


def _quarter_means(values: Floats) -> Floats:
    """(layers, rows, columns) of cells to (layers, quarters)."""
    layers, rows, columns = values.shape
    split = (layers, rows // QUARTER_CELLS, QUARTER_CELLS, columns // QUARTER_CELLS, QUARTER_CELLS)
    return np.asarray(values.reshape(split).mean((2, 4)).reshape(layers, -1))


def _windows(cells: Floats) -> Floats:
    """(..., blocks, cells of a block); the last blocks of odd sides overlap their neighbours."""
    size = min(BLOCK_CELLS, *cells.shape[-2:])
    sides = cells.shape[-2:]
    rows, columns = (np.minimum(np.arange(0, side, size), side - size) for side in sides)
    every = np.lib.stride_tricks.sliding_window_view(cells, (size, size), (-2, -1))
    return every[..., rows[:, None], columns, :, :].reshape(*cells.shape[:-2], -1, size * size)


def _quiet(energies: Floats) -> Floats:
    """Energy that the quietest tenth of the cells (last axis) does not exceed."""
    place = int(NOISE_QUANTILE * (energies.shape[-1] - 1))
    return np.asarray(np.partition(energies, place, -1)[..., place])


def _lowest(values: Floats, share: float) -> float:
    """The quantile, as one of the values: the lower one."""
    place = int(share * (len(values) - 1))
    return float(np.partition(values, place)[place])
