"""Whether slices lie beside those that they resemble, whatever the header says of their places."""

import cv2
import numpy as np
import numpy.typing as npt

from grossing.radiology.volumes.volume import Array

SIDE_PX = 32  # noise averages out, and the body remains
FEWEST_SLICES = 5
NEIGHBOURS = 2  # so far away slices may be as alike as those beside each other
ALIKE = 0.8  # share of the distance to the more similar of the two slices beside it
DIFFERENT = 0.05  # of the median distance: what differs less, differs by noise
BACK = 3  # slices, as far as noise may move a match
CLIPPED = (1, 99)  # percentiles, so that metal does not decide


def displaced(values: Array) -> int:
    """How many slices resemble one further away much more than both slices beside them.

    In a patient what lies between two slices resembles both more than they each other. Files named
    1, 10, 11, 2 and put in the order of their names, interleaved or shuffled slices break that at
    every seam.

    Parameters
    ----------
    values : (z, y, x), all of them numbers

    Notes
    -----
    Misses two halves that changed places, few slices, and what is the same all along. What is its
    own mirror image, as a head from left to right, has such slices in the right order: matches that
    run backwards are not counted.
    """
    count = len(values)
    if count < FEWEST_SLICES or min(values.shape) < 2:
        return 0
    sample = values[:, :: max(1, values.shape[1] // 64), :: max(1, values.shape[2] // 64)]
    low, high = (float(value) for value in np.percentile(sample, CLIPPED))
    small = np.stack([_small(plane, low, high) for plane in values]).reshape(count, -1)
    squares = (small * small).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * small @ small.T, 0))
    apart = np.abs(np.subtract.outer(np.arange(count), np.arange(count)))
    beside = np.where(apart == 1, distances, np.inf).min(axis=1)
    elsewhere = np.where(apart > NEIGHBOURS, distances, np.inf)
    alike = elsewhere.min(axis=1) < ALIKE * beside
    alike &= beside > DIFFERENT * np.median(distances)
    return int(np.count_nonzero(alike & ~_mirrored(elsewhere.argmin(axis=1))))


def _mirrored(matches: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Where the match of a neighbour lies a step back from a slice's own, as left beside right."""
    steps = np.diff(matches)
    back = (steps >= -BACK) & (steps < 0)
    return np.asarray(np.append(back, False) | np.append(False, back))


def _small(plane: Array, low: float, high: float) -> npt.NDArray[np.float64]:
    clipped = np.clip(plane, low, high).astype(np.float32) - np.float32(low)
    small = cv2.resize(clipped, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small / max(high - low, 1e-6), np.float64)
