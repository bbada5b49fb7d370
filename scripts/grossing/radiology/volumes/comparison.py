"""What preparing changed in an image: similarity and statistics before and after."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from skimage import metrics

LARGEST_WINDOW = 7  # voxels, of SSIM

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float64]
Inside = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Statistics:
    """Of one image or of what is inside its ROI."""

    mean: float
    sd: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """Two images of one grid.

    `correlation` is NaN where one of them has a single value. `ssim` is the mean over all voxels,
    or over those of the ROI, of the map of structural similarity of the whole images.
    """

    before: Statistics
    after: Statistics
    correlation: float
    ssim: float


def compare_studies(before: Array, after: Array, roi: Inside | None = None) -> Comparison:
    """What preparing changed.

    Parameters
    ----------
    before, after : 2-D or 3-D, of one shape, at least 3 voxels along each axis
    roi : of the same shape; statistics, correlation and SSIM are those inside it

    Raises
    ------
    ValueError : shapes differ, an image is too small, or the ROI is empty.

    Notes
    -----
    The range that SSIM needs is that of both images together, so images on different scales (HU
    and 0..1) are dissimilar: bring both to one scale first, or read the correlation, which does not
    depend on it. SSIM is taken in the images and averaged over the ROI: the voxels of an ROI put in
    a row have no neighbours, and their "SSIM" means nothing.

    References
    ----------
    .. [1] Wang et al. 2004, doi:10.1109/TIP.2003.819861
    """
    if before.shape != after.shape:
        raise ValueError(f"images of {before.shape} and {after.shape}: bring both to one grid")
    if before.ndim not in (2, 3) or min(before.shape) < 3:
        raise ValueError(f"image of {before.shape}: two or three axes of at least 3 voxels")
    inside = np.ones(before.shape, np.bool_) if roi is None else roi
    if inside.shape != before.shape or not inside.any():
        raise ValueError(f"ROI of {inside.shape}, {int(inside.sum())} voxels in it")
    one, two = before.astype(np.float64), after.astype(np.float64)
    return Comparison(
        before=_statistics(one[inside]),
        after=_statistics(two[inside]),
        correlation=_correlation(one[inside], two[inside]),
        ssim=_ssim(one, two, inside),
    )


def _statistics(values: Floats) -> Statistics:
    return Statistics(
        mean=float(values.mean()),
        sd=float(values.std()),
        low=float(values.min()),
        high=float(values.max()),
    )


def _correlation(one: Floats, two: Floats) -> float:
    if one.min() == one.max() or two.min() == two.max():
        return float("nan")
    return float(np.corrcoef(one, two)[0, 1])


def _ssim(one: Floats, two: Floats, inside: Inside) -> float:
    data_range = float(max(one.max(), two.max()) - min(one.min(), two.min()))
    if data_range == 0:
        return 1.0
    window = min(LARGEST_WINDOW, (min(one.shape) - 1) // 2 * 2 + 1)
    _, each = metrics.structural_similarity(
        one, two, data_range=data_range, win_size=window, full=True
    )
    return float(each[inside].mean())
