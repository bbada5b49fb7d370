"""What dyes the pale tissue: eosin colours all of it, in other stains a counterstain is there."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grossing.stain.fit import MIN_PIXELS
from grossing.stain.optical_density import density_table
from grossing.support.types import Pixels

DENSITY_MIN, DENSITY_MAX = 0.12, 0.5  # sums of R, G and B, log10: neither glass nor nuclei
EOSIN_RED = 0.75  # of green's density; hematoxylin alone absorbs more red
LOW = 0.1  # quantile, by density
GREEN_MIN = 0.02
MOST_PIXELS = 100_000  # evenly spread

Density = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PaleTissue:
    """Share of the density of the paler half of the tissue in pixels that hematoxylin alone does
    not make, and the red density relative to green's below which a tenth of the density of pale
    tissue lies."""

    eosin: float
    red_ratio: float


def measure(means: Pixels, glass: npt.ArrayLike) -> PaleTissue | None:
    """The colour of tissue whose densities sum to 0.12 to 0.5.

    Eosin stains cytoplasm and fibres alike, so that pale tissue is pink everywhere. Beside a
    chromogen or Congo red it has the blue of a counterstain; in Giemsa a purple that absorbs more
    red than the eosin of the same laboratory.

    Parameters
    ----------
    means : (N, 3) uint8 RGB of tissue without ink, each of a few neighbouring pixels: noise of one
        pixel makes a pale colour of its own
    glass : (3,) colour of the empty slide

    Returns
    -------
    None where fewer than 500 pixels of the paler half are pale.

    Notes
    -----
    Purple hematoxylin and a fast red in most of the tissue look like eosin. Mucin is pale and blue:
    where the dense tissue has eosin, it is one (`statistics`).
    """
    table = density_table(glass)
    some = means[:: len(means) // MOST_PIXELS + 1]
    red, green, blue = (table[band][some[:, band]] for band in range(3))
    total = red + green + blue
    tissue = total > DENSITY_MIN
    pale = tissue & (total < DENSITY_MAX)
    paler = pale & (total <= np.median(total[tissue])) if tissue.any() else pale
    if np.count_nonzero(paler) < MIN_PIXELS:
        return None
    ratio = red / np.maximum(green, GREEN_MIN)
    share = total[paler & (ratio < EOSIN_RED)].sum() / total[paler].sum()
    return PaleTissue(float(share), max(0.0, _low_quantile(ratio[pale], total[pale])))


def _low_quantile(values: Density, weight: Density) -> float:
    order = np.argsort(values)
    below = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(below, LOW * below[-1])])
