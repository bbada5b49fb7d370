"""The pixels of a block: those of its plane, merged with other planes towards its neighbours."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from grossing.support.types import Pixels

FEATHER_PX = 16  # width of the transition between blocks of different planes

#: (rows, columns) number of a plane per block, from 0
PlaneIndex = npt.NDArray[np.int32]
#: plane, x, y, w, h inside a block to (h, w, 3) uint8
ReadPart = Callable[[int, int, int, int, int], Pixels]


def blended(near: PlaneIndex, read: ReadPart, height: int, width: int) -> Pixels:
    """The pixels of one block; towards neighbours of another plane the two planes merge.

    Parameters
    ----------
    near : (3, 3) int, planes of the block and of its neighbours (its own where it has none)
    read : part of the block in a plane
    height, width : of the block, px

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
    """(3, length) shares of the block before, of the block itself, of the block after; sum 1."""
    middles = np.arange(length) + 0.5
    before = np.clip(0.5 - middles / FEATHER_PX, 0, None)
    after = before[::-1]
    return np.stack([before, 1 - before - after, after]).astype(np.float32)
