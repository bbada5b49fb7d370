"""Contrast of an X-ray by adaptive histogram equalisation, with parameters from the picture."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from skimage import exposure, filters

FULL = 255.0  # grey levels in which the limits below are given
LOW_RANGE, DARK, BRIGHT = 50 / FULL, 80 / FULL, 180 / FULL
MOST_BINS = 1 << 14  # to which scikit-image rounds
PIXELS_PER_BIN = 4  # of a tile: a histogram of fewer has nothing to limit

Unit = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Parameters:
    """`clip` is how many times the mean height of the histogram a bin may reach, `tiles` the number
    of tiles along each axis; `kind` says why: low_contrast, dark, bright or normal."""

    kind: str
    clip: float
    tiles: int


@dataclass(frozen=True)
class Figures:
    """Of a picture in 0..1: entropy of 256 grey levels (bits), standard deviation, mean Sobel
    gradient per pixel. All three rise with noise as well: they describe, they do not judge."""

    entropy_bits: float
    contrast: float
    edge: float


def parameters(values: npt.NDArray[np.generic], full: float) -> Parameters:
    """How strongly to equalise a picture.

    Parameters
    ----------
    values : (H, W) with air black, before any stretching
    full : the largest value that can be stored

    Returns
    -------
    By dynamic range (0.5th to 99.5th percentile), then mean, as shares of the full range: below
    50/255 low_contrast (clip 3, 16 tiles); mean below 80/255 dark (2.5, 12), above 180/255 bright
    (2, 8); else normal (2, 8).
    """
    shares = np.asarray(values, np.float32) / full
    low, high = np.percentile(shares, (0.5, 99.5))
    mean = float(np.mean(shares, dtype=np.float64))
    if high - low < LOW_RANGE:
        return Parameters("low_contrast", 3.0, 16)
    if mean < DARK:
        return Parameters("dark", 2.5, 12)
    return Parameters("bright" if mean > BRIGHT else "normal", 2.0, 8)


def equalise(picture: Unit, chosen: Parameters, bits: int) -> Unit:
    """A picture with local contrast, CLAHE.

    Parameters
    ----------
    picture : (H, W) in 0..1
    chosen : by `parameters`
    bits : of the stored values; so many grey levels are told apart, up to 14 bit

    Returns
    -------
    (H, W) in 0..1. Never by way of 8 bit: the histogram of a tile has a bin per stored grey level,
    as far as the tile has pixels for it.

    Notes
    -----
    Amplifies noise in flat parts, most with many tiles. Grey values of different places are no
    longer comparable: what is measured in units of attenuation is measured before.

    References
    ----------
    .. [1] Zuiderveld 1994, Contrast limited adaptive histogram equalization, Graphics Gems IV
    """
    sides = [max(1, -(-side // chosen.tiles)) for side in picture.shape]
    tile_pixels = sides[0] * sides[1]
    bins = min(1 << bits, MOST_BINS, max(256, tile_pixels // PIXELS_PER_BIN))
    made = exposure.equalize_adapthist(
        picture, kernel_size=sides, clip_limit=chosen.clip / bins, nbins=bins
    )
    return np.asarray(made, np.float32)


def figures(picture: Unit) -> Figures:
    """What a picture's contrast is, (H, W) in 0..1."""
    counts, _ = np.histogram(picture, 256, (0, 1))
    shares = counts[counts > 0] / picture.size
    return Figures(
        entropy_bits=round(float(-(shares * np.log2(shares)).sum()), 4),
        contrast=round(float(picture.std(dtype=np.float64)), 5),
        edge=round(float(filters.sobel(picture).mean(dtype=np.float64)), 6),
    )
