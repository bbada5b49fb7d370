"""How much of an ink there may be at each place: matched filters on the densities of an overview.

Ink adds its density to that of the tissue below it. The filter is the sum of the channels'
densities in which the ink counts 1 and this tissue varies least.

References
----------
.. [1] Manolakis et al. 2003, Hyperspectral image processing for automatic target detection
   applications, Lincoln Laboratory Journal 14:79-116
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask.glass import LIGHT
from grossing.mask.shapes import every
from grossing.support.types import Mask, Pixels

Densities = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float64]

AROUND_PX = 41  # side of the square that a place is compared with
SMOOTH_PX = 1.5  # sigma
LEAST_VARIANCE = 1e-5
FARTHEST = 4.0  # squared distance by the median one: what is farther does not count
LEAST_LIGHT = 8
SAMPLE_PX = 8000
SPARSE = 4  # every so many pixels tell what is around


def density_of(levels: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Natural logarithm of the glass by grey levels."""
    return np.asarray(np.log(LIGHT / np.maximum(levels, LEAST_LIGHT)).clip(0), np.float64)


DENSITY = density_of(np.arange(256)).astype(np.float32)


class Overview:
    """An overview, (H, W, 3) uint8, and its densities in smaller sizes, each made once."""

    def __init__(self, rgb: Pixels) -> None:
        self.rgb = rgb
        self._densities: dict[tuple[int, ...], list[Densities]] = {}

    def densities(self, shape: tuple[int, ...]) -> list[Densities]:
        """Smooth density of each channel, of this shape."""
        if shape not in self._densities:
            small = cv2.resize(self.rgb, shape[::-1], interpolation=cv2.INTER_AREA)
            self._densities[shape] = [
                np.asarray(cv2.GaussianBlur(cv2.LUT(channel, DENSITY), (0, 0), SMOOTH_PX))
                for channel in cv2.split(cv2.medianBlur(small, 3))
            ]
        return self._densities[shape]


class Tissue:
    """Tissue, (H, W) bool, that ink is looked for in, and the densities of each channel."""

    def __init__(self, densities: list[Densities], mask: Mask) -> None:
        self.mask = mask
        self._densities = densities
        places = every(mask, 1 + int(np.count_nonzero(mask)) // SAMPLE_PX)
        samples = np.stack([density.take(places) for density in densities])
        self._inverse = _inverse_covariance(samples.astype(np.float64))
        self._few = mask[::SPARSE, ::SPARSE].astype(np.float32)
        self._places = np.flatnonzero(self._few)
        self._share = np.maximum(_mean(self._few), 1e-3)

    def amount(self, ink: Numbers) -> Densities:
        """How much of an ink there may be: 1 times its density where it is, little of the stains.

        The weights of the channels are those by which this tissue varies least: the inverse of
        its covariance times the ink.
        """
        weights = self._inverse @ ink
        weights = (weights / (weights @ ink)).astype(np.float32)
        amount: Densities = weights[0] * self._densities[0]
        term = np.empty_like(amount)
        for weight, density in zip(weights[1:], self._densities[1:], strict=True):
            amount += np.multiply(weight, density, out=term)
        return amount

    def excess(self, amount: Densities) -> tuple[Densities, float]:
        """How much more each place has than the tissue around, and the robust deviation of that.

        Strokes are left out of what is around.
        """
        few = np.ascontiguousarray(amount[::SPARSE, ::SPARSE])
        most = np.full(few.shape, np.percentile(few.take(self._places), 90), np.float32)
        level, deviation = few, 0.0
        for _ in range(3):
            around = _mean(np.minimum(few, most) * self._few)
            level = np.divide(around, self._share, dtype=np.float32)
            excess = (few - level).take(self._places)
            centre = _median(excess)
            deviation = 1.4826 * _median(np.abs(excess - centre))
            most = level + np.float32(deviation)
            level = level + np.float32(centre)
        whole = np.asarray(cv2.resize(level, amount.shape[::-1]), np.float32)
        return np.subtract(amount, whole, out=whole), deviation


def _mean(values: Densities) -> Densities:
    """Of the square around each of a few pixels."""
    return np.asarray(cv2.blur(values, (AROUND_PX // SPARSE,) * 2), np.float32)


def _median(values: Densities) -> float:
    """Of one value or more, which it puts in another order."""
    half = len(values) // 2
    values.partition(half)
    if len(values) % 2:
        return float(values[half])
    return float((values[:half].max() + values[half]) / np.float32(2))


def _inverse_covariance(samples: Numbers) -> Numbers:
    """Of (3, n) densities, without those that are far from the others."""
    usual = np.ones(samples.shape[1], np.bool_)
    inverse: Numbers = np.eye(3)
    for _ in range(3):
        covariance = np.cov(samples[:, usual]) + LEAST_VARIANCE * np.eye(3)
        inverse = np.asarray(np.linalg.inv(covariance), np.float64)
        off = samples - samples[:, usual].mean(axis=1, keepdims=True)
        distance = (off * (inverse @ off)).sum(axis=0)
        usual = distance <= FARTHEST * np.median(distance)
    return inverse
