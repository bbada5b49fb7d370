"""Small operations on masks and colours that the rules of the label picture share."""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from grossing.support.types import Mask, Pixels

Labels = npt.NDArray[np.int32]

STRIP_PX = 128  # rows that are looked at together
STRETCH = 1 << 16  # pixels
COLOUR_STEP = 16  # grey levels


def extremes(picture: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Highest and lowest channel of each pixel of an (H, W, 3) array, both (H, W)."""
    highest, lowest = (np.empty(picture.shape[:2], picture.dtype) for _ in range(2))
    for rows in strips(len(picture)):
        r, g, b = cv2.split(picture[rows])
        highest[rows], lowest[rows] = cv2.max(cv2.max(r, g), b), cv2.min(cv2.min(r, g), b)
    return highest, lowest


def strips(height: int) -> Iterator[slice]:
    """Rows of a picture that are looked at together, so that no copy of all of it is made."""
    for top in range(0, height, STRIP_PX):
        yield slice(top, min(height, top + STRIP_PX))


def surrounded(height: int, reach: int, step: int = STRIP_PX) -> Iterator[tuple[slice, int, slice]]:
    """Strips of rows for an operation that looks `reach` rows up and down.

    Yields
    ------
    rows of a strip; how many rows the operation needs above it; all rows that it needs
    """
    for top in range(0, height, step):
        above = min(top, reach)
        rows = slice(top, min(height, top + step))
        yield rows, above, slice(top - above, min(height, rows.stop + reach))


def every(mask: Mask, step: int) -> npt.NDArray[np.intp]:
    """Places, row by row, of each `step`-th True, without a table of all of them."""
    flat, passed = mask.ravel(), 0
    found = [np.zeros(0, np.intp)]
    for start in range(0, flat.size, STRETCH):
        places = np.flatnonzero(flat[start : start + STRETCH])
        found.append(places[-passed % step :: step] + start)
        passed += len(places)
    return np.concatenate(found)


def grown(core: Mask, weak: Mask, least_px: int = 3) -> Mask:
    """The pieces of `weak` that contain pixels of `core`, of which what is narrower is left out.

    Adds these pixels to `weak`.
    """
    seeds = opened(core, least_px)
    del core
    if not seeds.any():
        return seeds
    weak |= seeds
    count, pieces = cv2.connectedComponents(as_byte(weak))
    keep = np.zeros(count, np.bool_)
    keep[pieces[seeds]] = True
    return as_bool(keep[pieces])


def components(mask: Mask, connectivity: int = 8) -> tuple[Labels, npt.NDArray[np.intp]]:
    """Labels of the pieces of a mask, (H, W), 0 outside, and the pixels of each label.

    OpenCV's own statistics take three times as long.
    """
    count, found = cv2.connectedComponents(as_byte(mask), connectivity=connectivity)
    labels, areas = np.asarray(found, np.int32), np.zeros(count, np.intp)
    for rows in strips(len(labels)):
        areas += np.bincount(labels[rows].ravel(), minlength=count)
    return labels, areas


def opened(mask: Mask, size: int) -> Mask:
    """The mask opened with a disc of this diameter, px."""
    return as_bool(cv2.morphologyEx(as_byte(mask), cv2.MORPH_OPEN, disc(size)))


def disc(size: int) -> Pixels:
    """Kernel of this diameter, px."""
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def odd(size: float) -> int:
    """The nearest odd number, 3 at least."""
    return max(3, 2 * round(size / 2) + 1)


def as_byte(mask: Mask) -> Pixels:
    """The same memory as 0 and 1."""
    return mask.view(np.uint8)


def as_bool(mask: npt.NDArray[np.generic]) -> Mask:
    """True where not 0."""
    return mask.astype(np.bool_, copy=False)


def commonest(colours: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """(N, 3) -> (3,): the mean of the commonest step of colour."""
    if not len(colours):
        return np.zeros(3, np.int16)
    steps = colours // COLOUR_STEP
    codes = (steps[:, 0] * 16 + steps[:, 1]) * 16 + steps[:, 2]
    same = codes == np.bincount(codes).argmax()
    return np.asarray(colours[same].mean(axis=0), np.int16)
