"""Thresholds on measured numbers: the one place where slides and tiles are judged."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grossing.cohort import thresholds
from grossing.columns.reason_codes import SlideReason, TileReason
from grossing.slide import grid
from grossing.slide.record import Measures, SlideRecord, UsableSlide
from grossing.support.types import Mask

PASS, REVIEW, FAIL, ERROR = "PASS", "REVIEW", "FAIL", "ERROR"
STATUSES = (PASS, REVIEW, FAIL, ERROR)
TILED = (PASS, REVIEW)
LOST: TileReason = "lost"
DECODERS_DISAGREE: TileReason = "decoders_disagree"
NO_FOCUS: TileReason = "no_focus"
COARSER: SlideReason = "coarser_than_target"
NO_TISSUE: SlideReason = "no_tissue"
NEAR: SlideReason = "near_threshold"
SALVAGED: SlideReason = "salvaged"
ANISOTROPIC: SlideReason = "anisotropic"
DOUBTFUL: SlideReason = "mpp_doubtful"
NO_CANDIDATE_TILE: SlideReason = "no_candidate_tile"
NO_PASSING_TILE: SlideReason = "no_passing_tile"
SUSPICIOUS_TILES: SlideReason = "suspicious_tiles"
STATED_BY_FILE = ("file", "tiff")  # sources of a resolution
MPP_OBJECTIVE = 10.0  # um/px times objective power, of nearly all scanners
DOUBTFUL_FACTOR = 3.0  # 2 is usual with adapters
HARMLESS_SHARE = 0.5  # of the tiles: a warning that most of them carry says nothing about one


@dataclass(frozen=True)
class Criteria:
    """What slides and tiles are judged by, as the configuration has it."""

    slide: Mapping[str, float]
    tile: Mapping[str, float]
    target_mpp: float
    target_mpp_tolerance: float

    @classmethod
    def from_config(
        cls,
        *,
        thresholds: Mapping[str, Mapping[str, float]],
        target_mpp: float,
        target_mpp_tolerance: float,
    ) -> "Criteria":
        return cls(thresholds["slide"], thresholds["tile"], target_mpp, target_mpp_tolerance)


@dataclass(frozen=True)
class Verdict:
    """Status and reasons; each reason is `code` or `code=value>limit`."""

    status: str
    reasons: tuple[str, ...] = ()

    @property
    def text(self) -> str | None:
        return ";".join(self.reasons) or None

    @classmethod
    def from_text(cls, status: str, text: str | None) -> "Verdict":
        return cls(status, tuple(filter(None, (text or "").split(";"))))


def blurred_fraction(record: SlideRecord, focus_reblur_min: float) -> float | None:
    """Share of sampled tissue tiles whose re-blur focus is below the limit; None without any."""
    focus = record.measures.focus.focus_tiles.focus_reblur if record.measures else ()
    values = [value for value in focus if value is not None]
    if not values:
        return None
    return round(float(sum(value < focus_reblur_min for value in values)) / len(values), 4)


def slide(record: SlideRecord, criteria: Criteria) -> Verdict:
    """Judge one slide from what was measured of it, before it is tiled.

    Returns
    -------
    ERROR: cannot be used, or is not good enough at a resolution that is doubtful.  FAIL: not good
    enough.  REVIEW: tiled like PASS, but worth a look.
    """
    if record.refusal is not None:
        return Verdict(ERROR, (record.refusal.code,))
    usable, limits = record.usable(), criteria.slide
    brightness, bright = usable.measures.light.brightness, thresholds.BRIGHTFIELD
    if brightness is not None and bright.exceeded(brightness, limits):
        return Verdict(FAIL, (bright.text(brightness, limits),))
    failed: list[str] = []
    mpp = usable.resolution.mpp
    if grid.is_coarser(mpp, criteria.target_mpp, criteria.target_mpp_tolerance):
        failed.append(thresholds.with_value(COARSER, mpp, criteria.target_mpp))
    values = judged_values(
        usable.measures, blurred_fraction(record, criteria.tile["focus_reblur_min"])
    )
    if values["tissue_area_mm2"] == 0:
        failed.append(NO_TISSUE)
        del values["tissue_area_mm2"]
    rules = [(rule, values[rule.column]) for rule in thresholds.SLIDE if rule.column in values]
    failed += [rule.text(value, limits) for rule, value in rules if rule.exceeded(value, limits)]
    doubt = _doubt(usable)
    if failed:
        return Verdict(ERROR if doubt else FAIL, (*doubt, *failed))
    near = [rule.text(value, limits) for rule, value in rules if rule.near(value, limits)]
    return _reviewed(record, near, doubt)


def _doubt(slide: UsableSlide) -> tuple[str, ...]:
    """`mpp_doubtful` where the file's resolution and its objective power contradict each other."""
    resolution, objective = slide.resolution, slide.file.objective
    if resolution.mpp_source not in STATED_BY_FILE or objective is None:
        return ()
    lowest, highest = MPP_OBJECTIVE / DOUBTFUL_FACTOR, MPP_OBJECTIVE * DOUBTFUL_FACTOR
    product = resolution.mpp * objective
    if lowest <= product <= highest:
        return ()
    limit = f"<{lowest:.4g}" if product < lowest else f">{highest:.4g}"
    return (f"{DOUBTFUL}={resolution.mpp:.4g}*{objective:.4g}{limit}",)


