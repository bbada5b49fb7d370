"""Tiles brought to the stain colours of a reference."""

import numpy as np
import numpy.typing as npt

from grossing.slide.stain_record import MacenkoFit
from grossing.stain import recolouring
from grossing.stain.fit import Fit
from grossing.stain.light import evened
from grossing.stain.shipped import SHIPPED
from grossing.support.types import Pixels


def apply(
    fit: Fit | None,
    rgb: Pixels,
    reference: Fit | str | None = "shipped",
    glass: npt.ArrayLike | None = None,
) -> tuple[Pixels, str | None]:
    """A tile in the colours of a reference, or unchanged where normalisation would damage it.

    Parameters
    ----------
    fit : of the tile's slide; None where it has none
    rgb : (H, W, 3) uint8
    reference : a fit of the same method; "shipped" or None for the one that comes with Grossing
    glass : (3,) colour of the empty slide, as it was given to the fit; None where it is 240

    Returns
    -------
    (H, W, 3) uint8, in which glass is 240 in all channels, and so is what is brighter; `rgb`
    itself where the tile is passed through
    None, or why it was: of this tile "foreign_colour" (most dark pixels are not the colour of a
    stain) or "too_little_tissue" (fewer than 500 stained pixels); of all tiles of the slide
    "fit_failed" (no fit: its pixels do not show both stains), "stain_angle" or "luminance"
    (`recolouring.change`)

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
    sample, weight = recolouring.sample(rgb)
    reason = recolouring.unsuitable(evened(sample, glass), weight)
    if reason is not None:
        return rgb, reason
    if fit is None:
        return rgb, "fit_failed"
    change, reason = recolouring.change(fit, _target(fit, reference), _key(glass))
    return (rgb, reason) if change is None else (change(rgb), None)


def refusal(fit: Fit, reference: Fit | str | None = "shipped") -> str | None:
    """Why no tile of a slide with this fit is normalised; None where tiles may be (`apply`)."""
    return recolouring.change(fit, _target(fit, reference))[1]


def _key(glass: npt.ArrayLike | None) -> recolouring.Glass:
    if glass is None:
        return None
    red, green, blue = (float(level) for level in np.asarray(glass).ravel())
    return red, green, blue


def _target(fit: Fit, target: Fit | str | None) -> Fit:
    if target is None or target == "shipped":
        shipped = SHIPPED.macenko if isinstance(fit, MacenkoFit) else SHIPPED.reinhard
        assert shipped is not None
        return shipped
    if isinstance(target, str):
        raise ValueError(f"reference {target!r}: give a fit, or 'shipped'")
    return target
