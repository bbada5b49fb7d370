"""What the job of a slide costs, as a linear function of the slide's size.

Coefficients are never negative: a larger slide is never cheaper, also beyond the sizes that they
were fitted to.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from grossing.cohort.slide_header import Size

#: slides that were worked on, not refused, from which coefficients are fitted
SLIDES_MIN = 5
#: cost, relative to the median, below which jobs count the same
SMALLEST = 0.02
#: per job; per job of a slide that can be used; per gigapixel of it, as `Size` has them
TERMS = ("job", "slide", "target", "tissue", "read")

Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Observation:
    """A job that ran: the slide's size (None: nothing was to be done), and what it cost.

    `wall_s` and `cpu_s` are seconds, `written_bytes` and `written_files` those of its outputs.
    """

    size: Size | None
    cpu_s: float
    wall_s: float
    written_bytes: int
    written_files: int


@dataclass(frozen=True)
class Coefficients:
    """One cost: a coefficient per term, and the error of the sum over a handful of slides.

    `error` is relative; of a fit it is that of slides that were left out of it, one at a time.
    """

    values: tuple[float, ...]
    error: float

    def of(self, size: Size | None) -> float:
        """The cost of a job."""
        return float(np.dot(terms(size), self.values))


@dataclass(frozen=True)
class RuleCosts:
    """CPU seconds, bytes and files of the jobs of one rule, from how many slides (0: shipped)."""

    cpu_s: Coefficients
    written_bytes: Coefficients
    written_files: Coefficients
    slides: int = 0

    @classmethod
    def fitted(cls, observations: Sequence[Observation]) -> Self | None:
        """Of earlier jobs; None where they are too few."""
        slides = sum(one.size is not None for one in observations)
        if slides < SLIDES_MIN:
            return None
        return cls(
            _coefficients(observations, lambda one: one.cpu_s),
            _coefficients(observations, lambda one: one.written_bytes),
            _coefficients(observations, lambda one: one.written_files),
            slides,
        )


def terms(size: Size | None) -> Vector:
    """(5,) what the coefficients are multiplied by."""
    if size is None:
        return np.array([1.0, 0, 0, 0, 0])
    planes = size.planes
    return np.array([1.0, 1, planes * size.target, planes * size.tissue, planes * size.read])


def _coefficients(
    observations: Sequence[Observation], cost: Callable[[Observation], float]
) -> Coefficients:
    table = np.array([terms(one.size) for one in observations])
    costs = np.array([cost(one) for one in observations], float)
    values = _fit(table, costs)
    used = [i for i, one in enumerate(observations) if one.size]
    left_out = np.array(
        [table[i] @ _fit(np.delete(table, i, 0), np.delete(costs, i)) for i in used]
    )
    real = costs[used]
    error = float(np.abs(left_out - real).sum() / max(real.sum(), 1e-9))
    return Coefficients(tuple(float(f"{value:.4g}") for value in values), round(error, 3))


def _fit(table: Vector, costs: Vector) -> Vector:
    """(K,) coefficients; the variance of a cost grows with it, as that of a sum over tiles does.

    Without weights the largest slides alone decide, and small ones are off by a multiple.
    """
    least = max(SMALLEST * float(np.median(costs)), 1e-9)
    weights = 1 / np.sqrt(np.maximum(costs, least))
    return non_negative(table * weights[:, None], costs * weights)


def non_negative(table: Vector, costs: Vector) -> Vector:
    """Least squares without negative coefficients, exact: every set of terms is tried.

    Parameters
    ----------
    table : (N, K) terms of each observation
    costs : (N,)

    Returns
    -------
    (K,)
    """
    scale = np.abs(table).max(axis=0)
    scale[scale == 0] = 1
    best, least = np.zeros(table.shape[1]), float(np.square(costs).sum())
    for count in range(1, table.shape[1] + 1):
        for chosen in map(list, itertools.combinations(range(table.shape[1]), count)):
            part = np.linalg.lstsq(table[:, chosen] / scale[chosen], costs, rcond=None)[0]
            error = float(np.square(table[:, chosen] / scale[chosen] @ part - costs).sum())
            if (part >= 0).all() and error < least * (1 - 1e-9):
                least, best = error, np.zeros(table.shape[1])
                best[chosen] = part / scale[chosen]
    return best
