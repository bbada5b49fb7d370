"""Verdicts: thresholds applied to measured numbers, with reasons that say which way."""

import itertools
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
from grossing.cohort import decide, duplicates, outliers, thresholds
from grossing.cohort.decide import Criteria, TileColumns, TilingResult, Verdict
from grossing.columns.error_codes import ErrorCode
from grossing.columns.reason_codes import SlideReason, TileReason
from records import good, refused
from stages import CONFIG, CRITERIA

SLIDE_LIMITS = {
    "tissue_area_mm2_min": 0.1,
    "blurred_fraction_max": 0.2,
    "focus_uncertain_fraction_max": 0.2,
    "possible_pen_area_mm2_max": 0.05,
    "faint_tissue_fraction_max": 0.1,
    "thin_tissue_fraction_max": 0.6,
    "round_detail_fraction_min": 0.2,
    "foreign_dye_fraction_max": 0.15,
    "eosin_fraction_min": 0.05,
    "eosin_extent_min": 0.3,
    "mask_agreement_min": 0.9,
    "mask_missed_fraction_max": 0.3,
    "mask_on_glass_fraction_max": 0.2,
    "mask_moved_gain_max": 0.1,
    "pen_fraction_max": 0.3,
    "brightness_min": 90.0,
    "lost_fraction_max": 0.05,
    "absent_fraction_max": 0.2,
    "suspicious_fraction_max": 0.05,
    "near_margin": 0.1,
}
TILE_LIMITS = {
    "tissue_fraction_min": 0.5,
    "focus_min": 1.0,
    "pen_fraction_max": 0.05,
    "absent_fraction_max": 0.05,
    "overview_difference_max": 20.0,
    "seam_step_max": 7.0,
}
BY = Criteria({}, SLIDE_LIMITS, TILE_LIMITS, target_mpp=0.5, target_mpp_tolerance=0.02)
ALL_PASS = TilingResult(
    candidates=100, passed=9, lost_fraction=0.0, suspicious_fraction=0.0, absent_fraction=0.0
)
OF_SLIDES = (
    thresholds.BRIGHTFIELD,
    *thresholds.SLIDE,
    *thresholds.REVIEW,
    *thresholds.AFTER_TILING,
)


def sampled(blurred: int, places: int, there: int) -> dict[str, Any]:
    focus = (0.3,) * blurred + (1.6,) * (places - blurred)
    return {"focus": focus, "focus_tiles_there": there}


