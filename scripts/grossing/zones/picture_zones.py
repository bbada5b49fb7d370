"""Zones of high cellularity in one H&E picture."""

import math

import numpy as np
import numpy.typing as npt

from grossing.stain import optical_density
from grossing.support.types import Mask, Pixels
from grossing.zones import dense_blocks, nuclear_pixels
from grossing.zones.block_sums import BlockSums
from grossing.zones.nuclear_pixels import COARSEST_MPP
from grossing.zones.options import ZoneOptions

BLOCK_UM = 8.0


def find(
    rgb: Pixels,
    mpp: float,
    mask: Mask,
    glass: npt.ArrayLike,
    *,
    method: str = "density",
    smooth_um: float = 15.0,
    fraction_min: float = 0.3,
    mad_factor: float = 4.0,
    nuclear_od_min: float = 0.12,
    min_area_mm2: float = 0.002,
) -> Mask:
    """Zones of high cellularity in one H&E picture.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    mpp : um per pixel, at most 2
    mask : (H, W) bool, True on tissue
    glass : (3,) colour of the empty slide, 0..255
    method : "density": share of nuclear pixels, against a fixed limit and against the tissue's
        own median; "clahe_local": local contrast of the hematoxylin, with sizes of its own
    smooth_um : sigma of the Gaussian in which the share is taken, um (density)
    fraction_min : least share of nuclear pixels in a zone (density)
    mad_factor : a zone lies this many median absolute deviations above the median (density)
    nuclear_od_min : least hematoxylin density of a nuclear pixel, log10; Otsu's threshold over
        the tissue where that is higher
    min_area_mm2 : smaller zones are dropped and smaller holes filled, mm2

    Returns
    -------
    (H, W) bool, in blocks of about 8 um. All False on glass and on ink.

    Raises
    ------
    ValueError : not (H, W, 3) uint8, resolution not in 0..2, a mask of another shape or type,
        unknown method.

    Notes
    -----
    Cellularity, not lymphocytes: crowded tumour and basal epithelium are zones too. Pigment and
    basophilic cytoplasm count as nuclei. Comparable between slides at equal resolution only.

    References
    ----------
    .. [1] Ruifrok and Johnston 2001, Anal Quant Cytol Histol 23:291
    .. [2] Otsu 1979, doi:10.1109/TSMC.1979.4310076
    """
    _check(rgb, mpp, mask, method)
    options = ZoneOptions(method, smooth_um, fraction_min, mad_factor, nuclear_od_min, min_area_mm2)
    stain = optical_density.hematoxylin(rgb, glass)
    values: npt.NDArray[np.generic] = stain
    if method == "density":
        limit = nuclear_pixels.threshold(nuclear_pixels.histogram(stain[mask]), nuclear_od_min)
        values = stain > limit
    side = max(1, round(BLOCK_UM / mpp))
    shape = (math.ceil(rgb.shape[0] / side), math.ceil(rgb.shape[1] / side))
    sums, tissue = BlockSums(shape, side), BlockSums(shape, side)
    sums.add(np.where(mask, values, 0).astype(values.dtype), 0, 0, 1)
    tissue.add(mask, 0, 0, 1)
    zones, _ = dense_blocks.find(sums.total, tissue.total, side * mpp, options)
    whole = zones.repeat(side, axis=0).repeat(side, axis=1)
    return np.asarray(whole[: rgb.shape[0], : rgb.shape[1]] & mask)


def _check(rgb: Pixels, mpp: float, mask: Mask, method: str) -> None:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or rgb.size == 0:
        raise ValueError(f"rgb must be (H, W, 3) uint8, not {rgb.shape} {rgb.dtype}")
    if not 0 < mpp <= COARSEST_MPP:
        raise ValueError(f"mpp must be above 0 and at most {COARSEST_MPP} um/px, not {mpp}")
    if mask.shape != rgb.shape[:2] or mask.dtype != np.bool_:
        raise ValueError(f"mask must be {rgb.shape[:2]} bool, not {mask.shape} {mask.dtype}")
    if method not in dense_blocks.METHODS:
        methods = ", ".join(dense_blocks.METHODS)
        raise ValueError(f"zones method {method!r} is unknown; use one of {methods}")
