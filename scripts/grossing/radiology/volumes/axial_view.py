"""Arrays turned so that they are stacked from the feet to the head, however they were scanned."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Any_ = npt.NDArray[Any]


def of(values: Any_, direction: Sequence[float]) -> Any_:
    """A view of an array with its axes along z, y and x of the patient, rising to the head, the
    back and the left.

    Parameters
    ----------
    values : (z, y, x) of the image
    direction : 3 x 3 row by row, the columns are the directions of x, y and z (`Volume.direction`)

    Notes
    -----
    Each axis goes to that axis of the patient which it is nearest to: an oblique volume stays as
    oblique as it was.
    """
    order, flips = _turn(direction)
    return values.transpose(order)[flips]


def back(values: Any_, direction: Sequence[float]) -> Any_:
    """What `of` turned, in the axes of its image."""
    order, flips = _turn(direction)
    return values[flips].transpose(np.argsort(order))


def _turn(direction: Sequence[float]) -> tuple[tuple[int, ...], tuple[slice, ...]]:
    """Axes of the array for z, y and x of the patient, and which of them run backwards."""
    cosines = np.asarray(direction, float).reshape(3, 3)
    images = max(
        itertools.permutations(range(3)),
        key=lambda axes: sum(abs(cosines[patient, image]) for patient, image in enumerate(axes)),
    )
    order = tuple(2 - images[patient] for patient in (2, 1, 0))
    steps = [-1 if cosines[patient, images[patient]] < 0 else None for patient in (2, 1, 0)]
    return order, tuple(slice(None, None, step) for step in steps)