@pytest.mark.parametrize(
    ("changes", "status", "reasons"),
    [
        ({}, "PASS", None),
        ({"tissue_area_mm2": 0.0}, "FAIL", "no_tissue"),
        ({"tissue_area_mm2": 0.05}, "FAIL", "tissue_area_mm2=0.05<0.1"),
        ({"tissue_area_mm2": 0.1}, "REVIEW", "near_threshold;tissue_area_mm2=0.1=0.1"),
        ({"tissue_area_mm2": 0.105}, "REVIEW", "near_threshold;tissue_area_mm2=0.105>0.1"),
        ({"tissue_area_mm2": 0.0999999}, "FAIL", "tissue_area_mm2=0.0999999<0.1"),
        ({"tissue_area_mm2": 0.12}, "PASS", None),
        ({"background_r": None}, "REVIEW", "glass_not_found"),
        ({"possible_pen_area_mm2": 0.06}, "REVIEW", "possible_pen=0.06>0.05"),
        ({"possible_pen_area_mm2": 0.05}, "PASS", None),
        ({"faint_tissue_fraction": 0.2}, "REVIEW", "faint_tissue=0.2>0.1"),
        ({"faint_tissue_fraction": 0.1}, "PASS", None),
        ({"faint_tissue_fraction": None}, "PASS", None),
        ({"thin_tissue_fraction": 0.7}, "REVIEW", "thin_tissue=0.7>0.6"),
        ({"round_detail_fraction": 0.1}, "REVIEW", "possible_dirt=0.1<0.2"),
        ({"round_detail_fraction": None}, "PASS", None),
        ({"pen_fraction": 0.28}, "REVIEW", "near_threshold;pen_fraction=0.28<0.3"),
        ({"mpp": 0.52}, "FAIL", "coarser_than_target=0.52>0.5"),
        ({"mpp": 0.509}, "PASS", None),
        ({"brightness": 13.0, "pen_fraction": 1.0}, "FAIL", "not_brightfield=13<90"),
        ({"brightness": None}, "PASS", None),
        ({"pen_fraction": 0.5}, "FAIL", "pen_fraction=0.5>0.3"),
        ({"focus": (0.3,) * 3 + (1.6,) * 7}, "FAIL", "blurred_fraction=0.3>0.2"),
        ({"focus": (0.3, None, 1.6, 1.6)}, "FAIL", "blurred_fraction=0.3333>0.2"),
        (
            {"focus": (0.3,) * 8 + (None,) * 36 + (1.6,) * 20},
            "REVIEW",
            "near_threshold;blurred_fraction=0.2857>0.2;focus_uncertain=0.5625>0.2",
        ),
        ({"focus": (0.3,) * 20 + (None,) * 40}, "FAIL", "blurred_fraction=1>0.2"),
        ({"focus": (None, 1.6) * 2}, "REVIEW", "focus_uncertain=0.5>0.2"),
        ({"focus": (None,) + (1.6,) * 9}, "PASS", None),
        ({"focus": (None, None)}, "REVIEW", "focus_uncertain=1>0.2"),
        ({"focus": ()}, "REVIEW", "focus_uncertain=1>0.2"),
        (sampled(14, 64, 5000), "REVIEW", "near_threshold;blurred_fraction=0.2188>0.2"),
        (sampled(10, 64, 5000), "REVIEW", "near_threshold;blurred_fraction=0.1562<0.2"),
        (sampled(14, 64, 64), "FAIL", "blurred_fraction=0.2188>0.2"),
        (sampled(6, 64, 5000), "PASS", None),
        (sampled(26, 64, 5000), "FAIL", "blurred_fraction=0.4062>0.2"),
        (sampled(16, 64, 64), "FAIL", "blurred_fraction=0.25>0.2"),
        ({"foreign_dye_fraction": 0.4}, "REVIEW", "stain_differs=0.4>0.15"),
        ({"foreign_dye_fraction": 0.15}, "PASS", None),
        ({"eosin_fraction": 0.01}, "REVIEW", "stain_differs=eosin_fraction:0.01<0.05"),
        (
            {"eosin_fraction": 0.2, "eosin_extent": 0.2},
            "REVIEW",
            "stain_differs=eosin_extent:0.2<0.3",
        ),
        ({"anisotropic": True}, "REVIEW", "anisotropic"),
        ({"probes_failed": 1}, "REVIEW", "salvaged"),
        ({"focus_tiles_failed": 1}, "REVIEW", "salvaged"),
        ({"overview_lost_fraction": 0.001}, "REVIEW", "salvaged"),
        (
            {"tissue_area_mm2": 0.01, "pen_fraction": 0.9, "probes_failed": 1},
            "FAIL",
            "tissue_area_mm2=0.01<0.1;pen_fraction=0.9>0.3",
        ),
        (
            {"tissue_area_mm2": 0.0, "pen_fraction": 0.9, "mpp": 0.7},
            "FAIL",
            "coarser_than_target=0.7>0.5;no_tissue;pen_fraction=0.9>0.3",
        ),
        (
            {"pen_fraction": 0.3, "anisotropic": True, "probes_failed": 1},
            "REVIEW",
            "near_threshold;pen_fraction=0.3=0.3;salvaged;anisotropic",
        ),
    ],
)
def test_slides(changes: dict[str, Any], status: str, reasons: str | None) -> None:
    verdict = decide.slide(good(**changes), BY)
    assert (verdict.status, verdict.text) == (status, reasons)
    assert Verdict.from_text(status, reasons) == verdict
    assert decide.gate_of(verdict) == ("fail" if status == "FAIL" else "pass")


@pytest.mark.parametrize("code", get_args(ErrorCode))
def test_a_refused_slide_is_an_error_whatever_else_is_known_of_it(code: ErrorCode) -> None:
    bare = refused(code=code)
    for record in (bare, replace(good(), measures=None, refusal=bare.refusal)):
        verdict = decide.slide(record, BY)
        assert verdict == Verdict("ERROR", (code,))
        assert decide.gate_of(verdict) == "fail"


def test_limits_that_fail_nothing() -> None:
    off = SLIDE_LIMITS | {"tissue_area_mm2_min": 0, "pen_fraction_max": 1, "near_margin": 0}
    record = good(tissue_area_mm2=1e-4, pen_fraction=1.0)
    assert decide.slide(record, replace(BY, slide=off)) == Verdict("PASS")


