"""What dyes the pale tissue: eosin colours all of it, in other stains a counterstain is there."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grossing.stain.fit import MIN_PIXELS
from grossing.stain.optical_density import density_table
from grossing.support.types import Pixels

DENSITY_MIN, DENSITY_MAX = 0.2, 0.5  # sums of R, G and B, log10: what is not nuclei
EOSIN_RED = 0.75  # of green's density; hematoxylin alone absorbs more red
LOW = 0.1  # quantile, by density
GREEN_MIN = 0.02
MOST_PIXELS = 100_000  # evenly spread


@dataclass(frozen=True)
class PaleTissue:
    """Share of the density of pale tissue in pixels that hematoxylin alone does not make, and the
    red density relative to green's below which a tenth of that density lies."""

    eosin: float
    red_ratio: float


def measure(means: Pixels, glass: npt.ArrayLike) -> PaleTissue | None:
    """The colour of tissue whose densities sum to 0.2 to 0.5.

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
    None where fewer than 500 pixels are pale.

    Notes
    -----
    Purple hematoxylin and a fast red in most of the tissue look like eosin. Mucin is pale and blue:
    where the dense tissue has eosin, it is one (`statistics`).
    """
    table = density_table(glass)
    some = means[:: len(means) // MOST_PIXELS + 1]
    red, green, blue = (table[band][some[:, band]] for band in range(3))
    total = red + green + blue
    pale = (total > DENSITY_MIN) & (total < DENSITY_MAX)
    if np.count_nonzero(pale) < MIN_PIXELS:
        return None
    ratio, weight = red[pale] / np.maximum(green[pale], GREEN_MIN), total[pale]
    order = np.argsort(ratio)
    below = np.cumsum(weight[order])
    share = float(weight[ratio < EOSIN_RED].sum() / below[-1])
    lowest = float(ratio[order][np.searchsorted(below, LOW * below[-1])])
    return PaleTissue(share, max(lowest, 0.0))
