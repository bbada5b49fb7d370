"""Stain columns of a slide, from its sampled tissue pixels."""

from dataclasses import replace

import numpy.typing as npt

from grossing.slide.stain_record import StainMeasures
from grossing.stain import fit as stain_fit
from grossing.stain import foreign_dyes, pale_tissue
from grossing.stain.optical_density import density_table, mean_densities
from grossing.support.types import Pixels

#: of the density in other colours and in eosin's, and of the tissue that has eosin: above the first
#: or below the others the vectors of H&E are not measured. They judge no slide: those are the
#: thresholds `foreign_dye_fraction_max`, `eosin_fraction_min` and `eosin_extent_min`
OTHER_STAIN_SHARE = 0.15
EOSIN_SHARE = 0.02
EOSIN_EXTENT = 0.3
MOSTLY_EOSIN = 0.3  # of the density: then brown is pigment beside eosin


def measure(
    pixels: Pixels, glass: npt.ArrayLike, *, is_he: bool, means: Pixels | None = None
) -> StainMeasures:
    """Stain vectors, mean densities and fits of tissue pixels, all relative to the glass.

    Parameters
    ----------
    pixels : (N, 3) uint8 RGB
    glass : (3,) colour of the empty slide
    is_he : whether the sheet says so (or nothing). False measures nothing: the vectors of H&E mean
        nothing in other stains; nor do they where the tissue holds another dye, or no eosin, which
        may be another dye that is as pale or rare (`foreign_dyes`)
    means : as in `stain_fit.fit_all`
    """
    if not is_he or len(pixels) < stain_fit.MIN_PIXELS:
        return StainMeasures(is_he)
    dyes = _dye_measures(pixels, glass, pixels if means is None else means)
    if not dyes.is_he:
        return dyes
    _, hematoxylin, eosin = mean_densities(pixels[None], density_table(glass))
    fits, evidence = stain_fit.fit_all(pixels, glass, means)
    columns: dict[str, float | None] = {}
    if (macenko := fits.macenko) is not None:
        brown = foreign_dyes.brown_share(pixels, glass, macenko.h, macenko.e)
        if brown > OTHER_STAIN_SHARE and (dyes.eosin_fraction or 0) < MOSTLY_EOSIN:
            return replace(dyes, is_he=False, foreign_dye_fraction=round(brown, 4))
        names = [f"stain_{stain}_{band}" for stain in "he" for band in "rgb"]
        columns = dict(zip(names, [round(v, 4) for v in macenko.h + macenko.e], strict=True))
    return replace(
        dyes,
        stain_h_r=columns.get("stain_h_r"),
        stain_h_g=columns.get("stain_h_g"),
        stain_h_b=columns.get("stain_h_b"),
        stain_e_r=columns.get("stain_e_r"),
        stain_e_g=columns.get("stain_e_g"),
        stain_e_b=columns.get("stain_e_b"),
        hematoxylin_od=round(hematoxylin, 4),
        eosin_od=round(eosin, 4),
        stain_fit=fits,
        stain_evidence=evidence,
    )


def _dye_measures(pixels: Pixels, glass: npt.ArrayLike, means: Pixels) -> StainMeasures:
    """Whether the dyes can be hematoxylin and eosin, and the numbers that tell it."""
    dyes = foreign_dyes.shares(pixels, glass)
    if dyes is None:
        return StainMeasures(is_he=True)
    foreign, eosin = round(dyes.foreign, 4), round(dyes.eosin, 4)
    pale = pale_tissue.eosin_share(means, glass)
    extent = None if pale is None else max(eosin, round(pale, 4))
    has_eosin = eosin >= EOSIN_SHARE and (extent is None or extent >= EOSIN_EXTENT)
    return StainMeasures(
        is_he=foreign <= OTHER_STAIN_SHARE and has_eosin,
        foreign_dye_fraction=foreign,
        eosin_fraction=eosin,
        eosin_extent=extent,
        blue_ratio_low=_rounded(dyes.blue_ratio_low),
        red_ratio_high=_rounded(dyes.red_ratio_high),
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
