"""Slides unlike the others of their site or cohort, and silence where that cannot be told."""

from typing import Any

import numpy as np
import pytest
from grossing.cohort import outliers
from stages import CONFIG

Z_MAX = 6.0
STAIN_Z_MAX = CONFIG["thresholds"]["cohort"]["stain_z_max"]


def find(rows: list[dict[str, Any]], z_max: float) -> dict[str, list[outliers.Outlier]]:
    """The measures in which slides are beyond the limit, by slide_id."""
    scores = {
        slide_id: [outlier for outlier in listed if abs(outlier.z) > z_max]
        for slide_id, listed in outliers.scored(rows).items()
    }
    return {slide_id: listed for slide_id, listed in scores.items() if listed}


def cohort(count: int, seed: int = 0, **more: Any) -> list[dict[str, Any]]:
    """Slides of one laboratory."""
    random = np.random.default_rng(seed)
    return [
        {
            "slide_id": f"{seed}-{number}",
            "stain": "H&E",
            "site": None,
            "hematoxylin_od": 0.3 * random.lognormal(0, 0.12),
            "eosin_od": 0.2 * random.lognormal(0, 0.12),
            **{f"background_{band}": round(random.normal(240, 2)) for band in "rgb"},
            "sharpness_score": 300 * random.lognormal(0, 0.3),
            "tissue_area_mm2": 80 * random.lognormal(0, 0.7),
            **more,
        }
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("column", "value", "sign"),
    [
        ("hematoxylin_od", 0.06, -1),
        ("eosin_od", 1.2, 1),
        ("background_b", 190, -1),
        ("sharpness_score", 8.0, -1),
        ("tissue_area_mm2", 0.01, -1),
    ],
)
def test_a_slide_far_from_the_others_is_named_with_measure_and_z(
    column: str, value: float, sign: int
) -> None:
    rows = cohort(25)
    rows[7][column] = value
    ((slide_id, (outlier,)),) = find(rows, Z_MAX).items()
    assert (slide_id, outlier.column, outlier.group) == ("0-7", column, "cohort")
    assert outlier.z * sign > Z_MAX
    assert outlier.reason("outlier", Z_MAX).startswith(f"outlier={column}:")


def test_clean_cohorts_are_left_alone() -> None:
    found = sum(len(find(cohort(20, seed), Z_MAX)) for seed in range(50))
    assert found <= 0.02 * 50 * 20


@pytest.mark.parametrize("count", [10, 30, 100, 300])
@pytest.mark.parametrize("skew", [1, -1])
def test_clean_cohorts_of_skewed_measures_are_left_alone(count: int, skew: int) -> None:
    """Each measure has a long tail; in half of the cohorts some slides are of another scanner."""
    random, flagged = np.random.default_rng(count), 0
    repeats = 1800 // count
    for repeat in range(repeats):
        rows = cohort(count, repeat)
        second = int(count * random.uniform(0.05, 0.5)) if repeat % 2 else 0
        for column in ("hematoxylin_od", "eosin_od", "sharpness_score", "tissue_area_mm2"):
            tails = skew * random.lognormal(0, 0.6, count) * 0.3
            tails[:second] += random.normal(0, 0.25)
            for row, tail in zip(rows, tails, strict=True):
                row[column] = float(np.exp(tail))
        flagged += len(find(rows, Z_MAX))
    assert flagged <= 0.02 * repeats * count


def test_a_blurred_batch_of_one_in_twelve_is_named() -> None:
    rows = cohort(120)
    for row in rows[:10]:
        row["sharpness_score"] *= 0.03
    found = find(rows, Z_MAX)
    assert {row["slide_id"] for row in rows[:10]} <= set(found)
    assert len(found) <= 12


def test_equal_slides_make_no_outliers() -> None:
    rows = [cohort(1)[0] | {"slide_id": str(number)} for number in range(30)]
    rows[3] |= {"background_r": rows[3]["background_r"] + 3}
    assert find(rows, Z_MAX) == {}


