"""The thresholds as data for the page, and the positions that a tile threshold can be moved to."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from grossing.cohort import thresholds
from grossing.cohort.decide import Criteria
from grossing.cohort.thresholds import Threshold
from grossing.columns import meanings

STAGES = {
    "bright": (thresholds.BRIGHTFIELD, thresholds.DARK_FIELD),
    "slide": thresholds.SLIDE,
    "review": thresholds.REVIEW,
    "cohort": thresholds.COHORT,
    "tiling": thresholds.AFTER_TILING,
    "tile": thresholds.TILE,
}
#: the tile threshold on which `blurred_fraction` of a slide depends
FOCUS = next(rule for rule in thresholds.TILE if rule.column.startswith("focus"))
MARGIN = "near_margin"
DARK = ".dark"  # tells the panel of dark slides from that of bright ones with the same limit
SIGNIFICANT = 3  # digits of a position


@dataclass(frozen=True)
class Positions:
    """Where the threshold of a tile rule may stand: ascending, the present limit among them."""

    rule: Threshold
    at: tuple[float, ...]

    def bins(self, values: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.uint8]:
        """(N,) for each value: how many positions are below it (max), or not above it (min).

        A tile exceeds a limit at position k where its bin is above k (max), or is at most k (min).
        Compared as `decide.tiles` compares: in the values' own precision.  A missing value never
        exceeds a limit.
        """
        edges = np.asarray(self.at).astype(values.dtype)
        side, never = ("left", 0) if self.rule.direction == "max" else ("right", len(self.at))
        bins = np.searchsorted(edges, values, side=side)  # type: ignore[call-overload]
        return np.asarray(np.where(np.isnan(values), never, bins), np.uint8)


def positions(rule: Threshold, limit: float, low: float, high: float, count: int) -> Positions:
    """About `count` round numbers between the least and the greatest value, and the limit.

    Half of them are close to the limit, where thresholds are moved.
    """
    allowed = meanings.LIMITS[f"tile.{rule.limit}"]["range"]
    least, most = allowed[0] or 0, math.inf if allowed[1] is None else allowed[1]
    low, high = max(least, min(low, limit)), min(most, max(high, limit))
    around = max(abs(limit), 0.05 * (high - low)) / 2
    wide = np.linspace(low, high, max(2, count // 2))
    close = np.linspace(max(low, limit - around), min(high, limit + around), count // 2)
    at = {float(f"{value:.{SIGNIFICANT}g}") for value in (*wide, *close)}
    return Positions(rule, tuple(sorted({limit, *(v for v in at if least <= v <= most)})))


def as_data(criteria: Criteria, steps: Mapping[str, Positions]) -> list[dict[str, Any]]:
    """Every threshold with what the page needs to judge by it and to explain it."""
    listed: list[dict[str, Any]] = []
    for stage, rules in STAGES.items():
        section = stage if stage in ("tile", "cohort") else "slide"
        limits = getattr(criteria, section)
        of_table = meanings.COLUMNS["patch_cohort" if stage == "tile" else "cohort_qc"]
        for rule in rules:
            limit = meanings.LIMITS[f"{section}.{rule.limit}"]
            listed.append(
                {
                    "stage": stage,
                    "id": f"{section}.{rule.limit}{DARK if rule is thresholds.DARK_FIELD else ''}",
                    "key": f"{section}.{rule.limit}",
                    "column": rule.column,
                    "direction": rule.direction,
                    "code": rule.reason,
                    "limit": float(limits[rule.limit]),
                    "range": limit["range"],
                    "integer": limit["integer"],
                    "meaning": limit["meaning"],
                    "unit": of_table.get(rule.column, {}).get("unit", ""),
                    "suspicious": stage == "tile" and rule.column in thresholds.SUSPICIOUS,
                    "positions": steps[rule.limit].at if stage == "tile" else None,
                }
            )
    return listed
