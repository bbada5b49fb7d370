"""Slides that differ from the others of their site or cohort: robust z of what was measured."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from grossing.columns.reason_codes import SlideReason
from grossing.slide import modality

GROUP_MIN = 10  # slides; the spread of fewer cannot be told
#: standard deviation of a normal distribution from its median absolute deviation, and the distance
#: of its 15 and 85 % quantiles from the median in standard deviations
MAD_TO_SIGMA, QUANTILE_TO_SIGMA = 1.4826, 1.0364
SMALL_GROUP = 5.0  # slides: of so many the deviation is doubled
SITE, COHORT = "site", "cohort"
OUTLIER: SlideReason = "outlier"

Row = Mapping[str, Any]
Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """A column of `measured_qc`; `logarithm` for what varies by factors.

    `spread_min`, in the column's unit or as a factor's logarithm, is the least standard deviation
    that is reckoned with: slides that are closer to each other differ by nothing that matters.
    Where one `side` alone matters (1: higher values), the others have a z of 0. `below_in_site` is
    the least standard deviation for lower values among the slides of one site, else `spread_min`.
    """

    column: str
    logarithm: bool
    spread_min: float
    side: Literal[-1, 0, 1] = 0
    below_in_site: float | None = None

    def values(self, rows: Sequence[Row]) -> Values:
        """(N,) values on the scale that is compared, NaN where there is none."""
        given = np.array([np.nan if row[self.column] is None else row[self.column] for row in rows])
        if not self.logarithm:
            return np.asarray(given, np.float64)
        return np.log(np.where(given > 0, given, np.nan), dtype=np.float64)

    def z(self, values: Values, group: str) -> Values:
        """(N,) robust z of values that are compared with each other."""
        z = robust_z(values, self.spread_min)
        if group == SITE and self.below_in_site is not None:
            z = np.where(z < 0, robust_z(values, self.below_in_site), z)
        return z

    def of_its_side(self, distance: float) -> float:
        """A distance from the others, 0 on the side that does not matter."""
        return distance if not self.side or distance * self.side > 0 else 0.0


MEASURES = (
    Measure("hematoxylin_od", True, 0.08),
    Measure("eosin_od", True, 0.08),
    Measure("background_r", False, 2.5),
    Measure("background_g", False, 2.5),
    Measure("background_b", False, 2.5),
    Measure("sharpness_score", True, 0.20),
    Measure("tissue_area_mm2", True, 0.30),
)
#: the colours of the dyes, which vary little within a laboratory: of eosin (blood absorbs more
#: blue: less is another dye, or the eosin of another laboratory, which a site has not), and of
#: hematoxylin or of a dye that absorbs more red (where there are few nuclei it falls); and how much
#: of the tissue has eosin
COLOURS = (
    Measure("blue_ratio_low", False, 0.03, below_in_site=0.02),
    Measure("red_ratio_high", False, 0.02, side=1),
    Measure("eosin_extent", False, 0.1, side=-1),
)
#: column of the largest z -> what is compared
COMPARED = {"outlier_z": MEASURES, "stain_z": COLOURS}


@dataclass(frozen=True)
class Outlier:
    """A measure of a slide, its robust z, and the group (site, cohort) from which it differs."""

    column: str
    z: float
    group: str

    @property
    def text(self) -> str:
        return f"{self.column}={self.z:.3g} {self.group}"

    def reason(self, code: str, z_max: float) -> str:
        """Reason of the verdict: measure, z and limit."""
        limit = f">{z_max:g}" if self.z > 0 else f"<{-z_max:g}"
        return f"{code}={self.column}:{self.z:.3g}{limit}"


def scored(rows: Sequence[Row], measures: Sequence[Measure] = MEASURES) -> dict[str, list[Outlier]]:
    """How far each slide is from the others in each measure, by slide_id.

    A slide is compared with the slides of its site and stain; where these are fewer than
    `GROUP_MIN`, with all slides of its stain.

    Parameters
    ----------
    rows : of `measured_qc`, of the slides that are compared

    References
    ----------
    .. [1] Iglewicz, Hoaglin 1993, How to Detect and Handle Outliers.
    """
    found: dict[str, list[Outlier]] = {}
    for measure in measures:
        for row, z, group in _scores(rows, measure):
            outlier = Outlier(measure.column, measure.of_its_side(z), group)
            found.setdefault(row["slide_id"], []).append(outlier)
    return found


def robust_z(values: Values, spread_min: float = 0.0) -> Values:
    """(N,) distance from the median in standard deviations.

    The standard deviation is the larger of those that follow from the median absolute deviation
    (widened for small groups, of which it is uncertain) and from the distance of the 15 or 85 %
    quantile on the value's side of the median: a skewed distribution has a longer tail on one side,
    and more than a seventh of a group that differs alike is a group of its own (another scanner,
    another organ), and not outliers.
    """
    middle = np.median(values)
    deviation = MAD_TO_SIGMA * np.median(np.abs(values - middle)) * (1 + SMALL_GROUP / len(values))
    low, high = np.abs(np.quantile(values, [0.15, 0.85]) - middle) / QUANTILE_TO_SIGMA
    side = np.where(values < middle, low, high)
    spread = np.maximum(max(deviation, spread_min), side)
    return np.asarray((values - middle) / spread, np.float64)


def _scores(rows: Sequence[Row], measure: Measure) -> Iterator[tuple[Row, float, str]]:
    """Rows that have the measure and enough others to compare with, their z and the group."""
    values = measure.values(rows)
    stains = [modality.name(row.get("stain")) for row in rows]
    sites = [
        (stain, row["site"]) if row.get("site") else None
        for stain, row in zip(stains, rows, strict=True)
    ]
    cohorts = [(stain,) for stain in stains]
    scored: set[int] = set()
    groups: tuple[tuple[str, Sequence[tuple[str, ...] | None]], ...] = (
        (SITE, sites),
        (COHORT, cohorts),
    )
    for group, keys in groups:
        members: dict[tuple[str, ...], list[int]] = {}
        for index, key in enumerate(keys):
            if key is not None and not np.isnan(values[index]):
                members.setdefault(key, []).append(index)
        for indices in members.values():
            if len(indices) >= GROUP_MIN:
                z = measure.z(values[indices], group)
                for index, score in zip(indices, z, strict=True):
                    if index not in scored:
                        yield rows[index], float(score), group
                scored.update(indices)