GOOD_TILE = {
    "tissue_fraction": 0.9,
    "focus": 1.6,
    "pen_fraction": 0.0,
    "absent_fraction": 0.0,
    "overview_difference": 2.0,
    "seam_step": 1.0,
}
NAN = float("nan")
#: how a tile differs -> its reasons
TILES: list[tuple[dict[str, Any], str | None]] = [
    ({}, None),
    (
        {"tissue_fraction": 0.4, "focus": 0.3},
        "tissue_fraction=0.4<0.5;focus=0.3<1",
    ),
    ({"focus": NAN}, "no_focus"),
    ({"pen_fraction": 0.2}, "pen_fraction=0.2>0.05"),
    ({"absent_fraction": 0.3}, "absent_fraction=0.3>0.05"),
    ({"overview_difference": 90.0}, "overview_difference=90>20"),
    ({"seam_step": 9.5}, "seam_step=9.5>7"),
    ({"overview_difference": NAN, "seam_step": NAN}, None),
    ({"tissue_fraction": 0.5, "focus": 1.0, "pen_fraction": 0.05}, None),
    ({"lost": True, "pen_fraction": 0.9}, "lost"),
    ({"decoders_disagree": True}, "decoders_disagree"),
    ({"decoders_disagree": True, "pen_fraction": 0.2}, "pen_fraction=0.2>0.05;decoders_disagree"),
]


def columns(*changes: dict[str, Any]) -> TileColumns:
    rows = [GOOD_TILE | {"lost": False, "decoders_disagree": False} | each for each in changes]
    arrays = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    flags = {name: arrays.pop(name).astype(bool) for name in ("lost", "decoders_disagree")}
    return TileColumns(arrays, **flags)


def test_tiles() -> None:
    judged = decide.tiles(columns(*(changes for changes, _ in TILES)), TILE_LIMITS)
    assert judged.reasons == [reasons for _, reasons in TILES]
    assert judged.passed.tolist() == [reasons is None for _, reasons in TILES]
    telling = ("overview_difference=", "seam_step=", "decoders_disagree")
    assert judged.suspicious.tolist() == [
        any(code in (reasons or "") for code in telling) for _, reasons in TILES
    ]


def test_decoders_that_disagree_on_most_tiles_are_a_habit_of_the_scanner() -> None:
    disagree = {"decoders_disagree": True}
    half, most = ([disagree] * number + [{}] * (8 - number) for number in (4, 5))
    assert decide.tiles(columns(*half), TILE_LIMITS).suspicious.sum() == 4
    judged = decide.tiles(columns(*most), TILE_LIMITS)
    assert judged.passed.all() and not judged.suspicious.any()


def test_every_reason_of_the_list_is_one_that_a_tile_can_have() -> None:
    codes = {code.split("=")[0] for _, text in TILES if text for code in text.split(";")}
    assert codes == set(get_args(TileReason))


@pytest.mark.parametrize(
    ("before", "result", "after"),
    [
        ("PASS", {}, "PASS"),
        ("PASS", {"lost_fraction": 0.03}, "REVIEW salvaged"),
        ("PASS", {"lost_fraction": 0.05}, "REVIEW salvaged"),
        ("PASS", {"lost_fraction": 0.1}, "FAIL lost_fraction=0.1>0.05"),
        ("REVIEW salvaged", {"lost_fraction": 0.03}, "REVIEW salvaged"),
        ("REVIEW anisotropic", {"lost_fraction": 0.03}, "REVIEW anisotropic;salvaged"),
        ("REVIEW salvaged", {"lost_fraction": 0.1}, "FAIL salvaged;lost_fraction=0.1>0.05"),
        ("PASS", {"suspicious_fraction": 0.01}, "REVIEW suspicious_tiles"),
        ("PASS", {"suspicious_fraction": 0.1}, "FAIL suspicious_fraction=0.1>0.05"),
        ("PASS", {"absent_fraction": 0.2}, "PASS"),
        ("PASS", {"absent_fraction": 0.3}, "FAIL absent_fraction=0.3>0.2"),
        ("PASS", {"passed": 0}, "FAIL no_passing_tile"),
        ("PASS", {"passed": 0, "lost_fraction": 1.0}, "FAIL lost_fraction=1>0.05;no_passing_tile"),
        ("PASS", {"candidates": 0, "passed": 0}, "FAIL no_candidate_tile"),
        ("FAIL no_tissue", {"candidates": 0, "passed": 0}, "FAIL no_tissue"),
        ("ERROR unreadable", {"candidates": 0, "passed": 0}, "ERROR unreadable"),
    ],
)
def test_tiling_can_only_lower_a_verdict(before: str, result: dict[str, Any], after: str) -> None:
    first, wanted = (Verdict.from_text(*text.partition(" ")[::2]) for text in (before, after))
    final = decide.after_tiling(first, replace(ALL_PASS, **result), SLIDE_LIMITS)
    assert final == wanted
    assert decide.STATUSES.index(final.status) >= decide.STATUSES.index(first.status)


