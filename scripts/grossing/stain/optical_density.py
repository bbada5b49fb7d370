"""Optical density, and the parts of it that are due to hematoxylin and eosin."""

import functools

import cv2
import numpy as np
import numpy.typing as npt

# Optical density of hematoxylin, eosin and DAB in R, G, B (Ruifrok and Johnston 2001)
RUIFROK_JOHNSTON = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]])
GREY_PER_OD = 100  # of the separated stains' pictures: 255 is a density of 2.55

Picture = npt.NDArray[np.uint8]


@functools.lru_cache(maxsize=4)
def _unmix() -> npt.NDArray[np.float64]:
    unit = RUIFROK_JOHNSTON / np.linalg.norm(RUIFROK_JOHNSTON, axis=1, keepdims=True)
    return np.linalg.inv(unit)


def hematoxylin_part() -> npt.NDArray[np.float64]:
    """(3,) by which optical densities in R, G, B are multiplied and summed to hematoxylin's."""
    return np.asarray(_unmix()[:, 0])


def density_table(glass: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """(3, 256) optical density log10(glass / value) of each grey level, per channel R, G, B."""
    light = np.maximum(np.asarray(glass, np.float64), 1)
    levels = np.maximum(np.arange(256, dtype=np.float64), 1)
    return np.asarray(np.log10(light[:, None] / levels[None, :]))


def hematoxylin(rgb: Picture, glass: npt.ArrayLike = (255, 255, 255)) -> npt.NDArray[np.float32]:
    """Density of hematoxylin alone, as in `separate`.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    glass : (3,) colour of the empty slide

    Returns
    -------
    (H, W) float32, log10; below 0 where the colour is outside H&E.
    """
    table = (density_table(glass).T * hematoxylin_part()).astype(np.float32)[None]
    ones = np.ones((1, 3), np.float32)
    return np.asarray(cv2.transform(cv2.LUT(rgb, table), ones), np.float32)


def mean_densities(rgb: Picture, table: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean optical density of a picture: over all channels, of hematoxylin, of eosin.

    The channel means are unmixed, which equals the mean of unmixed pixels (the unmixing is linear
    and nothing is clipped).

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    table : `density_table` of the slide's glass

    References
    ----------
    .. [1] Ruifrok and Johnston 2001, Anal Quant Cytol Histol 23:291
    """
    pixels = rgb.shape[0] * rgb.shape[1]
    counts = [cv2.calcHist([rgb], [c], None, [256], [0, 256]).ravel() for c in range(3)]
    means = np.array([float(counts[c] @ table[c]) / pixels for c in range(3)])
    hematoxylin, eosin, _ = means @ _unmix()
    return float(means.mean()), float(hematoxylin), float(eosin)


def separate(
    rgb: npt.ArrayLike, *, glass: npt.ArrayLike = (255, 255, 255)
) -> npt.NDArray[np.float32]:
    """Density of hematoxylin, eosin and the rest (DAB) in each pixel.

    Parameters
    ----------
    rgb : (H, W, 3) uint8, or float from 0 to 1
    glass : (3,) colour of the empty slide, 0..255

    Returns
    -------
    (H, W, 3) float32 optical densities, log10; below 0 where the colour is outside the three.

    Raises
    ------
    ValueError : another shape or type, or floats beyond 0..1.

    Notes
    -----
    The vectors are fixed, not those of the slide: comparable between slides, but a lab whose
    hematoxylin is bluer shows some of it as eosin.

    References
    ----------
    .. [1] Ruifrok and Johnston 2001, Anal Quant Cytol Histol 23:291
    """
    picture = np.asarray(rgb)
    if picture.ndim != 3 or picture.shape[2] != 3:
        raise ValueError(f"shape {picture.shape}: a picture is (H, W, 3), red first")
    unmix = _unmix().T.astype(np.float32)
    if picture.dtype == np.uint8:
        table = density_table(glass).T.astype(np.float32)[None]
        return np.asarray(cv2.transform(cv2.LUT(picture, table), unmix), np.float32)
    if not np.issubdtype(picture.dtype, np.floating):
        raise ValueError(f"{picture.dtype}: give uint8, or float from 0 to 1")
    low, high = float(picture.min(initial=0)), float(picture.max(initial=0))
    if not (low >= 0 and high <= 1):
        remedy = "floats go from 0 to 1: divide by 255, or give uint8"
        raise ValueError(f"values from {low:g} to {high:g}: {remedy}")
    light = np.maximum(np.asarray(glass, np.float32), 1)
    density = np.log10(light / np.maximum(picture.astype(np.float32) * 255, 1))
    return np.asarray(cv2.transform(density, unmix), np.float32)


def to_grey(density: npt.NDArray[np.float32]) -> Picture:
    """A density as uint8, `GREY_PER_OD` levels per OD; 0 below no stain, 255 from 2.55 on."""
    return np.asarray(cv2.convertScaleAbs(np.maximum(density, 0), alpha=GREY_PER_OD), np.uint8)
