"""Thresholds on measured numbers: the one place where slides and tiles are judged."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from grossing.cohort import thresholds, unmatched_planes
from grossing.cohort.thresholds import Threshold
from grossing.columns.reason_codes import SlideReason, TileReason
from grossing.slide import grid
from grossing.slide.record import Light, Measures, SlideRecord, UsableSlide
from grossing.support import intervals
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
LEFT_OUT: SlideReason = "pictures_left_out"
ANISOTROPIC: SlideReason = "anisotropic"
DOUBTFUL: SlideReason = "mpp_doubtful"
GLASS_NOT_FOUND: SlideReason = "glass_not_found"
NO_CANDIDATE_TILE: SlideReason = "no_candidate_tile"
NO_PASSING_TILE: SlideReason = "no_passing_tile"
SUSPICIOUS_TILES: SlideReason = "suspicious_tiles"
ACCEPTED: SlideReason = "accepted_by_review"
REJECTED: SlideReason = "rejected_by_review"
OUTDATED: SlideReason = "review_outdated"
#: of slides that have nothing to be used, whoever accepts them
NEVER_ACCEPTED = (NO_TISSUE, COARSER, NO_CANDIDATE_TILE, NO_PASSING_TILE)
STATED_BY_FILE = ("file", "ome", "tiff")  # sources of a resolution
MPP_OBJECTIVE = 10.0  # um/px times objective power, of nearly all scanners
DOUBTFUL_FACTOR = 3.0  # 2 is usual with adapters
BLURRED, UNCERTAIN = "blurred_fraction", "focus_uncertain_fraction"
DYES = "foreign_dye_fraction", "eosin_fraction", "eosin_extent"
OF_USERS_MASK = (
    "mask_agreement",
    "mask_missed_fraction",
    "mask_on_glass_fraction",
    "mask_moved_gain",
)
HARMLESS_SHARE = 0.5  # of the tiles: a warning that most of them carry says nothing about one


@dataclass(frozen=True)
class Criteria:
    """What slides and tiles are judged by, as the configuration has it."""

    cohort: Mapping[str, float]
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
        limits = thresholds["cohort"], thresholds["slide"], thresholds["tile"]
        return cls(*limits, target_mpp, target_mpp_tolerance)


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


@dataclass(frozen=True)
class FocusShares:
    """Shares of the sampled tissue, None without any, and the 95 % interval of the first.

    `blurred` is a share of the places whose focus can be told, `uncertain` of all. Noise hides a
    sharp place sooner than a blurred one, therefore `low` counts the places whose focus cannot be
    told as sharp: no slide fails by them.
    """

    blurred: float | None = None
    low: float | None = None
    high: float | None = None
    uncertain: float | None = None

    @classmethod
    def of(cls, record: SlideRecord, focus_min: float) -> "FocusShares":
        if record.measures is None:
            return cls()
        focus = record.measures.focus
        values, there = focus.focus_tiles.focus, focus.focus_tiles_there
        known = [value for value in values if value is not None]
        uncertain = _rounded(1 - len(known) / len(values)) if values else None
        if not known:
            return cls(uncertain=uncertain)
        blurred = sum(value < focus_min for value in known)
        low, _ = intervals.wilson(blurred, len(values), there)
        _, high = intervals.wilson(blurred, len(known), there - len(values) + len(known))
        return cls(_rounded(blurred / len(known)), _rounded(low), _rounded(high), uncertain)


def _rounded(share: float) -> float:
    return round(share, 4)


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
    if wrong_field := _wrong_field(usable.measures.light, limits):
        return Verdict(FAIL, (wrong_field,))
    failed: list[str] = []
    mpp = usable.resolution.mpp
    if grid.is_coarser(mpp, criteria.target_mpp, criteria.target_mpp_tolerance):
        failed.append(thresholds.with_value(COARSER, mpp, criteria.target_mpp))
    focus = FocusShares.of(record, criteria.tile["focus_min"])
    values = judged_values(usable.measures, focus)
    if values["tissue_area_mm2"] == 0:
        failed.append(NO_TISSUE)
        del values["tissue_area_mm2"]
    rules = [(rule, values[rule.column]) for rule in thresholds.SLIDE if rule.column in values]
    exceeded = [rule for rule, value in rules if rule.exceeded(_surely(rule, value, focus), limits)]
    failed += [rule.text(values[rule.column], limits) for rule in exceeded]
    doubt = doubt_of(usable)
    if failed:
        return Verdict(ERROR if doubt else FAIL, (*doubt, *failed))
    near = [
        rule.text(value, limits)
        for rule, value in rules
        if rule.near(value, limits) or _undecided(rule, focus, limits)
    ]
    doubtful = [
        rule.text(values[rule.column], limits)
        for rule in thresholds.REVIEW
        if rule.column in values and rule.exceeded(values[rule.column], limits)
    ]
    return _reviewed(record, near, doubt, doubtful)


def _wrong_field(light: Light, limits: Mapping[str, float]) -> str | None:
    """The reason where a slide is dark and its stain is not fluorescence, or the reverse."""
    rule, value = judged_light(light) or (thresholds.BRIGHTFIELD, math.nan)
    return rule.text(value, limits) if rule.exceeded(value, limits) else None


def doubt_of(slide: UsableSlide) -> tuple[str, ...]:
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


def judged_values(measures: Measures, focus: FocusShares) -> dict[str, float]:
    """Numbers that `thresholds.SLIDE` and `REVIEW` judge, without what could not be measured."""
    values = vars(measures.areas) | {BLURRED: focus.blurred}
    values |= {name: getattr(measures.stain, name) for name in DYES}
    values |= {name: getattr(measures.mask, name) for name in OF_USERS_MASK}
    values["round_detail_fraction"] = measures.focus.round_detail_fraction
    if measures.areas.tissue_area_mm2:
        values[UNCERTAIN] = 1.0 if focus.uncertain is None else focus.uncertain
    return {name: value for name, value in values.items() if value is not None}


def judged_light(light: Light) -> tuple[Threshold, float] | None:
    """The rule that finds a slide of the wrong field (dark or bright), and its value."""
    if light.dark_field:
        return thresholds.DARK_FIELD, float(light.glass.max())
    return None if light.brightness is None else (thresholds.BRIGHTFIELD, light.brightness)


def _surely(rule: Threshold, value: float, focus: FocusShares) -> float:
    """The value, or the lower bound of a sampled one."""
    return focus.low if rule.column == BLURRED and focus.low is not None else value


def _undecided(rule: Threshold, focus: FocusShares, limits: Mapping[str, float]) -> bool:
    """Whether the limit lies inside the interval of a sampled value."""
    if rule.column != BLURRED or focus.low is None or focus.high is None:
        return False
    return focus.low < focus.high and focus.low <= limits[rule.limit] < focus.high


def _reviewed(
    record: SlideRecord, near: list[str], doubt: tuple[str, ...], doubtful: list[str]
) -> Verdict:
    reasons: list[str] = [*doubt, *([NEAR, *near] if near else []), *doubtful]
    if record.measures is not None and record.measures.light.background_r is None:
        reasons.append(GLASS_NOT_FOUND)
    if record.file is not None:
        reasons += unmatched_planes.reasons(record.file)
        if left_out := record.file.pictures_left_out:
            reasons.append(thresholds.with_value(LEFT_OUT, left_out, 0))
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


def with_findings(verdict: Verdict, reasons: Iterable[str]) -> Verdict:
    """REVIEW for a slide that would be tiled, where the cohort as a whole gives reasons."""
    reasons = tuple(reasons)
    if not reasons or verdict.status not in TILED:
        return verdict
    return Verdict(REVIEW, (*verdict.reasons, *reasons))


def reviewed(verdict: Verdict, decision: str, *, outdated: bool) -> Verdict:
    """A verdict after a person's `accept` or `reject`; ERROR stays.

    An accepted slide is PASS, with the reasons that it would have had another status for, unless
    there is nothing to be used of it (`NEVER_ACCEPTED`).

    Parameters
    ----------
    outdated : the person has seen another content: the decision is not applied
    """
    if outdated:
        return with_findings(verdict, [OUTDATED])
    if verdict.status == ERROR:
        return verdict
    if decision == "reject":
        return Verdict(FAIL, (REJECTED, *verdict.reasons))
    if any(reason.split("=")[0] in NEVER_ACCEPTED for reason in verdict.reasons):
        return verdict
    return Verdict(PASS, tuple(dict.fromkeys((ACCEPTED, *verdict.reasons))))


def gate_of(verdict: Verdict) -> str:
    """`pass` for a slide that is tiled, else `fail`."""
    return "pass" if verdict.status in TILED else "fail"


@dataclass(frozen=True)
class TileColumns:
    """What the tiles of a slide are judged by, (N,) each.

    `values` are the columns of `thresholds.TILE`, NaN where missing; nothing else is judged of
    `lost` tiles, which did not decode.
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

    A missing number judges nothing, with one exception: a tile whose focus cannot be told fails.

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
    untold = ~lost & np.isnan(values["focus"])
    suspicious = disagree.copy()
    for rule, beyond in exceeded.items():
        if rule.column in thresholds.SUSPICIOUS:
            suspicious |= beyond
    passed = np.asarray(~(lost | disagree | untold | np.any(list(exceeded.values()), axis=0)))
    reasons: list[str | None] = [None] * len(passed)
    for i in np.flatnonzero(~passed):
        texts = [
            rule.text(float(values[rule.column][i]), limits)
            for rule, beyond in exceeded.items()
            if beyond[i]
        ]
        texts += [DECODERS_DISAGREE] if disagree[i] else []
        texts += [NO_FOCUS] if untold[i] else []
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

    They do not lower that of a slide that a person accepts, unless no tile passes.

    Parameters
    ----------
    verdict : before tiling
    limits : the config's `thresholds.slide`
    """
    if verdict.status not in TILED:
        return verdict
    lowered = _lowered(verdict, result, limits)
    return reviewed(lowered, "accept", outdated=False) if ACCEPTED in verdict.reasons else lowered


def _lowered(verdict: Verdict, result: TilingResult, limits: Mapping[str, float]) -> Verdict:
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
