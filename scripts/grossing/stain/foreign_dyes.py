"""Whether tissue has the colours of H&E: other dyes (brown, blue, green, black), and eosin."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grossing.stain.fit import MIN_PIXELS
from grossing.stain.optical_density import density_table
from grossing.support.types import Mask, Pixels

DENSITY_MIN = 0.5  # sum of R, G and B, log10: paler pixels have no reliable colour
GREEN_MAX = 1.2  # log10: what is nearly black there neither
# The sides of the cone of H&E, as shares of green's density, and the density that noise, JPEG and
# the colour of the glass may add to them
RED_ABSORBED, RED_ERROR = 1.2, 0.02  # in very blue hematoxylin
BLUE_ABSORBED, BLUE_ERROR = 0.95, 0.06  # in blood
BLUE_LESS = 0.3  # so much of what red is absorbed: in hematoxylin
EOSIN_RED = 0.8  # less red is absorbed only where there is eosin, or another red or brown dye
EOSIN_BLUE = 0.7  # less blue in eosin, more in blood, DAB, AEC and ponceau
PALE_MIN, PALE_ERROR = 0.25, 0.03  # what is paler counts as eosin where noise cannot make it so
# A trichrome: the less red its pixels absorb, the more blue; blue collagen at the other end
LINE_CORRELATION, BLUE_DYE_SHARE = -0.7, 0.05
PURE_RED, PURE_BLUE = 1.0, 0.6  # the sides of a cone without pure blue and red dyes
LINE_PX = 20_000  # pixels that a correlation is computed of, evenly spread
RATIO_GREEN, RATIO_MAX = 0.03, 1.6  # so that noise in pale channels weighs little

Density = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DyeShares:
    """Shares of the optical density: in colours outside H&E, and in those of eosin."""

    foreign: float
    eosin: float


def shares(pixels: Pixels, glass: npt.ArrayLike) -> DyeShares | None:
    """How much of the optical density is in colours outside H&E, and in those of eosin.

    Densities of mixed dyes add up, so all mixtures of hematoxylin, eosin and blood lie in the cone
    of their colours: green is absorbed most, and the more red is absorbed (hematoxylin), the less
    blue (blood). DAB, black and yellow dyes absorb more blue; blue and green dyes (methyl, aniline
    and alcian blue, light green) more red. Without any eosin or blood all pixels absorb about as
    much red as hematoxylin does; a red or brown dye in eosin's place absorbs more blue.

    In H&E the share of blue hardly depends on that of red. Where the two fall on one line, from red
    that absorbs blue to a dye that absorbs more red than green, the dyes are those of a trichrome,
    and its pure red and blue are foreign too. In mixtures they look like hematoxylin.

    Parameters
    ----------
    pixels : (N, 3) uint8 RGB of tissue without ink
    glass : (3,) colour of the empty slide

    Returns
    -------
    None where fewer than 500 pixels are dark enough to tell, and not too dark.

    Notes
    -----
    Misses dyes of the colours of H&E (PAS, Congo red, sirius red, fast red), many azans and pale or
    rare dyes, and that eosin is missing where hematoxylin is purple. Sees pigment and overlooked
    ink as dyes, and blood on very blue hematoxylin.

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
    weight = np.where(coloured, total, 0)
    weight /= weight.sum()
    foreign = (blue > BLUE_ABSORBED * green - BLUE_LESS * red + BLUE_ERROR) | (
        red > RED_ABSORBED * green + RED_ERROR
    )
    pure_blue = red > PURE_RED * green + RED_ERROR
    if weight[pure_blue].sum() > BLUE_DYE_SHARE and _on_one_line(red, green, blue, weight):
        foreign |= pure_blue | (blue > PURE_BLUE * green)
    return DyeShares(float(weight[foreign].sum()), _eosin(red, green, blue, total, coloured))


def _eosin(red: Density, green: Density, blue: Density, total: Density, coloured: Mask) -> float:
    """Share of the density in colours of eosin, of the coloured pixels and of paler eosin.

    In pale slides only nuclei are dark enough to be coloured, and the eosin is all beside them.
    """
    less = np.minimum(EOSIN_RED * green - red, EOSIN_BLUE * green - blue)
    eosin = coloured & (less > 0)
    eosin |= (less > PALE_ERROR) & (total > PALE_MIN) & (green < GREEN_MAX)
    return float(total[eosin].sum() / total[coloured | eosin].sum())


def _on_one_line(red: Density, green: Density, blue: Density, weight: Density) -> bool:
    """Whether the shares of red and blue, relative to green, are strongly anticorrelated."""
    step = len(weight) // LINE_PX + 1
    weight = weight[::step] / max(float(weight[::step].sum()), 1e-9)
    base = np.maximum(green[::step], RATIO_GREEN)
    x, y = (np.minimum(density[::step] / base, RATIO_MAX) for density in (red, blue))
    x, y = x - weight @ x, y - weight @ y
    return bool(weight @ (x * y) < LINE_CORRELATION * np.sqrt((weight @ x**2) * (weight @ y**2)))