def dyes(count: int, seed: int = 0, blue: float = 0.3) -> list[dict[str, Any]]:
    """The colours of H&E slides of one laboratory, whose eosin absorbs so much blue."""
    random = np.random.default_rng(seed)
    return [
        {
            "slide_id": f"{seed}-{number}",
            "stain": None,
            "site": None,
            "blue_ratio_low": random.normal(blue, 0.02),
            "red_ratio_high": random.normal(0.9, 0.04),
            "eosin_extent": random.normal(0.95, 0.02),
        }
        for number in range(count)
    ]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("blue_ratio_low", 0.14),
        ("blue_ratio_low", 0.6),
        ("red_ratio_high", 1.3),
        ("eosin_extent", 0.5),
    ],
    ids=["pas", "fast_red", "azan", "rare_fast_red"],
)
def test_a_slide_whose_dyes_are_not_those_of_the_others_is_named(column: str, value: float) -> None:
    rows = dyes(20)
    rows[4][column] = value
    found = {i for i, (*dye,) in outliers.scored(rows, outliers.COLOURS).items() if far(dye)}
    assert found == {"0-4"}


def test_a_dye_that_absorbs_a_little_less_blue_is_told_within_a_site() -> None:
    """PAS in eosin's place; blood absorbs more, and another laboratory's eosin has no site's."""

    def named(change: float, site: str) -> bool:
        rows = [row | {"site": site} for row in dyes(20, blue=0.4)]
        for row in rows:
            row["blue_ratio_low"] = 0.4 + (row["blue_ratio_low"] - 0.4) / 2
        rows[7]["blue_ratio_low"] = 0.4 + change
        return any(map(far, [outliers.scored(rows, outliers.COLOURS)[rows[7]["slide_id"]]]))

    assert named(-0.09, "A")
    assert not named(-0.09, "")
    assert not named(0.09, "A")
    assert named(-0.13, "")


def far(listed: list[outliers.Outlier]) -> bool:
    return any(abs(outlier.z) > STAIN_Z_MAX for outlier in listed)


def test_few_nuclei_equal_slides_and_two_stains_in_halves_are_no_other_dyes() -> None:
    few = dyes(20)
    few[4] |= {"red_ratio_high": 0.4, "eosin_extent": 1.0}
    equal = [dyes(1)[0] | {"slide_id": str(number)} for number in range(20)]
    equal[4]["blue_ratio_low"] += 0.05
    halves = dyes(12, 1) + dyes(8, 2, blue=0.15)
    for rows in (few, equal, halves):
        assert not any(map(far, outliers.scored(rows, outliers.COLOURS).values()))


def test_small_groups_and_missing_values_say_nothing() -> None:
    rows = cohort(outliers.GROUP_MIN - 1)
    rows[0]["eosin_od"] = 9.0
    assert find(rows, Z_MAX) == {}
    assert find(cohort(20, hematoxylin_od=None, sharpness_score=0.0), Z_MAX) == {}


def test_a_slide_is_compared_within_its_site() -> None:
    rows = cohort(15, 1, site="a") + cohort(15, 2, site="b", background_b=200)
    rows[0]["background_b"] = 200
    ((slide_id, (outlier,)),) = find(rows, Z_MAX).items()
    assert (slide_id, outlier.column, outlier.group) == ("1-0", "background_b", "site")


def test_other_stains_are_not_compared() -> None:
    rows = cohort(20, 1) + cohort(3, 2, stain="DAPI", background_b=10)
    assert find(rows, Z_MAX) == {}


def test_spellings_of_one_stain_are_one_group() -> None:
    rows = cohort(7, 1, stain="Ki-67") + cohort(6, 2, stain="ki67")
    rows = [row | {"slide_id": f"s{i}"} for i, row in enumerate(rows)]
    rows[3] = rows[3] | {"background_b": 150.0}
    assert list(find(rows, Z_MAX)) == ["s3"]
