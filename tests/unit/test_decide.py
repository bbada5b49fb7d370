"""Verdicts: thresholds applied to measured numbers, with reasons."""

import numpy as np
import pytest
from grossing.cohort import decide

LIMITS = {
    "slide": {
        "tissue_area_mm2_min": 0.1,
        "blurred_fraction_max": 0.2,
        "pen_fraction_max": 0.3,
        "brightness_min": 90.0,
        "lost_fraction_max": 0.05,
        "near_margin": 0.1,
    },
    "tile": {"tissue_fraction_min": 0.5, "focus_reblur_min": 0.42, "pen_fraction_max": 0.05},
}
SETTINGS = {"thresholds": LIMITS, "target_mpp": 0.5, "target_mpp_tolerance": 0.02}
GOOD = {
    "readable": True,
    "error_code": None,
    "mpp": 0.25,
    "tissue_area_mm2": 50.0,
    "pen_fraction": 0.0,
    "brightness": 240.0,
    "anisotropic": False,
    "probes_failed": 0,
    "focus_tiles_failed": 0,
    "overview_lost_fraction": 0.0,
    "focus_tiles": {"focus_reblur": [0.6] * 10},
}


@pytest.mark.parametrize(
    ("changes", "status", "reasons"),
    [
        ({}, "PASS", ""),
        ({"readable": False, "error_code": "mpp_missing"}, "ERROR", "mpp_missing"),
        ({"tissue_area_mm2": 0}, "FAIL", "no_tissue"),
        ({"tissue_area_mm2": 0.05}, "FAIL", "tissue_area_mm2=0.05 0.1"),
        ({"tissue_area_mm2": 0.1}, "REVIEW", "near_threshold;tissue_area_mm2=0.1 0.1"),
        ({"mpp": 0.52}, "FAIL", "coarser_than_target=0.52 0.5"),
        ({"mpp": 0.509}, "PASS", ""),
        ({"brightness": 13.0, "pen_fraction": 1.0}, "FAIL", "not_brightfield=13 90"),
        ({"pen_fraction": 0.5}, "FAIL", "pen_fraction=0.5 0.3"),
        (
            {"focus_tiles": {"focus_reblur": [0.3] * 3 + [0.6] * 7}},
            "FAIL",
            "blurred_fraction=0.3 0.2",
        ),
        ({"focus_tiles": {"focus_reblur": [None, None]}}, "PASS", ""),
        ({"focus_tiles": {}}, "PASS", ""),
        ({"anisotropic": True}, "REVIEW", "anisotropic"),
        ({"probes_failed": 1}, "REVIEW", "salvaged"),
        (
            {"tissue_area_mm2": 0.01, "pen_fraction": 0.9},
            "FAIL",
            "tissue_area_mm2=0.01 0.1;pen_fraction=0.9 0.3",
        ),
    ],
)
def test_slides(changes, status, reasons):
    verdict = decide.slide(GOOD | changes, **SETTINGS)
    assert (verdict.status, verdict.text) == (status, reasons)


def test_the_gate_is_the_verdict():
    assert decide.gate(None, **SETTINGS) == "pending"
    assert decide.gate(GOOD, **SETTINGS) == "pass"
    assert decide.gate(GOOD | {"anisotropic": True}, **SETTINGS) == "pass"
    assert decide.gate(GOOD | {"tissue_area_mm2": 0}, **SETTINGS) == "fail"


def test_tiles():
    metrics = {
        "tissue_fraction": np.array([0.9, 0.4, 0.9, 0.9, 0.9]),
        "focus_reblur": np.array([0.6, 0.3, np.nan, 0.6, np.nan]),
        "pen_fraction": np.array([0.0, 0.0, 0.0, 0.2, 0.0]),
        "lost": np.array([False, False, False, False, True]),
    }
    passed, reasons = decide.tiles(metrics, LIMITS["tile"])
    assert passed.tolist() == [True, False, True, False, False]
    assert reasons == [
        None,
        "tissue_fraction=0.4 0.5;focus_reblur=0.3 0.42",
        None,
        "pen_fraction=0.2 0.05",
        "lost",
    ]


@pytest.mark.parametrize(
    ("status", "reasons", "lost", "expected"),
    [
        ("PASS", "", 0, ("PASS", "")),
        ("PASS", "", 3, ("REVIEW", "salvaged")),
        ("REVIEW", "salvaged", 3, ("REVIEW", "salvaged")),
        ("PASS", "", 10, ("FAIL", "lost_fraction=0.1 0.05")),
        ("FAIL", "no_tissue", 0, ("FAIL", "no_tissue")),
    ],
)
def test_tiling_can_only_lower_the_verdict(status, reasons, lost, expected):
    after = decide.after_tiling(status, reasons, candidates=100, lost=lost, lost_fraction_max=0.05)
    assert after == expected
