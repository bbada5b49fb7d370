"""Whether tissue has the colours of H&E: other dyes (brown, blue, green, black), and eosin."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grossing.stain.fit import MIN_PIXELS
from grossing.stain.optical_density import density_table
from grossing.support.types import Pixels

DENSITY_MIN = 0.5  # sum of R, G and B, log10: paler pixels have no reliable colour
GREEN_MAX = 1.2  # log10: what is nearly black there neither
# The sides of the cone of H&E, as shares of green's density, and the density that noise, JPEG and
# the colour of the glass may add to them
RED_ABSORBED, RED_ERROR = 1.2, 0.02  # in very blue hematoxylin
BLUE_ABSORBED, BLUE_ERROR = 0.95, 0.06  # in blood
BLUE_LESS = 0.3  # so much of what red is absorbed: in hematoxylin
EOSIN_RED = 0.8  # less red is absorbed only where there is eosin or blood


@dataclass(frozen=True)
class DyeShares:
    """Shares of the optical density: in pixels outside the colours of H&E, and with eosin."""

    foreign: float
    eosin: float


def shares(pixels: Pixels, glass: npt.ArrayLike) -> DyeShares | None:
    """How much of the optical density is in colours outside H&E, and in those of eosin.

    Densities of mixed dyes add up, so all mixtures of hematoxylin, eosin and blood lie in the cone
    of their colours: green is absorbed most, and the more red is absorbed (hematoxylin), the less
    blue (blood). DAB, black and yellow dyes absorb more blue; blue and green dyes (methyl, aniline
    and alcian blue, light green) more red. Without any eosin or blood all pixels absorb about as
    much red as hematoxylin does.

    Parameters
    ----------
    pixels : (N, 3) uint8 RGB of tissue without ink
    glass : (3,) colour of the empty slide

    Returns
    -------
    None where fewer than 500 pixels are dark enough to tell, and not too dark.

    Notes
    -----
    Misses dyes of the colours of H&E (PAS, Congo red, sirius red, fast red; AEC on nuclei), faint
    or rare ones, and that eosin is missing where hematoxylin is purple. Sees pigment and overlooked
    ink as dyes.

    References
    ----------
    .. [1] Ruifrok and Johnston 2001, Anal Quant Cytol Histol 23:291
    """
    table = density_table(glass)
    red, green, blue = (np.maximum(table[band][pixels[:, band]], 0) for band in range(3))
    total = red + green + blue
    coloured = (total > DENSITY_MIN) & (green < GREEN_MAX)
    if np.count_nonzero(coloured) < MIN_PIXELS:
        return None
    brown = blue > BLUE_ABSORBED * green - BLUE_LESS * red + BLUE_ERROR
    foreign = brown | (red > RED_ABSORBED * green + RED_ERROR)
    eosin = red < EOSIN_RED * green
    whole = total[coloured].sum()
    return DyeShares(*(float(total[coloured & seen].sum() / whole) for seen in (foreign, eosin)))
