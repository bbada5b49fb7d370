"""Verdicts: thresholds applied to measured numbers, with reasons that say which way."""

import itertools
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
from grossing.cohort import decide, thresholds
from grossing.cohort.decide import Criteria, Verdict
from grossing.columns.error_codes import ErrorCode
from grossing.columns.reason_codes import SlideReason, TileReason
from records import good, refused
from stages import CONFIG, CRITERIA

SLIDE_LIMITS = {
    "tissue_area_mm2_min": 0.1,
    "blurred_fraction_max": 0.2,
    "pen_fraction_max": 0.3,
    "brightness_min": 90.0,
    "lost_fraction_max": 0.05,
    "near_margin": 0.1,
}
TILE_LIMITS = {"tissue_fraction_min": 0.5, "focus_reblur_min": 0.42, "pen_fraction_max": 0.05}
BY = Criteria(SLIDE_LIMITS, TILE_LIMITS, target_mpp=0.5, target_mpp_tolerance=0.02)
OF_SLIDES = (thresholds.BRIGHTFIELD, *thresholds.SLIDE, *thresholds.AFTER_TILING)


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
        ({"pen_fraction": 0.28}, "REVIEW", "near_threshold;pen_fraction=0.28<0.3"),
        ({"mpp": 0.52}, "FAIL", "coarser_than_target=0.52>0.5"),
        ({"mpp": 0.509}, "PASS", None),
        ({"brightness": 13.0, "pen_fraction": 1.0}, "FAIL", "not_brightfield=13<90"),
        ({"brightness": None}, "PASS", None),
        ({"pen_fraction": 0.5}, "FAIL", "pen_fraction=0.5>0.3"),
        ({"focus_reblur": (0.3,) * 3 + (0.6,) * 7}, "FAIL", "blurred_fraction=0.3>0.2"),
        ({"focus_reblur": (0.3, None, 0.6, 0.6)}, "FAIL", "blurred_fraction=0.3333>0.2"),
        ({"focus_reblur": (None, None)}, "PASS", None),
        ({"focus_reblur": ()}, "PASS", None),
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


def test_tiles() -> None:
    metrics = {
        "tissue_fraction": np.array([0.9, 0.4, 0.9, 0.9, 0.9, 0.5]),
        "focus_reblur": np.array([0.6, 0.3, np.nan, 0.6, np.nan, 0.42]),
        "pen_fraction": np.array([0.0, 0.0, 0.0, 0.2, 0.9, 0.05]),
    }
    lost = np.array([False, False, False, False, True, False])
    judged = decide.tiles(metrics, lost, TILE_LIMITS)
    assert judged.passed.tolist() == [True, False, True, False, False, True]
    assert judged.reasons == [
        None,
        "tissue_fraction=0.4<0.5;focus_reblur=0.3<0.42",
        None,
        "pen_fraction=0.2>0.05",
        "lost",
        None,
    ]


@pytest.mark.parametrize(
    ("before", "lost", "passed", "after"),
    [
        ("PASS", 0, 9, "PASS"),
        ("PASS", 3, 9, "REVIEW salvaged"),
        ("REVIEW salvaged", 3, 9, "REVIEW salvaged"),
        ("REVIEW anisotropic", 3, 9, "REVIEW anisotropic;salvaged"),
        ("PASS", 5, 9, "REVIEW salvaged"),
        ("PASS", 10, 9, "FAIL lost_fraction=0.1>0.05"),
        ("REVIEW salvaged", 10, 9, "FAIL salvaged;lost_fraction=0.1>0.05"),
        ("PASS", 0, 0, "FAIL no_passing_tile"),
        ("PASS", 100, 0, "FAIL lost_fraction=1>0.05;no_passing_tile"),
        ("FAIL no_tissue", 0, 0, "FAIL no_tissue"),
        ("ERROR unreadable", 0, 0, "ERROR unreadable"),
    ],
)
def test_tiling_can_only_lower_a_verdict(before: str, lost: int, passed: int, after: str) -> None:
    first, final = (Verdict.from_text(*text.partition(" ")[::2]) for text in (before, after))
    counts = {"candidates": 100, "lost": lost, "passed": passed}
    assert decide.after_tiling(first, **counts, limits=SLIDE_LIMITS) == final
    assert decide.STATUSES.index(final.status) >= decide.STATUSES.index(first.status)


def test_a_slide_without_candidates_has_no_passing_tile() -> None:
    counts = {"candidates": 0, "lost": 0, "passed": 0}
    final = decide.after_tiling(Verdict("PASS"), **counts, limits=SLIDE_LIMITS)
    assert final == Verdict("FAIL", ("no_passing_tile",))


def test_every_reason_of_the_list_is_one_that_a_slide_can_have() -> None:
    choices: dict[str, list[Any]] = {
        "mpp": [0.5, 5.0],
        "tissue_area_mm2": [9.0, 0.0, 0.05, 0.105],
        "pen_fraction": [0.0, 0.29, 0.9],
        "brightness": [240.0, 20.0],
        "anisotropic": [False, True],
        "probes_failed": [0, 1],
        "focus_reblur": [(0.6,), (0.1,)],
    }
    reasons: set[str] = set()
    for values in itertools.product(*choices.values()):
        verdict = decide.slide(good(**dict(zip(choices, values, strict=True))), BY)
        counts = {"candidates": 9, "lost": 3, "passed": 0}
        final = decide.after_tiling(verdict, **counts, limits=SLIDE_LIMITS)
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
    assert rule.text(beyond, limits) == f"{rule.reason}={beyond:g}{'>' if sign > 0 else '<'}0.5"
    assert rule.near(0.5 + sign * 0.04, limits) and not rule.near(within, limits)


@pytest.mark.parametrize("rule", thresholds.SLIDE, ids=lambda rule: rule.limit)
def test_every_threshold_of_slides_fails_one_that_is_beyond_it(rule: thresholds.Threshold) -> None:
    limit = CRITERIA.slide[rule.limit]
    value = limit / 2 if rule.direction == "min" else (1 + limit) / 2
    blurred = round(value * 100)
    changes: dict[str, Any] = {rule.column: value}
    if rule.column == "blurred_fraction":
        changes = {"focus_reblur": (0.0,) * blurred + (1.0,) * (100 - blurred)}
    verdict = decide.slide(good(**changes), CRITERIA)
    assert verdict == Verdict("FAIL", (rule.text(value, CRITERIA.slide),))
