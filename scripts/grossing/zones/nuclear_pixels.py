"""The threshold of hematoxylin density above which a pixel is nuclear."""

import numpy as np
import numpy.typing as npt

COARSEST_MPP = 2.0  # a nucleus of 7 um is then 3.5 px wide
STEPS_PER_OD = 100

Counts = npt.NDArray[np.int64]


def histogram(densities: npt.NDArray[np.float32]) -> Counts:
    """(256,) counts of densities (log10) in steps of 0.01, 0..2.55."""
    steps = np.clip(np.rint(densities * STEPS_PER_OD), 0, 255).astype(np.uint8)
    return np.bincount(steps.ravel(), minlength=256)


def threshold(counts: Counts, least: float) -> float:
    """Otsu's threshold of a histogram (the middle of a gap where there is one), at least `least`.

    Parameters
    ----------
    counts : `histogram`, or a sum of some
    least : density, log10

    References
    ----------
    .. [1] Otsu 1979, doi:10.1109/TSMC.1979.4310076
    """
    levels = np.arange(len(counts))
    below = np.cumsum(counts, dtype=np.float64)
    sums = np.cumsum(counts * levels, dtype=np.float64)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = sums / below - (sums[-1] - sums) / above
    between = np.nan_to_num(below * above * apart**2)
    best = np.flatnonzero(between >= between.max() * (1 - 1e-9))
    return max(least, round(float(best.mean() + 0.5) / STEPS_PER_OD, 4))