@pytest.mark.parametrize(
    ("before", "choice", "outdated", "after"),
    [
        ("PASS", "accept", False, "PASS accepted_by_review"),
        ("REVIEW salvaged", "accept", False, "PASS accepted_by_review;salvaged"),
        (
            "FAIL pen_fraction=0.9>0.3",
            "accept",
            False,
            "PASS accepted_by_review;pen_fraction=0.9>0.3",
        ),
        ("FAIL pen_fraction=0.9>0.3;no_tissue", "accept", False, "="),
        ("FAIL coarser_than_target=5>0.5", "accept", False, "="),
        ("ERROR unreadable", "accept", False, "="),
        ("ERROR unreadable", "reject", False, "="),
        ("PASS", "reject", False, "FAIL rejected_by_review"),
        ("REVIEW salvaged", "reject", False, "FAIL rejected_by_review;salvaged"),
        ("FAIL no_tissue", "reject", False, "FAIL rejected_by_review;no_tissue"),
        ("PASS", "accept", True, "REVIEW review_outdated"),
        ("PASS", "reject", True, "REVIEW review_outdated"),
        ("REVIEW salvaged", "accept", True, "REVIEW salvaged;review_outdated"),
        ("FAIL pen_fraction=0.9>0.3", "accept", True, "="),
        ("ERROR unreadable", "accept", True, "="),
    ],
)
def test_a_person_overrides_thresholds_but_not_what_cannot_be_used(
    before: str, choice: str, outdated: bool, after: str
) -> None:
    first = Verdict.from_text(*before.partition(" ")[::2])
    wanted = first if after == "=" else Verdict.from_text(*after.partition(" ")[::2])
    assert decide.reviewed(first, choice, outdated=outdated) == wanted


@pytest.mark.parametrize(
    ("result", "after"),
    [
        ({}, "PASS accepted_by_review;salvaged"),
        ({"lost_fraction": 0.1}, "PASS accepted_by_review;salvaged;lost_fraction=0.1>0.05"),
        ({"passed": 0}, "FAIL accepted_by_review;salvaged;no_passing_tile"),
        ({"candidates": 0, "passed": 0}, "FAIL accepted_by_review;salvaged;no_candidate_tile"),
    ],
)
def test_tiling_lowers_an_accepted_slide_only_where_nothing_is_left(
    result: dict[str, Any], after: str
) -> None:
    before = Verdict("PASS", ("accepted_by_review", "salvaged"))
    final = decide.after_tiling(before, replace(ALL_PASS, **result), SLIDE_LIMITS)
    assert final == Verdict.from_text(*after.partition(" ")[::2])


def test_the_cohort_gives_no_reasons_to_slides_that_are_not_tiled() -> None:
    for status in ("FAIL", "ERROR"):
        verdict = Verdict(status, ("no_tissue",))
        assert decide.with_findings(verdict, ["outlier=eosin_od:7>6"]) == verdict
    assert decide.with_findings(Verdict("PASS"), []) == Verdict("PASS")


