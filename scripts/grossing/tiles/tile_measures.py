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
    tiles: Sequence[tuple[Pixels, Evidence]],
    mpp: float,
    densities: npt.NDArray[np.float64],
    *,
    is_he: bool,
    dark_field: bool = False,
) -> list[TileMeasures]:
    """The measured columns of some tiles; several at once cost less than one by one.

    Parameters
    ----------
    tiles : (size, size, 3) uint8 each, with what else is known of it
    mpp : um per pixel of the tiles
    densities : `optical_density.density_table` of the slide's glass
    is_he : False leaves the densities of hematoxylin and eosin out
    dark_field : True leaves all densities out, and takes the focus of the brightest channel
    """
    greys, found = [], []
    for rgb, _ in tiles:
        mean_od: float | None = None
        hematoxylin: float | None = None
        eosin: float | None = None
        if dark_field:
            rgb = channels.as_grey(rgb)
        else:
            mean_od, hematoxylin, eosin = optical_density.mean_densities(rgb, densities)
        if not is_he:
            hematoxylin = eosin = None
        found.append((mean_od, hematoxylin, eosin))
        greys.append(focus.working_grey(rgb, mpp))
    return [
        TileMeasures(
            *of_stain,
            focus=sharp.focus,
            blurred_fraction=sharp.blurred_fraction,
            focus_snr=sharp.snr,
            laplacian_var=variance,
            **vars(evidence),
        )
        for of_stain, (sharp, variance), (_, evidence) in zip(
            found, focus.judged(greys, dark_field=dark_field), tiles, strict=True
        )
    ]
