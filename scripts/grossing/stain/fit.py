"""The stain colours of a slide as a few numbers, fitted by torchstain."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torchstain.numpy.normalizers import NumpyMacenkoNormalizer, NumpyReinhardNormalizer

from grossing.slide.record import MacenkoFit, ReinhardFit, StainFits
from grossing.stain.light import evened
from grossing.support.types import Pixels

DARK_LEVEL = 205  # brightest level with a density (natural log) of 0.15 below that light
MIN_PIXELS = 500
MOST_PIXELS = 300_000
LEAST_ANGLE_DEG = 5.0  # between the stains; closer ones cannot be separated
DECIMALS = 6

Fit = MacenkoFit | ReinhardFit
METHODS = ("macenko", "reinhard")


def fit(
    pixels: Pixels, glass: npt.ArrayLike | None = None, *, method: str = "macenko"
) -> Fit | None:
    """Stain colours of the pixels of a slide or tile, by torchstain's numpy backend.

    Parameters
    ----------
    pixels : (N, 3) or (H, W, 3) uint8 RGB, preferably of tissue without ink; of more than 300,000,
        evenly spread ones are taken
    glass : (3,) colour of the empty slide, which then becomes 240 in all channels before the fit
    method : "macenko" or "reinhard"

    Returns
    -------
    None where no fit is possible: fewer than 500 pixels (Macenko: with a density of at least 0.15
    in every channel), pixels of one colour, stains less than 5 degrees apart.

    Raises
    ------
    ValueError : another shape, type or method.

    Notes
    -----
    Macenko as torchstain has it: light 240, beta 0.15, alpha 1. On pixels without hematoxylin or
    without eosin, and on ink, it returns an arbitrary direction in colour space without an error.

    References
    ----------
    .. [1] Macenko et al. 2009, doi:10.1109/ISBI.2009.5193250
    .. [2] Reinhard et al. 2001, doi:10.1109/38.946629
    """
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or pixels.shape[-1] != 3:
        raise ValueError(f"{pixels.dtype} {pixels.shape}: give (N, 3) or (H, W, 3) uint8, RGB")
    if method not in METHODS:
        raise ValueError(f"method {method!r}: must be one of {', '.join(METHODS)}")
    flat = evened(pixels, glass).reshape(-1, 3)
    if len(flat) > MOST_PIXELS:
        flat = flat[np.linspace(0, len(flat) - 1, MOST_PIXELS).astype(np.intp)]
    return _macenko(flat) if method == "macenko" else _reinhard(flat)


def _macenko(pixels: Pixels) -> MacenkoFit | None:
    if np.count_nonzero(pixels.max(axis=1, initial=0) <= DARK_LEVEL) < MIN_PIXELS:
        return None
    normalizer = NumpyMacenkoNormalizer()
    try:
        normalizer.fit(pixels)
    except np.linalg.LinAlgError:
        return None
    h, e = normalizer.HERef.T
    fitted = MacenkoFit(rounded(h), rounded(e), rounded(normalizer.maxCRef))
    usable = np.isfinite(matrix(fitted)).all() and min(fitted.max_c) > 0
    return fitted if usable and angle(fitted.h, fitted.e) >= LEAST_ANGLE_DEG else None


def _reinhard(pixels: Pixels) -> ReinhardFit | None:
    if len(pixels) < MIN_PIXELS:
        return None
    normalizer = NumpyReinhardNormalizer()
    normalizer.fit(pixels)
    fitted = ReinhardFit(rounded(normalizer.target_means), rounded(normalizer.target_stds))
    return fitted if min(fitted.std) > 0 else None


def rounded(values: npt.ArrayLike) -> Any:
    """Numbers of a fit as they are stored, with 6 decimals."""
    return tuple(round(float(value), DECIMALS) for value in np.asarray(values))


def angle(one: Sequence[float], other: Sequence[float]) -> float:
    """Angle between two unit vectors, degrees."""
    return float(np.degrees(np.arccos(np.clip(np.dot(one, other), -1, 1))))


def of_method(fits: StainFits | None, method: str) -> Fit | None:
    """A slide's fit of one method; None where there is none."""
    if fits is None:
        return None
    return fits.macenko if method == "macenko" else fits.reinhard


def matrix(fit: MacenkoFit) -> npt.NDArray[np.float64]:
    """(3, 2) matrix of the stain vectors, as torchstain's `HERef`."""
    return np.array([fit.h, fit.e]).T
