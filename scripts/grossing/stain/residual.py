"""How far the stains of a normalised slide still are from the reference, and fits with less of it.

Macenko's method uses the pixels that are dark in all channels. After normalisation these are partly
others, and a second fit finds other vectors than the reference's.
"""

from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from grossing.slide.stain_record import MacenkoFit
from grossing.stain.light import DENSITY, LIGHT
from grossing.stain.shipped import SHIPPED
from grossing.support.types import Pixels

GOOD_ENOUGH_DEG = 2.0
MOST_PIXELS = 60_000
ROUNDS, STEP = 8, 0.5  # a correction goes no further than it has to: two casts would part by it
MOST_MOVED_DEG = 10.0  # what is further from what was found is made up

Floats = npt.NDArray[np.float64]


def settled(
    pixels: Pixels,
    fitted: Pixels,
    fit: MacenkoFit,
    fit_again: Callable[[Pixels], MacenkoFit | None],
) -> tuple[MacenkoFit, float]:
    """A fit whose residual is small, and the residual: `fit` itself where it is 2 degrees or less.

    Each round moves the vectors of the fit by half of what is left of them after normalisation, to
    at most 10 degrees from what was found, and not to where a stain would add light: few stained
    pixels among others (edges of fat, say) allow any correction.

    Parameters
    ----------
    pixels : (N, 3) uint8 RGB with a glass of 240
    fitted : (N, 3) uint8 RGB, these pixels or means of them; the strengths of a corrected fit are
        theirs too, as single pixels are up to a fifth stronger than means
    fit : what Macenko's method found on `fitted`
    fit_again : Macenko's method

    Returns
    -------
    the fit with the smallest residual of at most 8 rounds
    the larger angle between its vectors and the shipped reference's, as found by another fit after
    normalisation, degrees; 180 where that finds none
    """
    target = SHIPPED.macenko
    assert target is not None
    step = max(1, len(pixels) // MOST_PIXELS)
    sample = pixels[::step]
    density = np.asarray(cv2.LUT(sample[None], DENSITY)[0], np.float64)
    goal, first, best, least = _vectors(target), _vectors(fit), fit, 180.0
    for _ in range(ROUNDS):
        own, scale = _vectors(fit), np.divide(target.max_c, fit.max_c)
        made = LIGHT * np.exp(-(density @ np.linalg.pinv(own) * scale) @ goal)
        left = fit_again(made.clip(0, 255).astype(np.uint8))
        if left is None:
            break
        found = _vectors(left)
        angle = _angle(found, goal)
        if angle < least:
            best, least = fit, angle
        if least <= GOOD_ENOUGH_DEG:
            break
        moved = _unit((found @ np.linalg.pinv(goal) / scale) @ own)
        moved = _unit(own + STEP * (moved - own))
        if moved.min() < 0 or _angle(moved, first) > MOST_MOVED_DEG:
            break
        fit = _fit(moved, fitted)
    return best, least


def _vectors(fit: MacenkoFit) -> Floats:
    return np.array([fit.h, fit.e])


def _unit(vectors: Floats) -> Floats:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _angle(some: Floats, others: Floats) -> float:
    """The larger angle between unit vectors of two stains, degrees."""
    return float(np.degrees(np.arccos((some * others).sum(axis=1).clip(-1, 1))).max())


def _fit(vectors: Floats, pixels: Pixels) -> MacenkoFit:
    """A fit of these vectors, with the strengths that the stains have in the pixels."""
    density = np.asarray(cv2.LUT(pixels[None], DENSITY)[0], np.float64)
    h, e = ((float(r), float(g), float(b)) for r, g, b in vectors.round(6))
    most = np.percentile(density @ np.linalg.pinv(vectors), 99, axis=0).round(6)
    return MacenkoFit(h, e, (float(most[0]), float(most[1])))
