"""Stain and glass statistics of H&E pixels."""

import functools
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

# Optical density of haematoxylin, eosin and DAB in R, G, B (Ruifrok and Johnston 2001)
RUIFROK_JOHNSTON = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11], [0.27, 0.57, 0.78]])
MIN_PIXELS = 500


@functools.lru_cache(maxsize=4)
def _unmix() -> npt.NDArray[np.float64]:
    unit = RUIFROK_JOHNSTON / np.linalg.norm(RUIFROK_JOHNSTON, axis=1, keepdims=True)
    return np.linalg.inv(unit)


def haematoxylin_part() -> npt.NDArray[np.float64]:
    """(3,) by which optical densities in R, G, B are multiplied and summed to haematoxylin's."""
    return np.asarray(_unmix()[:, 0])


def density_table(glass: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """(3, 256) optical density log10(glass / value) of each grey level, per channel R, G, B."""
    light = np.maximum(np.asarray(glass, np.float64), 1)
    levels = np.maximum(np.arange(256, dtype=np.float64), 1)
    return np.asarray(np.log10(light[:, None] / levels[None, :]))


def mean_densities(
    rgb: npt.NDArray[np.uint8], table: npt.NDArray[np.float64]
) -> tuple[float, float, float]:
    """Mean optical density of a picture: over all channels, of haematoxylin, of eosin.

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
    haematoxylin, eosin, _ = means @ _unmix()
    return float(means.mean()), float(haematoxylin), float(eosin)


def vectors(
    pixels: npt.NDArray[np.uint8], glass: npt.ArrayLike, *, beta: float = 0.15, alpha: float = 1.0
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
    """Unit H and E stain vectors (R, G, B) of pooled tissue pixels; None where they cannot be told.

    Parameters
    ----------
    pixels : (N, 3) uint8 RGB
    glass : (3,) colour of the empty slide
    beta : pixels with a natural-log density below this in any channel are glass
    alpha : percentile of the extreme angles

    References
    ----------
    .. [1] Macenko et al. 2009, doi:10.1109/ISBI.2009.5193250
    """
    table = density_table(glass) * np.log(10)
    density = np.stack([table[c][pixels[:, c]] for c in range(3)], axis=1)
    density = density[(density >= beta).all(axis=1)]
    if len(density) < MIN_PIXELS:
        return None
    _, basis = np.linalg.eigh(np.cov(density.T))
    plane = basis[:, [2, 1]]
    plane = plane * np.where(plane.sum(axis=0) < 0, -1, 1)
    projected = density @ plane
    angles = np.percentile(np.arctan2(projected[:, 1], projected[:, 0]), [alpha, 100 - alpha])
    first, second = (plane @ np.array([np.cos(a), np.sin(a)]) for a in angles)
    if first[0] < second[0]:
        first, second = second, first
    return first / np.linalg.norm(first), second / np.linalg.norm(second)


def statistics(pixels: npt.NDArray[np.uint8], glass: npt.ArrayLike) -> dict[str, Any]:
    """Stain columns of `cohort_qc`: vectors and mean densities of tissue pixels (N, 3) uint8."""
    names = [f"stain_{stain}_{band}" for stain in "he" for band in "rgb"]
    empty = dict.fromkeys([*names, "hematoxylin_od", "eosin_od"])
    if len(pixels) < MIN_PIXELS:
        return empty
    _, haematoxylin, eosin = mean_densities(pixels[None], density_table(glass))
    found = vectors(pixels, glass)
    values = [None] * 6 if found is None else [round(float(v), 4) for v in np.concatenate(found)]
    densities = [round(haematoxylin, 4), round(eosin, 4)]
    return dict(zip(empty, [*values, *densities], strict=True))


def is_he(stain: str | None) -> bool:
    """Whether a sheet's `stain` means haematoxylin and eosin (an empty cell does)."""
    letters = "".join(c for c in (stain or "").upper() if c.isalpha())
    return letters in {"", "HE", "HANDE", "HES", "HAEMATOXYLINEOSIN", "HEMATOXYLINEOSIN"}


def is_fluorescence(stain: str | None) -> bool:
    """Whether a sheet's `stain` means bright signal on a dark field."""
    return (stain or "").strip().lower() in {"fluorescence", "if", "dapi", "fish"}
