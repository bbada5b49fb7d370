"""Whether pixels show both stains, so that a fit of their colours means something."""

import math

import cv2
import numpy as np
import numpy.typing as npt

from grossing.slide.stain_record import MacenkoFit, StainEvidence
from grossing.stain.colours import stained_and_foreign
from grossing.stain.light import DENSITY
from grossing.support import channels
from grossing.support.types import Pixels

VISIBLE = 0.15  # concentration (natural log) from which a stain shows, as Macenko's beta
LEAST_SHARE = 0.15  # of the stained pixels that show each stain
LEAST_ANGLE_DEG = 15.0  # between the vectors of the stains
LEAST_SPREAD_DEG = 10.0  # noise alone spreads one stain over up to that
# Nuclei are the darkest: without that order the fit is of noise, or of other dyes
LEAST_ORDER = -0.1  # of H&E with little hematoxylin or much blood
NARROW_SPREAD_DEG, LEAST_ORDER_NARROW = 15.0, 0.25  # noise and JPEG may have made such a spread
MOST_RESIDUAL_DEG = 2.5  # so that tiles stay within 3
MOST_FOREIGN = 1 / 3  # of the dark pixels
SPREAD_PERCENTILES = (2, 98)
FEWEST_PX = 50  # stained pixels that a spread can be measured on
DECIMALS = 4


def of_pixels(pixels: Pixels, fit: MacenkoFit | None, residual_deg: float | None) -> StainEvidence:
    """How much of both stains the pixels show.

    Parameters
    ----------
    pixels : (N, 3) uint8 RGB with a glass of 240
    fit : what Macenko's method found on them; None where it found nothing
    residual_deg : what normalisation with the fit would leave (`residual.settled`)
    """
    if not len(pixels):
        return StainEvidence(None, None, None, None, None, None, 0.0)
    stained, foreign = stained_and_foreign(pixels.reshape(-1, 1, 3))
    tissue = channels.picked(pixels[:, None], stained)
    foreign_share = round(foreign / max(1, foreign + len(tissue)), DECIMALS)
    if fit is None or residual_deg is None or len(tissue) < FEWEST_PX:
        return StainEvidence(None, None, None, None, None, None, foreign_share)
    density = np.asarray(cv2.LUT(tissue[None], DENSITY)[0], np.float64)
    vectors = np.array([fit.h, fit.e])
    shown = density @ np.linalg.pinv(vectors) >= VISIBLE
    shares = [np.count_nonzero(stain) / len(shown) for stain in shown.T]
    angle = math.degrees(math.acos(float(np.clip(vectors[0] @ vectors[1], -1, 1))))
    spread, order = _spread(density, vectors)
    return StainEvidence(
        hematoxylin_share=round(shares[0], DECIMALS),
        eosin_share=round(shares[1], DECIMALS),
        stain_angle_deg=round(angle, 2),
        stain_spread_deg=round(spread, 2),
        stain_order=round(order, DECIMALS),
        stain_residual_deg=round(residual_deg, 2),
        foreign_share=foreign_share,
    )


def _spread(
    density: npt.NDArray[np.float64], vectors: npt.NDArray[np.float64]
) -> tuple[float, float]:
    """Angle in the plane of the vectors that the stronger half of the pixels covers, degrees, and
    the correlation of their angle towards hematoxylin with their strength."""
    red, green, blue = density.T
    strength = np.sqrt(red * red + green * green + blue * blue)
    stronger = strength >= np.median(strength)
    strong, strength = density[stronger], strength[stronger]
    middle, across = vectors.sum(axis=0), vectors[0] - vectors[1]
    if not across.any():
        return 0.0, 0.0
    directions = np.arctan2(
        strong @ across / np.linalg.norm(across), strong @ middle / np.linalg.norm(middle)
    )
    low, high = np.percentile(np.degrees(directions), SPREAD_PERCENTILES)
    varied = directions.std() > 0 and strength.std() > 0
    order = float(np.corrcoef(directions, strength)[0, 1]) if varied else 0.0
    return float(high - low), order


def doubt(evidence: StainEvidence) -> str | None:
    """Why a fit with this evidence must not be used; None where it shows both stains.

    Returns
    -------
    "foreign_colour" (more than a third of the dark pixels do not have the colour of H&E),
    "one_stain" (a stain shows on less than 15 % of the stained pixels, or their vectors are less
    than 15 degrees apart, or the pixels cover less than 10 degrees, or the darker ones do not hold
    more hematoxylin), "fit_failed" (no vectors, or more than 2.5 degrees would be left after
    normalisation), or None
    """
    if evidence.foreign_share > MOST_FOREIGN:
        return "foreign_colour"
    h, e = evidence.hematoxylin_share, evidence.eosin_share
    angle, spread = evidence.stain_angle_deg, evidence.stain_spread_deg
    left, order = evidence.stain_residual_deg, evidence.stain_order
    if h is None or e is None or angle is None or spread is None or left is None or order is None:
        return "fit_failed"
    if min(h, e) < LEAST_SHARE or angle < LEAST_ANGLE_DEG or spread < LEAST_SPREAD_DEG:
        return "one_stain"
    if order < (LEAST_ORDER_NARROW if spread < NARROW_SPREAD_DEG else LEAST_ORDER):
        return "one_stain"
    return "fit_failed" if left > MOST_RESIDUAL_DEG else None
