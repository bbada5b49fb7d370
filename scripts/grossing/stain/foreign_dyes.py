"""Whether tissue has the colours of H&E: other dyes (brown, blue, green, black), and eosin."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from grossing.stain.fit import MIN_PIXELS
from grossing.stain.optical_density import density_table
from grossing.support import channels
from grossing.support.types import Mask, Pixels

DENSITY_MIN = 0.5  # sum of R, G and B, log10: paler pixels have no reliable colour
GREEN_MAX = 1.2  # log10: what is nearly black there neither
# The sides of the cone of H&E, as shares of green's density, and the density that noise, JPEG and
# the colour of the glass may add to them
RED_ABSORBED, RED_ERROR = 1.2, 0.02  # in very blue hematoxylin
BLUE_ABSORBED, BLUE_ERROR = 0.95, 0.06  # in blood
BLUE_LESS = 0.3  # so much of what red is absorbed: in hematoxylin
BLOOD_RED, BLOOD_BLUE = 0.3, 1.1  # red cells absorb hardly any red; brown dyes absorb more of it
EOSIN_RED = 0.8  # less red is absorbed only where there is eosin, or another red or brown dye
EOSIN_BLUE = 0.7  # less blue in eosin, more in blood, DAB, AEC and ponceau
PALE_MIN, PALE_ERROR = 0.25, 0.03  # what is paler counts as eosin where noise cannot make it so
# A trichrome: the less red its pixels absorb, the more blue; blue collagen at the other end
LINE_CORRELATION, BLUE_DYE_SHARE = -0.7, 0.05
PURE_RED, PURE_BLUE = 1.0, 0.6  # the sides of a cone without pure blue and red dyes
# Red nuclei: more of a blue or green dye than of what absorbs as much red as hematoxylin does
OTHER_BLUE_SHARE, HEMATOXYLIN_RED = 0.04, 0.55
FEWER_PX = 20_000  # pixels that a correlation or quantile is computed of, evenly spread
RATIO_GREEN, RATIO_MAX = 0.03, 1.6  # so that noise in pale channels weighs little
# What the purest dyes of a slide absorb: quantiles, by density, of pixels that noise moves less
LOW, HIGH, PURE_DENSITY_MIN = 0.05, 0.9, 0.7
STRETCH_PX = 1 << 16  # pixels at a time: tables of floats of all of them take 80 MB

Density = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DyeShares:
    """Shares of the optical density in colours outside H&E and, beyond as much, in those of eosin;
    how much blue the dye that absorbs least of it absorbs (eosin), and how much red the one that
    absorbs most of it (hematoxylin), both relative to green (None where little tissue is dark
    enough)."""

    foreign: float
    eosin: float
    blue_ratio_low: float | None
    red_ratio_high: float | None


def shares(pixels: Pixels, glass: npt.ArrayLike) -> DyeShares | None:
    """How much of the optical density is in colours outside H&E and in those of eosin, and the
    colours of the purest dyes, which are compared with those of other slides.

    Densities of mixed dyes add up, so all mixtures of hematoxylin, eosin and blood lie in the cone
    of their colours: green is absorbed most, and the more red is absorbed (hematoxylin), the less
    blue (blood, which alone may absorb as much blue as green). DAB, black and yellow dyes absorb
    more blue; blue and green dyes (methyl, aniline and alcian blue, light green) more red. Without
    any eosin or blood all pixels absorb about as much red as hematoxylin does; a red or brown dye
    in eosin's place absorbs more blue. But on the line from hematoxylin to such a dye some mixtures
    look like eosin: what has eosin's colours is eosin as far as it is more than what is foreign.

    In H&E the share of blue hardly depends on that of red. Where the two fall on one line, from red
    that absorbs blue to a dye that absorbs more red than green, the dyes are those of a trichrome,
    and its pure red and blue are foreign too. In mixtures they look like hematoxylin. Where there
    is less of hematoxylin than of a blue or green dye, nuclei are red (nuclear fast red,
    azocarmine), and all that is not of hematoxylin's colour is foreign.

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
    ink as dyes, and blood on very blue hematoxylin. The colours of the purest dyes depend on the
    laboratory and the scanner: they are comparable within a site.

    References
    ----------
    .. [1] Ruifrok and Johnston 2001, Anal Quant Cytol Histol 23:291
    """
    table = np.ascontiguousarray(np.maximum(density_table(glass), 0).T)
    coloured, sums, with_eosin = 0, np.zeros(6), np.zeros(2)
    dark: list[Pixels] = []
    for start in range(0, len(pixels), STRETCH_PX):
        stretch = pixels[start : start + STRETCH_PX]
        densities = _densities(stretch, table)
        weight = _weight(*densities)
        dark.append(channels.picked(stretch[None], weight[None] > PURE_DENSITY_MIN))
        coloured += int(np.count_nonzero(weight))
        eosin = _eosin(*densities, weight > 0)
        total = densities[0] + densities[1] + densities[2]
        sums += [weight[part].sum() for part in (..., *_parts(*densities))]
        with_eosin += [total[eosin].sum(), total[eosin | (weight > 0)].sum()]
    if coloured < MIN_PIXELS:
        return None
    _, foreign, pure_blue, not_of_he, blue, hematoxylin = (float(part) for part in sums / sums[0])
    eosin_share = max(0.0, float(with_eosin[0] / with_eosin[1]) - foreign)
    if pure_blue > BLUE_DYE_SHARE and _on_one_line(pixels, table):
        foreign = not_of_he
    if blue > max(OTHER_BLUE_SHARE, hematoxylin):
        foreign = 1 - hematoxylin
    low, high = _purest(np.concatenate(dark), table)
    return DyeShares(foreign, eosin_share, low, high)


def brown_share(
    pixels: Pixels, glass: npt.ArrayLike, hematoxylin: Sequence[float], other: Sequence[float]
) -> float:
    """Share of the density that is due to the other of two fitted dyes, 0 where that is not brown.

    A brown dye absorbs more blue than green, which eosin does not, and more red than blood. So it
    is told where its mixtures with hematoxylin have the colours of H&E: then no pixel is of a
    foreign colour, but the line through their colours does not lead to eosin.

    Parameters
    ----------
    pixels : (N, 3) uint8 RGB
    glass : (3,) colour of the empty slide
    hematoxylin, other : densities of red, green and blue, of length 1
    """
    red, green, blue = other
    if blue <= green or red <= BLOOD_RED * green:
        return 0.0
    table = density_table(glass)
    mean = [float(table[band][pixels[:, band]].mean()) for band in range(3)]
    vectors = np.array([hematoxylin, other])
    amounts = np.maximum(np.array(mean) @ np.linalg.pinv(vectors), 0) * vectors.sum(axis=1)
    return float(amounts[1] / max(amounts.sum(), 1e-9))


def _densities(pixels: Pixels, table: Density) -> tuple[Density, Density, Density]:
    """Of (N, 3) pixels, by a table of (256, 3)."""
    bands = cv2.split(cv2.LUT(pixels[:, None], table[None]))
    red, green, blue = (np.asarray(band, np.float64).ravel() for band in bands)
    return red, green, blue


def _weight(red: Density, green: Density, blue: Density) -> Density:
    """The density of each pixel; 0 where it is too pale or too dark to tell its colour."""
    total = red + green + blue
    return np.where((total > DENSITY_MIN) & (green < GREEN_MAX), total, 0)


def _parts(red: Density, green: Density, blue: Density) -> tuple[Mask, Mask, Mask, Mask, Mask]:
    """What is outside H&E, in pure blue dyes, outside H&E or pure, in blue or green dyes outside
    H&E, and as blue as hematoxylin."""
    blue_dye = red > RED_ABSORBED * green + RED_ERROR
    foreign = _absorbs_more_blue(red, green, blue) | blue_dye
    pure_blue = red > PURE_RED * green + RED_ERROR
    pure = pure_blue | (blue > PURE_BLUE * green)
    hematoxylin = (red > HEMATOXYLIN_RED * green) & ~blue_dye
    return foreign, pure_blue, foreign | pure, blue_dye, hematoxylin


def _eosin(red: Density, green: Density, blue: Density, coloured: Mask) -> Mask:
    """What has the colours of eosin, of the coloured pixels and of paler ones.

    In pale slides only nuclei are dark enough to be coloured, and the eosin is all beside them.
    """
    less = np.minimum(EOSIN_RED * green - red, EOSIN_BLUE * green - blue)
    pale = (less > PALE_ERROR) & (red + green + blue > PALE_MIN) & (green < GREEN_MAX)
    return np.asarray((coloured & (less > 0)) | pale)


def _absorbs_more_blue(red: Density, green: Density, blue: Density) -> Mask:
    """Whether blue is beyond the side of the cone that goes from blood to hematoxylin."""
    most = BLUE_ABSORBED * green - BLUE_LESS * red
    most = np.where(red < BLOOD_RED * green, np.maximum(most, BLOOD_BLUE * green), most)
    return np.asarray(blue > most + BLUE_ERROR)


def _purest(dark: Pixels, table: Density) -> tuple[float | None, float | None]:
    """Blue relative to green below which `LOW` of the density lies, red below which `HIGH` does."""
    if len(dark) < MIN_PIXELS:
        return None, None
    red, green, blue = _densities(dark[:: len(dark) // FEWER_PX + 1], table)
    weight = red + green + blue
    return _ratio(blue, green, weight, LOW), _ratio(red, green, weight, HIGH)


def _ratio(density: Density, green: Density, weight: Density, share: float) -> float:
    """The density relative to green's below which so much of the weight lies."""
    ratio = density / np.maximum(green, RATIO_GREEN)
    order = np.argsort(ratio)
    below = np.cumsum(weight[order])
    return float(ratio[order][np.searchsorted(below, share * below[-1])])


def _on_one_line(pixels: Pixels, table: Density) -> bool:
    """Whether the shares of red and blue, relative to green, are strongly anticorrelated."""
    some = pixels[:: len(pixels) // FEWER_PX + 1]
    red, green, blue = _densities(some, table)
    weight = _weight(red, green, blue)
    weight /= max(float(weight.sum()), 1e-9)
    base = np.maximum(green, RATIO_GREEN)
    x, y = (np.minimum(density / base, RATIO_MAX) for density in (red, blue))
    x, y = x - weight @ x, y - weight @ y
    return bool(weight @ (x * y) < LINE_CORRELATION * np.sqrt((weight @ x**2) * (weight @ y**2)))
