"""Thresholds on measured numbers: the one place where slides and tiles are judged."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from grossing.slide import grid

PASS, REVIEW, FAIL, ERROR = "PASS", "REVIEW", "FAIL", "ERROR"
TILED = (PASS, REVIEW)


@dataclass(frozen=True)
class Verdict:
    """Status and reasons; each reason is `code` or `code=value limit`."""

    status: str
    reasons: tuple[str, ...]

    @property
    def text(self) -> str:
        return ";".join(self.reasons)


def blurred_fraction(record: Mapping[str, Any], focus_reblur_min: float) -> float | None:
    """Share of sampled tissue tiles whose re-blur focus is below the limit; None if none was."""
    tiles = (record.get("focus_tiles") or {}).get("focus_reblur") or []
    values = [value for value in tiles if value is not None]
    if not values:
        return None
    return round(float(sum(value < focus_reblur_min for value in values)) / len(values), 4)


def slide(
    record: Mapping[str, Any],
    *,
    thresholds: Mapping[str, Mapping[str, float]],
    target_mpp: float,
    target_mpp_tolerance: float,
) -> Verdict:
    """Judge one slide from its measured JSON alone.

    Parameters
    ----------
    record : the slide's JSON
    thresholds : the config section, with `slide` and `tile`

    Returns
    -------
    ERROR: cannot be used.  FAIL: not good enough.  REVIEW: tiled like PASS, but worth a look.
    """
    if not record["readable"]:
        return Verdict(ERROR, (record["error_code"],))
    limits = thresholds["slide"]
    brightness = record["brightness"]
    if brightness is not None and brightness < limits["brightness_min"]:
        return Verdict(FAIL, (_reason("not_brightfield", brightness, limits["brightness_min"]),))
    failed = []
    if grid.is_coarser(record["mpp"], target_mpp, target_mpp_tolerance):
        failed.append(_reason("coarser_than_target", record["mpp"], target_mpp))
    measured = _measured(record, thresholds)
    if record["tissue_area_mm2"] == 0:
        failed.append("no_tissue")
        del measured["tissue_area_mm2"]
    failed += [
        _reason(c, v, limit) for c, (v, limit, sign) in measured.items() if _beyond(v, limit, sign)
    ]
    if failed:
        return Verdict(FAIL, tuple(failed))
    return _reviewed(record, measured, limits["near_margin"])


def _measured(
    record: Mapping[str, Any], thresholds: Mapping[str, Mapping[str, float]]
) -> dict[str, tuple[float, float, int]]:
    """Judged numbers: value, limit, and +1 where more is worse, -1 where less is."""
    limits = thresholds["slide"]
    blurred = blurred_fraction(record, thresholds["tile"]["focus_reblur_min"])
    pairs = {
        "tissue_area_mm2": (record["tissue_area_mm2"], limits["tissue_area_mm2_min"], -1),
        "blurred_fraction": (blurred, limits["blurred_fraction_max"], 1),
        "pen_fraction": (record["pen_fraction"], limits["pen_fraction_max"], 1),
    }
    return {code: entry for code, entry in pairs.items() if entry[0] is not None}


def _beyond(value: float, limit: float, sign: int) -> bool:
    return (value - limit) * sign > 0


def _reviewed(
    record: Mapping[str, Any], measured: Mapping[str, tuple[float, float, int]], margin: float
) -> Verdict:
    near = [
        _reason(code, value, limit)
        for code, (value, limit, _) in measured.items()
        if limit and abs(value - limit) < margin * limit
    ]
    if near:
        near.insert(0, "near_threshold")
    if record["probes_failed"] or record["focus_tiles_failed"] or record["overview_lost_fraction"]:
        near.append("salvaged")
    if record["anisotropic"]:
        near.append("anisotropic")
    return Verdict(REVIEW if near else PASS, tuple(near))


def _reason(code: str, value: float, limit: float) -> str:
    return f"{code}={value:.4g} {limit:g}"


def gate(record: Mapping[str, Any] | None, **settings: Any) -> str:
    """What tiling waits for: `pending` before the slide is measured, then `pass` or `fail`."""
    if record is None:
        return "pending"
    return "pass" if slide(record, **settings).status in TILED else "fail"


TILE_RULES = (
    ("tissue_fraction", "tissue_fraction_min", -1),
    ("focus_reblur", "focus_reblur_min", -1),
    ("pen_fraction", "pen_fraction_max", 1),
)


def tiles(
    metrics: Mapping[str, npt.NDArray[Any]], limits: Mapping[str, float]
) -> tuple[npt.NDArray[np.bool_], list[str | None]]:
    """Judge candidate tiles from their measured columns; a missing number judges nothing.

    Parameters
    ----------
    metrics : columns of `tables.TILE_METRICS` as (N,) arrays, NaN where missing
    limits : the config's `thresholds.tile`

    Returns
    -------
    (N,) bool, True where a tile passes; the reasons of each tile, None where it passes
    """
    lost = metrics["lost"]
    passed = ~lost
    beyond = {}
    for column, key, sign in TILE_RULES:
        beyond[column] = (metrics[column] - limits[key]) * sign > 0  # False for NaN
        passed = passed & ~beyond[column]
    reasons: list[str | None] = [None] * len(passed)
    for i in np.flatnonzero(~passed):
        reasons[i] = (
            "lost"
            if lost[i]
            else ";".join(
                _reason(column, metrics[column][i], limits[key])
                for column, key, _ in TILE_RULES
                if beyond[column][i]
            )
        )
    return passed, reasons


def after_tiling(
    status: str, reasons: str, *, candidates: int, lost: int, lost_fraction_max: float
) -> tuple[str, str]:
    """Final status of a slide once it is tiled; what tiling found can only lower the verdict."""
    if not lost or status not in TILED:
        return status, reasons
    share = lost / candidates
    found = [*filter(None, reasons.split(";"))]
    if share > lost_fraction_max:
        return FAIL, ";".join([*found, _reason("lost_fraction", share, lost_fraction_max)])
    return REVIEW, ";".join(dict.fromkeys([*found, "salvaged"]))
