"""The stain colours of a slide as a few numbers, fitted by torchstain."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from torchstain.numpy.normalizers import NumpyMacenkoNormalizer, NumpyReinhardNormalizer

from grossing.slide.stain_record import MacenkoFit, ReinhardFit, StainEvidence, StainFits
from grossing.stain import evidence, residual
from grossing.stain.colours import DARK_LEVEL
from grossing.stain.light import evened
from grossing.support import channels
from grossing.support.types import Pixels

MIN_PIXELS = 500
MOST_PIXELS = 300_000
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
    glass : (3,) colour of the empty slide, which becomes 240 in all channels before the fit; None
        takes it to be 240
    method : "macenko" or "reinhard"

    Returns
    -------
    None where no fit is possible: fewer than 500 pixels (Macenko: with a density of at least 0.15
    in every channel), pixels of one colour, or pixels that do not show both stains
    (`evidence.doubt`), which neither method can normalise.

    Raises
    ------
    ValueError : another shape, type or method.

    Notes
    -----
    Macenko as torchstain has it: light 240, beta 0.15, alpha 1; corrected where normalisation would
    leave more than 2 degrees between the stains and the shipped reference (`residual`).

    References
    ----------
    .. [1] Macenko et al. 2009, doi:10.1109/ISBI.2009.5193250
    .. [2] Reinhard et al. 2001, doi:10.1109/38.946629
    """
    if method not in METHODS:
        raise ValueError(f"method {method!r}: must be one of {', '.join(METHODS)}")
    return of_method(fit_all(pixels, glass)[0], method)


def fit_all(
    pixels: Pixels, glass: npt.ArrayLike | None = None, means: Pixels | None = None
) -> tuple[StainFits, StainEvidence]:
    """The fits of both methods as in `fit`, and how much of both stains the pixels show.

    Parameters
    ----------
    means : (N, 3) uint8 RGB, each of a few neighbouring pixels: Macenko's vectors are first looked
        for in them, and in `pixels` where those do not show both stains. JPEG mostly keeps colour
        at half the resolution: a pixel has the colour of its neighbours with its own brightness,
        which is wrong in another way under each cast.
    """
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or pixels.shape[-1] != 3:
        raise ValueError(f"{pixels.dtype} {pixels.shape}: give (N, 3) or (H, W, 3) uint8, RGB")
    flat = _few(evened(pixels, glass).reshape(-1, 3))
    starts = [flat] if means is None else [_few(evened(means, glass)), flat]
    for start in starts:
        macenko, left = _macenko(start), None
        if macenko is not None:
            macenko, left = residual.settled(flat, start, macenko, _macenko)
        shown = evidence.of_pixels(flat, macenko, left)
        if evidence.doubt(shown) is None:
            return StainFits(macenko, _reinhard(flat)), shown
    return StainFits(), shown


def _few(pixels: Pixels) -> Pixels:
    """At most 300,000 of (N, 3) pixels, evenly spread."""
    if len(pixels) <= MOST_PIXELS:
        return pixels
    return np.asarray(pixels[np.linspace(0, len(pixels) - 1, MOST_PIXELS).astype(np.intp)])


def _macenko(pixels: Pixels) -> MacenkoFit | None:
    if np.count_nonzero(channels.extremes(pixels)[1] <= DARK_LEVEL) < MIN_PIXELS:
        return None
    normalizer = NumpyMacenkoNormalizer()
    try:
        normalizer.fit(pixels)
    except np.linalg.LinAlgError:
        return None
    h, e = normalizer.HERef.T
    fitted = MacenkoFit(rounded(h), rounded(e), rounded(normalizer.maxCRef))
    return fitted if np.isfinite(matrix(fitted)).all() and min(fitted.max_c) > 0 else None


def _reinhard(pixels: Pixels) -> ReinhardFit | None:
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
