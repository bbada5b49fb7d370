"""Small operations on masks that the rules of the label picture share."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from grossing.support.types import Mask, Pixels

STRETCH = 1 << 16  # pixels


def extremes(picture: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Highest and lowest channel of each pixel of an (H, W, 3) array, both (H, W)."""
    r, g, b = cv2.split(picture)
    highest, lowest = cv2.max(r, g), cv2.min(r, g)
    return np.asarray(cv2.max(highest, b, dst=highest)), np.asarray(cv2.min(lowest, b, dst=lowest))


def every(mask: Mask, step: int) -> npt.NDArray[np.intp]:
    """Places, row by row, of each `step`-th True, without a table of all of them."""
    flat, passed = mask.ravel(), 0
    found = [np.zeros(0, np.intp)]
    for start in range(0, flat.size, STRETCH):
        places = np.flatnonzero(flat[start : start + STRETCH])
        found.append(places[-passed % step :: step] + start)
        passed += len(places)
    return np.concatenate(found)


def grown(core: Mask, weak: Mask) -> Mask:
    """The pieces of `weak` that contain pixels of `core`, of which an opening removed specks."""
    seeds = opened(core, 3)
    if not seeds.any():
        return seeds
    count, pieces = cv2.connectedComponents(as_byte(weak | seeds))
    keep = np.zeros(count, np.bool_)
    keep[np.unique(pieces[seeds])] = True
    return as_bool(keep[pieces])


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
    return mask.astype(np.bool_)
