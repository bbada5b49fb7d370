"""Colour of the nuclei of a slide, from which ink and pigment differ, and what lies between them.

Ink of the colour of nuclei is told by what lies between them: it is a filter over all of the
tissue, and between nuclei under it the tissue is denser than anywhere else on the slide.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from grossing.support.types import Mask

SAMPLES = 4_096  # of a picture, about
LEAST_SAMPLES = 100
TRIM = 2.5  # deviations: what is farther is left out of the fit
TRIMMED_SHARE = 0.856  # of the variance of a normal distribution in 2-D that the trimmed one has
SPREAD_MIN = 0.02  # of the ratios; JPEG and noise alone
FARTHEST, FARTHEST_IN_WIDE = 4.5, 2.5  # deviations
WIDEST_UM = 12.0  # radius of a disc in dense tissue without a gap; at most 8.7 in lymphoid tissue
GROUND_PX_UM = 2.0
DENSER = 0.12, 0.2  # ground of red and of green, above the median: more than tissue reaches
DENSER_SPREAD = 2.0  # times its distance from the 16th percentile

Values = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int32]


@dataclass(frozen=True)
class NuclearColour:
    """Optical density of red and of blue by that of green: means, and inverse covariance; and the
    largest `ground` of red and of green."""

    red: float
    blue: float
    precision: tuple[tuple[float, float], tuple[float, float]]
    ground_max: tuple[float, float] = (np.inf, np.inf)

    def distance(self, ratios: npt.NDArray[np.floating]) -> Numbers:
        """How far (n, 2) ratios are from the mean, in deviations (Mahalanobis)."""
        off = np.asarray(ratios, np.float64) - (self.red, self.blue)
        return np.asarray(np.sqrt((off @ np.array(self.precision) * off).sum(axis=1)))


def ground(density: Values, mpp: float) -> Values:
    """(H, W) density between nuclei: what is left without all that is narrower than 24 um.

    Parameters
    ----------
    density : (H, W) optical density of one channel
    mpp : um per pixel
    """
    height, width = density.shape
    factor = min(1.0, mpp / GROUND_PX_UM)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = cv2.resize(density, size, interpolation=cv2.INTER_AREA)
    side = 2 * round(WIDEST_UM / mpp * factor) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    opened = cv2.morphologyEx(small, cv2.MORPH_OPEN, disc)
    return np.asarray(cv2.resize(opened, (width, height)), np.float32)


def sample(signal: Values, densities: Sequence[Values], where: Mask, mpp: float) -> Values:
    """(n, 5) signal, density of red and of blue by that of green, and `ground` of red and green.

    Parameters
    ----------
    signal : (H, W)
    densities : (H, W) each, of red, green, blue
    where : (H, W) bool, which pixels count, those on a grid; green is above 0 there
    mpp : um per pixel
    """
    step = max(2, round((signal.size / SAMPLES) ** 0.5))
    grid = np.s_[step // 2 :: step, step // 2 :: step]
    there = where[grid]
    red, green, blue = (density[grid][there] for density in densities)
    between = [ground(density, mpp)[grid][there] for density in densities[:2]]
    return np.stack([signal[grid][there], red / green, blue / green, *between], axis=1)


def find(samples: Sequence[Values], threshold: float) -> NuclearColour | None:
    """Colour of what is above the threshold, by a trimmed fit that a minority does not move.

    No picture counts more than the median one does, because ink is dense all over.

    Parameters
    ----------
    samples : (n, 5) each, of `sample`, of the pictures of a slide
    threshold : of the signal

    Returns
    -------
    None where fewer than 100 samples are above it.
    """
    dense = [picture[picture[:, 0] > threshold, 1:] for picture in samples]
    dense = [picture for picture in dense if len(picture)]
    if sum(map(len, dense)) < LEAST_SAMPLES:
        return None
    most = max(LEAST_SAMPLES, int(np.median([len(picture) for picture in dense])))
    every = np.concatenate([_thinned(picture, most) for picture in dense]).astype(np.float64)
    ratios, between = every[:, :2], every[:, 2:]
    (red, red_spread), (blue, blue_spread) = (_densest_half(column) for column in ratios.T)
    colour = _colour(np.array((red, blue)), np.diag((red_spread**2, blue_spread**2)))
    for _ in range(3):
        near = colour.distance(ratios) <= TRIM
        colour = _colour(ratios[near].mean(axis=0), np.cov(ratios[near].T) / TRIMMED_SHARE)
    return replace(colour, ground_max=_ground_max(between[colour.distance(ratios) <= TRIM]))


def _ground_max(between: Numbers) -> tuple[float, float]:
    """The largest ground of red and of green; by the lower side, because ink is on the upper."""
    low, middle = np.percentile(between, [16, 50], axis=0)
    red, green = (middle + np.maximum(DENSER, DENSER_SPREAD * (middle - low))).tolist()
    return red, green


def is_mostly_foreign(samples: Values, threshold: float, colour: NuclearColour) -> bool:
    """Whether most of a picture's samples above the threshold have another colour."""
    dense = samples[samples[:, 0] > threshold, 1:3]
    return bool(np.count_nonzero(colour.distance(dense) > FARTHEST) > len(dense) / 2)


