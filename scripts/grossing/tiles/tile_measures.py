"""What is measured of a tile before it is encoded: a column of `tile_metrics` per field."""

from collections.abc import Sequence
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
    pictures: Sequence[Pixels],
    mpp: float,
    densities: npt.NDArray[np.float64],
    evidence: Sequence[Evidence],
    *,
    is_he: bool,
    dark_field: bool = False,
    background_noise: float = 0.0,
) -> list[TileMeasures]:
    """The measured columns of some tiles; several at once cost less than one by one.

    Parameters
    ----------
    pictures : (size, size, 3) uint8 each
    mpp : um per pixel of the tiles
    densities : `optical_density.density_table` of the slide's glass
    evidence : of each picture
    is_he : False leaves the densities of hematoxylin and eosin out
    dark_field : True leaves all densities out, and takes the focus of the brightest channel
    background_noise : of a dark field (`focus.noise`)
    """
    of_stain: Sequence[tuple[float | None, float | None, float | None]]
    if dark_field:
        of_stain = [(None, None, None)] * len(pictures)
        pictures = [channels.as_grey(rgb) for rgb in pictures]
    else:
        of_stain = [optical_density.mean_densities(rgb, densities) for rgb in pictures]
    if not is_he:
        of_stain = [(mean_od, None, None) for mean_od, _, _ in of_stain]
    greys = [focus.working_grey(rgb, mpp) for rgb in pictures]
    judged = focus.judged(greys, dark_field=dark_field, background_noise=background_noise)
    return [
        TileMeasures(
            *stain,
            focus=sharp.focus,
            blurred_fraction=sharp.blurred_fraction,
            focus_snr=sharp.snr,
            laplacian_var=variance,
            **vars(known),
        )
        for stain, (sharp, variance), known in zip(of_stain, judged, evidence, strict=True)
    ]
