"""Noise of an MR image, from its tissue: a skull-stripped image has no air to take it from."""

import numpy as np
import numpy.typing as npt

FEWEST = 500
TISSUE = 0.2  # of the 99th percentile: what is brighter is no air
MASK_NORM = 6.0  # root of the sum of squares of the mask below

Array = npt.NDArray[np.int16] | npt.NDArray[np.float32]
Inside = npt.NDArray[np.bool_]


def tissue(values: Array) -> Inside:
    """(Z, Y, X) bool: what is brighter than a fifth of the 99th percentile."""
    return np.asarray(values > TISSUE * float(np.percentile(values, 99)))


def sd(values: Array, inside: Inside) -> float | None:
    """Standard deviation of the noise.

    Parameters
    ----------
    values : (Z, Y, X)
    inside : of the same shape, where to look

    Returns
    -------
    From the differences of Laplacians in the plane of the slices, by their median, which edges do
    not move much. None where too few voxels have all their neighbours inside.

    Notes
    -----
    Too small on images that were interpolated or smoothed, too large where every voxel is an edge.

    References
    ----------
    .. [1] Immerkaer 1996, Fast noise variance estimation, doi:10.1006/cviu.1996.0060
    """
    if min(values.shape[1:]) < 3:
        return None
    a = values.astype(np.float32)
    rows = a[:, :-2] - 2 * a[:, 1:-1] + a[:, 2:]
    both = rows[..., :-2] - 2 * rows[..., 1:-1] + rows[..., 2:]
    where = inside[:, 1:-1, 1:-1] & inside[:, :-2, :-2] & inside[:, 2:, 2:]
    where &= inside[:, :-2, 2:] & inside[:, 2:, :-2]
    found = both[where]
    if found.size < FEWEST:
        return None
    return float(1.4826 * np.median(np.abs(found)) / MASK_NORM)
