"""Stains of H&E slides: their statistics, their fit, and tiles brought to the colours of another.

The public names of `density` and `stainfit` are here too.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from grossing.stain import fit as stain_fit
from grossing.stain import recolouring
from grossing.stain.fit import fit as fit
from grossing.stain.optical_density import RUIFROK_JOHNSTON as RUIFROK_JOHNSTON
from grossing.stain.optical_density import density_table as density_table
from grossing.stain.optical_density import mean_densities as mean_densities
from grossing.stain.optical_density import separate as separate


def apply(
    fit: stain_fit.Fit | None,
    rgb: npt.NDArray[np.uint8],
    reference: stain_fit.Fit | str | None = "shipped",
) -> tuple[npt.NDArray[np.uint8], str | None]:
    """A tile in the colours of a reference, or as it is where that would ruin it.

    Parameters
    ----------
    fit : of the tile's slide; None where it has none
    rgb : (H, W, 3) uint8
    reference : a fit of the same method; "shipped" or None for the one that comes with Grossing

    Returns
    -------
    (H, W, 3) uint8; the very tile that was given where it is passed through
    None, or why it was: "foreign_colour" (most dark pixels are not the colour of a stain),
    "too_little_tissue" (fewer than 500 stained pixels), "fit_failed" (no fit), "stain_angle" (a
    stain vector of the fit is more than 30 degrees from the reference's), "luminance" (light and
    dark of the stained pixels would correlate below 0.8 with what they were)

    Raises
    ------
    ValueError : not (H, W, 3) uint8; fit and reference of different methods.

    Notes
    -----
    Macenko equals torchstain's result for the same fit. Fails on red ink the colour of eosin and
    on blue ink under half of the tile, which are changed like tissue; a tile filled with blood may
    be passed through.

    References
    ----------
    .. [1] Macenko et al. 2009, doi:10.1109/ISBI.2009.5193250
    .. [2] Reinhard et al. 2001, doi:10.1109/38.946629
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise ValueError(f"{rgb.dtype} {rgb.shape}: a tile is (H, W, 3) uint8, RGB")
    seen, weight = recolouring.sample(rgb)
    stained, reason = recolouring.content(seen, weight)
    if reason is not None:
        return rgb, reason
    if fit is None:
        return rgb, "fit_failed"
    change = recolouring.change(fit, _target(fit, reference))
    if change is None:
        return rgb, "stain_angle"
    if not recolouring.keeps_luminance(seen, stained, change):
        return rgb, "luminance"
    return change(rgb), None


def _target(fit: stain_fit.Fit, reference: stain_fit.Fit | str | None) -> stain_fit.Fit:
    if reference is None or reference == "shipped":
        return stain_fit.SHIPPED["macenko" if isinstance(fit, stain_fit.Macenko) else "reinhard"]
    if isinstance(reference, str):
        raise ValueError(f"reference {reference!r}: give a fit, or 'shipped'")
    return reference


def statistics(pixels: npt.NDArray[np.uint8], glass: npt.ArrayLike) -> dict[str, Any]:
    """Stain columns of a slide: vectors, mean densities and fits of tissue pixels (N, 3) uint8."""
    names = [f"stain_{stain}_{band}" for stain in "he" for band in "rgb"]
    found: dict[str, Any] = dict.fromkeys([*names, "hematoxylin_od", "eosin_od", "stain_fit"])
    if len(pixels) < stain_fit.MIN_PIXELS:
        return found
    _, haematoxylin, eosin = mean_densities(pixels[None], density_table(glass))
    found |= {"hematoxylin_od": round(haematoxylin, 4), "eosin_od": round(eosin, 4)}
    fits = {method: stain_fit.fit(pixels, method=method) for method in stain_fit.SHIPPED}
    found["stain_fit"] = stain_fit.as_record(fits)
    if isinstance(own := fits["macenko"], stain_fit.Macenko):
        found |= dict(zip(names, [round(value, 4) for value in own.h + own.e], strict=True))
    return found
