"""What is measured of one tile before it is encoded: a column of `tile_metrics` per field."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grossing.measure import focus
from grossing.stain import optical_density
from grossing.support import channels
from grossing.support.types import Pixels


@dataclass(frozen=True)
class Evidence:
    """What is known of a tile besides its pixels, before it is measured.

    `absent_fraction` of it was never scanned; the others as in `slide.region` and
    `measure.agreement`.
    """

    absent_fraction: float
    decoders_disagree: bool
    overview_difference: float | None
    seam_step: float | None


@dataclass(frozen=True)
class TileMeasures:
    """None where a measure does not apply or is undefined."""

    mean_od: float | None
    hematoxylin_od: float | None
    eosin_od: float | None
    focus: float | None = None
    blurred_fraction: float | None = None
    focus_snr: float | None = None
    laplacian_var: float | None = None
    absent_fraction: float = 0.0
    decoders_disagree: bool = False
    overview_difference: float | None = None
    seam_step: float | None = None


def measure(
    rgb: Pixels,
    mpp: float,
    densities: npt.NDArray[np.float64],
    evidence: Evidence,
    *,
    is_he: bool,
    dark_field: bool = False,
) -> TileMeasures:
    """The measured columns of one tile.

    Parameters
    ----------
    rgb : (size, size, 3) uint8
    mpp : um per pixel of the tile
    densities : `optical_density.density_table` of the slide's glass
    is_he : False leaves the densities of hematoxylin and eosin out
    dark_field : True leaves all densities out, and takes the focus of the brightest channel
    """
    mean_od: float | None = None
    hematoxylin: float | None = None
    eosin: float | None = None
    if dark_field:
        rgb = channels.as_grey(rgb)
    else:
        mean_od, hematoxylin, eosin = optical_density.mean_densities(rgb, densities)
    if not is_he:
        hematoxylin = eosin = None
    sharp, variance = focus.judged(focus.working_grey(rgb, mpp), dark_field=dark_field)
    return TileMeasures(
        mean_od,
        hematoxylin,
        eosin,
        focus=sharp.focus,
        blurred_fraction=sharp.blurred_fraction,
        focus_snr=sharp.snr,
        laplacian_var=variance,
        **vars(evidence),
    )