def _thinned(rows: Values, most: int) -> Values:
    """At most so many, spread evenly."""
    if len(rows) <= most:
        return rows
    return np.asarray(rows[np.linspace(0, len(rows) - 1, most).astype(int)])


def _densest_half(values: Numbers) -> tuple[float, float]:
    """Median and deviation of the half of the values that lies closest together."""
    ordered, half = np.sort(values), len(values) // 2
    first = int(np.argmin(ordered[half:] - ordered[: len(ordered) - half]))
    width = ordered[first + half] - ordered[first]
    return float(np.median(ordered[first : first + half])), float(width) / 1.349


def _colour(mean: Numbers, covariance: Numbers) -> NuclearColour:
    variances, axes = np.linalg.eigh(covariance)
    inverse = (axes / np.maximum(variances, SPREAD_MIN**2)) @ axes.T
    (a, b), (c, d) = inverse.tolist()
    return NuclearColour(float(mean[0]), float(mean[1]), ((a, b), (c, d)))


def wide(distance: Values, mpp: float) -> Mask | None:
    """Dense regions too wide for nuclei, which have gaps: strokes of ink, folds, clumps.

    Parameters
    ----------
    distance : (H, W) px, of each dense pixel to the next that is not
    mpp : um per pixel

    Returns
    -------
    (H, W) bool, discs of 12 um radius that are dense and inside the picture; None without any.
    """
    radius = WIDEST_UM / mpp
    rim = int(np.ceil(radius))
    core = np.zeros(distance.shape, np.bool_)
    core[rim:-rim, rim:-rim] = distance[rim:-rim, rim:-rim] > radius
    if not core.any():
        return None
    away = cv2.distanceTransform((~core).view(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(away <= radius)


def is_foreign(
    nuclei: Labels,
    densities: Sequence[Values],
    colour: NuclearColour,
    wide: Mask | None,
    mpp: float,
) -> Mask:
    """Which of the labels 0, 1, ... have another colour, or denser `ground`, than the nuclei.

    Parameters
    ----------
    nuclei : (H, W) int32
    densities : (H, W) each, of red, green, blue
    colour : of the slide's nuclei
    wide : (H, W) bool, where the colour has to be nearer
    mpp : um per pixel
    """
    at = np.flatnonzero(nuclei)
    owner, count = nuclei.ravel()[at], int(nuclei.max()) + 1
    pixels = np.maximum(np.bincount(owner, minlength=count), 1)
    red, green, blue = (np.bincount(owner, d.ravel()[at], count) for d in densities)
    ratios = np.stack([red, blue], axis=1) / np.maximum(green, 1e-6)[:, None]
    farthest = np.full(count, FARTHEST)
    if wide is not None:
        share = np.bincount(owner, wide.ravel()[at], count) / pixels
        farthest[share > 0.5] = FARTHEST_IN_WIDE
    foreign = np.asarray(colour.distance(ratios) > farthest)
    for density, most in zip(densities[:2], colour.ground_max, strict=True):
        under = ground(density, mpp).ravel()[at]
        foreign |= np.bincount(owner, under, count) > most * pixels
    return foreign