def judged_values(measures: Measures, blurred: float | None) -> dict[str, float]:
    """Numbers that `thresholds.SLIDE` judges; those that could not be measured are left out."""
    values = vars(measures.areas) | {"blurred_fraction": blurred}
    return {name: value for name, value in values.items() if value is not None}


def _reviewed(record: SlideRecord, near: list[str], doubt: tuple[str, ...]) -> Verdict:
    reasons: list[str] = [*doubt, *([NEAR, *near] if near else [])]
    if _has_losses(record):
        reasons.append(SALVAGED)
    if record.resolution is not None and record.resolution.anisotropic:
        reasons.append(ANISOTROPIC)
    return Verdict(REVIEW if reasons else PASS, tuple(reasons))


def _has_losses(record: SlideRecord) -> bool:
    """Whether a part of the slide did not decode."""
    measures, probes = record.measures, record.probes
    return bool(
        (probes and probes.probes_failed)
        or (measures and measures.focus.focus_tiles_failed)
        or (measures and measures.areas.overview_lost_fraction)
    )


def gate_of(verdict: Verdict) -> str:
    """`pass` for a slide that is tiled, else `fail`."""
    return "pass" if verdict.status in TILED else "fail"


@dataclass(frozen=True)
class TileColumns:
    """What the tiles of a slide are judged by, (N,) each.

    `values` are the columns of `thresholds.TILE` and `laplacian_var`, NaN where missing; nothing
    else is judged of `lost` tiles, which did not decode.
    """

    values: Mapping[str, npt.NDArray[np.float64]]
    lost: Mask
    decoders_disagree: Mask


@dataclass(frozen=True)
class JudgedTiles:
    """(N,) bool, True where a tile passes, and where it may show something else than the slide;
    the reasons of each tile, None where it passes."""

    passed: Mask
    suspicious: Mask
    reasons: list[str | None]


def tiles(columns: TileColumns, limits: Mapping[str, float]) -> JudgedTiles:
    """Judge candidate tiles from their measured columns.

    A missing number judges nothing, with one exception: a tile whose resolution allows to measure
    focus and that has none shows one colour, and fails.

    Parameters
    ----------
    limits : the config's `thresholds.tile`
    """
    values, lost = columns.values, columns.lost
    exceeded = {
        rule: (
            values[rule.column] > limits[rule.limit]
            if rule.direction == "max"
            else values[rule.column] < limits[rule.limit]
        )
        for rule in thresholds.TILE
    }
    disagree = columns.decoders_disagree & ~lost
    if disagree.sum() > HARMLESS_SHARE * max(1, (~lost).sum()):  # a habit of the scanner
        disagree = np.zeros_like(disagree)
    constant = ~lost & np.isnan(values["focus_reblur"]) & ~np.isnan(values["laplacian_var"])
    suspicious = disagree.copy()
    for rule, beyond in exceeded.items():
        if rule.column in thresholds.SUSPICIOUS:
            suspicious |= beyond
    passed = np.asarray(~(lost | disagree | constant | np.any(list(exceeded.values()), axis=0)))
    reasons: list[str | None] = [None] * len(passed)
    for i in np.flatnonzero(~passed):
        texts = [
            rule.text(float(values[rule.column][i]), limits)
            for rule, beyond in exceeded.items()
            if beyond[i]
        ]
        texts += [DECODERS_DISAGREE] if disagree[i] else []
        texts += [NO_FOCUS] if constant[i] else []
        reasons[i] = LOST if lost[i] else ";".join(texts)
    return JudgedTiles(passed, suspicious, reasons)


@dataclass(frozen=True)
class TilingResult:
    """What tiling found of a slide; the fractions are shares of the candidates, 0 without any."""

    candidates: int
    passed: int
    lost_fraction: float
    suspicious_fraction: float
    absent_fraction: float


def after_tiling(verdict: Verdict, result: TilingResult, limits: Mapping[str, float]) -> Verdict:
    """Final verdict of a slide once it is tiled; the results of tiling can only lower it.

    Parameters
    ----------
    verdict : before tiling
    limits : the config's `thresholds.slide`
    """
    if verdict.status not in TILED:
        return verdict
    shares = vars(result)
    failed = [
        rule.text(shares[rule.column], limits)
        for rule in thresholds.AFTER_TILING
        if rule.exceeded(shares[rule.column], limits)
    ]
    if not result.passed:
        failed.append(NO_PASSING_TILE if result.candidates else NO_CANDIDATE_TILE)
    if failed:
        doubtful = any(reason.startswith(f"{DOUBTFUL}=") for reason in verdict.reasons)
        return Verdict(ERROR if doubtful else FAIL, (*verdict.reasons, *failed))
    reasons = [SALVAGED] if result.lost_fraction else []
    reasons += [SUSPICIOUS_TILES] if result.suspicious_fraction else []
    if reasons:
        return Verdict(REVIEW, tuple(dict.fromkeys([*verdict.reasons, *reasons])))
    return verdict
