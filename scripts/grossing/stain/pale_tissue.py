"""What dyes the pale tissue: eosin colours all of it, in other stains a counterstain is there."""

import numpy as np
import numpy.typing as npt

from grossing.stain.fit import MIN_PIXELS
from grossing.stain.optical_density import density_table
from grossing.support.types import Pixels

DENSITY_MIN, DENSITY_MAX = 0.12, 0.5  # sums of R, G and B, log10: neither glass nor nuclei
EOSIN_RED = 0.75  # of green's density; hematoxylin alone absorbs more red
MOST_PIXELS = 100_000  # evenly spread


def eosin_share(means: Pixels, glass: npt.ArrayLike) -> float | None:
    """How much of the paler half of the tissue (by density, where the densities sum to 0.12 to 0.5)
    absorbs less red than hematoxylin alone does.

    Eosin stains cytoplasm and fibres alike, so that pale tissue is pink everywhere. Beside a
    chromogen or Congo red it has the blue of a counterstain.

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
    Purple hematoxylin, and fast red in most of the tissue, look like eosin. Mucin is pale and blue;
    of a slide whose dense tissue has eosin it does not count (`statistics` takes the larger share).
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
    eosin = paler & (red < EOSIN_RED * green)
    return float(total[eosin].sum() / total[paler].sum())
