"""Whether tissue that should be H&E holds another dye: brown, orange, blue, green or black."""

import numpy as np
import numpy.typing as npt

from grossing.stain.fit import MIN_PIXELS
from grossing.stain.optical_density import density_table
from grossing.support.types import Pixels

DENSITY_MIN = 0.5  # sum of R, G and B, log10: paler pixels have no reliable colour
BLUE_ABSORBED = 1.0  # of green's density; in hematoxylin, eosin and blood less is absorbed
RED_ABSORBED = 1.2  # of green's density; in hematoxylin at most about as much is absorbed


def fraction(pixels: Pixels, glass: npt.ArrayLike) -> float | None:
    """Share of the optical density that lies in pixels of a colour outside H&E.

    Hematoxylin, eosin and blood absorb green most. DAB and black dyes absorb blue as much; blue
    and green dyes (aniline blue, alcian blue, Prussian blue, light green) absorb red more.

    Parameters
    ----------
    pixels : (N, 3) uint8 RGB of tissue without ink
    glass : (3,) colour of the empty slide

    Returns
    -------
    None where fewer than 500 pixels are dark enough to tell.

    Notes
    -----
    Misses dyes of the colours of H&E (PAS, Congo red, fast red, AEC), faint ones, and a
    counterstain alone. Sees pigment and overlooked ink as dyes.

    References
    ----------
    .. [1] Ruifrok and Johnston 2001, Anal Quant Cytol Histol 23:291
    """
    table = density_table(glass)
    red, green, blue = (np.maximum(table[band][pixels[:, band]], 0) for band in range(3))
    total = red + green + blue
    dark = total > DENSITY_MIN
    if np.count_nonzero(dark) < MIN_PIXELS:
        return None
    foreign = (blue > BLUE_ABSORBED * green) | (red > RED_ABSORBED * green)
    return float(total[dark & foreign].sum() / total[dark].sum())
