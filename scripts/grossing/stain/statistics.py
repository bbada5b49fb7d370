"""Stain columns of a slide, from its sampled tissue pixels."""

import numpy.typing as npt

from grossing.slide.stain_record import StainMeasures
from grossing.stain import fit as stain_fit
from grossing.stain import foreign_dyes
from grossing.stain.optical_density import density_table, mean_densities
from grossing.support.types import Pixels

#: of the density in other colours: beyond it the vectors of H&E are not measured. It judges no
#: slide: that is the threshold `foreign_dye_fraction_max`
OTHER_STAIN_SHARE = 0.15


def measure(pixels: Pixels, glass: npt.ArrayLike, *, is_he: bool) -> StainMeasures:
    """Stain vectors, mean densities and fits of tissue pixels, all relative to the glass.

    Parameters
    ----------
    pixels : (N, 3) uint8 RGB
    glass : (3,) colour of the empty slide
    is_he : whether the sheet says so (or nothing). False measures nothing: the vectors of H&E mean
        nothing in other stains; nor do they where the tissue holds another dye (`foreign_dyes`)
    """
    if not is_he or len(pixels) < stain_fit.MIN_PIXELS:
        return StainMeasures(is_he)
    dyes = foreign_dyes.shares(pixels, glass)
    foreign, eosin_fraction = (None, None)
    if dyes is not None:
        foreign, eosin_fraction = round(dyes.foreign, 4), round(dyes.eosin, 4)
    if foreign is not None and foreign > OTHER_STAIN_SHARE:
        return StainMeasures(False, foreign_dye_fraction=foreign, eosin_fraction=eosin_fraction)
    _, hematoxylin, eosin = mean_densities(pixels[None], density_table(glass))
    fits, evidence = stain_fit.fit_all(pixels, glass)
    columns: dict[str, float | None] = {}
    if (macenko := fits.macenko) is not None:
        names = [f"stain_{stain}_{band}" for stain in "he" for band in "rgb"]
        columns = dict(zip(names, [round(v, 4) for v in macenko.h + macenko.e], strict=True))
    return StainMeasures(
        is_he,
        stain_h_r=columns.get("stain_h_r"),
        stain_h_g=columns.get("stain_h_g"),
        stain_h_b=columns.get("stain_h_b"),
        stain_e_r=columns.get("stain_e_r"),
        stain_e_g=columns.get("stain_e_g"),
        stain_e_b=columns.get("stain_e_b"),
        hematoxylin_od=round(hematoxylin, 4),
        eosin_od=round(eosin, 4),
        foreign_dye_fraction=foreign,
        eosin_fraction=eosin_fraction,
        stain_fit=fits,
        stain_evidence=evidence,
    )