def test_every_reason_of_the_list_is_one_that_a_slide_can_have() -> None:
    choices: dict[str, list[Any]] = {
        "mpp": [0.5, 5.0],
        "tissue_area_mm2": [9.0, 0.0, 0.05, 0.105],
        "pen_fraction": [0.0, 0.29, 0.9],
        "brightness": [240.0, 20.0],
        "dark_field": [False, True],
        "foreign_dye_fraction": [None, 0.9],
        "eosin_fraction": [None, 0.0],
        "anisotropic": [False, True],
        "probes_failed": [0, 1],
        "focus": [(1.6,), (0.1,), (None,)],
        "background_r": [240, None],
        "possible_pen_area_mm2": [0.0, 0.06],
        "faint_tissue_fraction": [0.0, 0.3],
        "thin_tissue_fraction": [0.0, 0.7],
        "round_detail_fraction": [0.4, 0.1],
    }
    reasons: set[str] = {outliers.OUTLIER, *duplicates.REASONS.values()}
    unmatched = decide.slide(good(plane_shift_px=0.8, plane_light=0.2), BY)
    assert unmatched == Verdict("REVIEW", ("plane_shift=0.8>0.5", "plane_light=0.2>0.03"))
    assert decide.slide(good(pictures_left_out=2), BY).reasons == ("pictures_left_out=2>0",)
    reasons |= {"plane_shift", "plane_light", "pictures_left_out"}
    mask = {"mask_agreement": 0.8, "mask_missed_fraction": 0.4, "mask_on_glass_fraction": 0.3}
    misplaced = decide.slide(good(mask_source="user", **mask, mask_moved_gain=0.2), BY)
    assert misplaced == Verdict(
        "REVIEW",
        (
            "mask_disagrees=0.8<0.9",
            "mask_misses_tissue=0.4>0.3",
            "mask_on_glass=0.3>0.2",
            "mask_misplaced=0.2>0.1",
        ),
    )
    reasons |= {reason.split("=")[0] for reason in misplaced.reasons}
    for choice, outdated in (("accept", False), ("reject", False), ("accept", True)):
        reasons |= set(decide.reviewed(Verdict("PASS"), choice, outdated=outdated).reasons)
    for values in itertools.product(*choices.values()):
        verdict = decide.slide(good(**dict(zip(choices, values, strict=True))), BY)
        results = [TilingResult(9, 0, 1.0, 1.0, 1.0), TilingResult(99, 9, 0.01, 0.01, 0.0)]
        for result in (*results, TilingResult(0, 0, 0.0, 0.0, 0.0)):
            final = decide.after_tiling(verdict, result, SLIDE_LIMITS)
            reasons |= {reason.split("=")[0] for reason in (*verdict.reasons, *final.reasons)}
    assert reasons == set(get_args(SlideReason))


# The tables of thresholds


@pytest.mark.parametrize(
    ("rules", "section", "reasons", "margin"),
    [
        (OF_SLIDES, "slide", SlideReason, {"near_margin"}),
        (thresholds.TILE, "tile", TileReason, set()),
    ],
)
def test_every_threshold_has_its_key_and_its_code(
    rules: tuple[thresholds.Threshold, ...], section: str, reasons: Any, margin: set[str]
) -> None:
    assert {rule.limit for rule in rules} | margin == set(CONFIG["thresholds"][section])
    assert {rule.reason for rule in rules} <= set(get_args(reasons))
    for rule in rules:
        assert rule.limit == f"{rule.column}_{rule.direction}"


@pytest.mark.parametrize("rule", [*OF_SLIDES, *thresholds.TILE], ids=lambda rule: rule.limit)
def test_a_threshold_is_exceeded_on_its_side_alone(rule: thresholds.Threshold) -> None:
    limits, sign = {rule.limit: 0.5, "near_margin": 0.1}, 1 if rule.direction == "max" else -1
    beyond, within = 0.5 + sign * 0.2, 0.5 - sign * 0.2
    assert rule.exceeded(beyond, limits)
    assert not any(rule.exceeded(value, limits) for value in (0.5, within, float("nan")))
    named = f"{rule.column}:" if rule.is_named else ""
    text = f"{rule.reason}={named}{beyond:g}{'>' if sign > 0 else '<'}0.5"
    assert rule.text(beyond, limits) == text
    assert rule.near(0.5 + sign * 0.04, limits) and not rule.near(within, limits)


@pytest.mark.parametrize("rule", thresholds.SLIDE, ids=lambda rule: rule.limit)
def test_every_threshold_of_slides_fails_one_that_is_beyond_it(rule: thresholds.Threshold) -> None:
    limit = CRITERIA.slide[rule.limit]
    value = limit / 2 if rule.direction == "min" else (1 + limit) / 2
    blurred = round(value * 100)
    changes: dict[str, Any] = {rule.column: value}
    if rule.column == "blurred_fraction":
        changes = {"focus": (0.0,) * blurred + (1.0,) * (100 - blurred)}
    verdict = decide.slide(good(**changes), CRITERIA)
    assert verdict == Verdict("FAIL", (rule.text(value, CRITERIA.slide),))
