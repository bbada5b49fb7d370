"""Division of units into parts, against all divisions of small cohorts."""

import itertools
import random
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from grossing.cohort import integer_program, proportions
from grossing.cohort.proportions import ALL, Infeasible, Unit

SHARES = {"train": 0.6, "val": 0.2, "test": 0.2}


def unit(name: str, slides: int, **values: str) -> Unit:
    """A patient whose slides all have the same values."""
    features = {ALL: slides, **dict.fromkeys(values.items(), slides)}
    return Unit(tuple(f"{name}.{i}" for i in range(slides)), tuple(sorted(features.items())))


def cohort(seed: int, size: int) -> list[Unit]:
    chance = random.Random(seed)
    return [
        unit(
            f"p{i}",
            chance.choice((1, 1, 2, 4)),
            label=chance.choice("ab"),
            site=chance.choice("xyz"),
        )
        for i in range(size)
    ]


def differences(
    units: Sequence[Unit], part_of: Mapping[str, str]
) -> dict[tuple, tuple[float, int]]:
    """Slides by which each feature of each part differs from the wanted number, and all slides."""
    totals: Counter = Counter()
    counts: Counter = Counter()
    for each in units:
        (part,) = {part_of[i] for i in each.slide_ids}
        for feature, slides in each.profile:
            totals[feature] += slides
            counts[feature, part] += slides
    return {
        (feature, part): (abs(counts[feature, part] - share * total), total)
        for feature, total in totals.items()
        for part, share in SHARES.items()
    }


def is_within(found: Mapping[tuple, tuple[float, int]], hundredths: int) -> bool:
    return all(off <= max(1, hundredths / 100 * total) + 1e-9 for off, total in found.values())


def least_tolerance(units: Sequence[Unit]) -> int:
    """Hundredths that some division keeps to; all of them are tried."""
    each = [
        differences(units, {i: p for u, p in zip(units, parts, strict=True) for i in u.slide_ids})
        for parts in itertools.product(SHARES, repeat=len(units))
    ]
    return next(h for h in range(101) if any(is_within(found, h) for found in each))


@pytest.mark.parametrize("seed", range(12))
def test_a_division_is_found_where_there_is_one_and_the_least_tolerance_where_not(
    seed: int,
) -> None:
    units = cohort(seed, 6)
    least = least_tolerance(units)
    part_of = proportions.divide(units, SHARES, least / 100)
    assert is_within(differences(units, part_of), least)
    if least:
        with pytest.raises(Infeasible) as refused:
            proportions.divide(units, SHARES, (least - 1) / 100)
        assert refused.value.tolerance == least / 100
        assert refused.value.misses


def test_the_small_cohorts_are_of_both_kinds() -> None:
    least = [least_tolerance(cohort(seed, 6)) for seed in range(12)]
    assert 0 in least and max(least) > 10


def test_many_patients_are_divided_within_a_slide_in_every_value() -> None:
    units = cohort(1, 600)
    found = differences(units, proportions.divide(units, SHARES, 0.05))
    assert max(off for off, _ in found.values()) <= 1 + 1e-9


def test_the_order_of_the_units_does_not_count() -> None:
    units = cohort(2, 60)
    first = proportions.divide(units, SHARES, 0.05)
    assert proportions.divide(units[::-1], SHARES, 0.05) == first


def test_what_is_missed_is_the_value_that_cannot_be_divided() -> None:
    units = [*cohort(3, 100), unit("large", 12, label="rare", site="x")]
    with pytest.raises(Infeasible) as refused:
        proportions.divide(units, SHARES, 0.1)
    assert {miss.feature for miss in refused.value.misses} == {("label", "rare")}
    assert refused.value.tolerance == 0.4
    assert "label 'rare': 12 of 12 slides in train, 1.000 instead of 0.6" in str(refused.value)


def test_a_search_that_is_given_up_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums of large numbers that hardly any division meets: the nodes are used up."""
    monkeypatch.setattr(integer_program, "NODES_MAX", 1)
    chance = random.Random(4)
    columns = ("label", "site", "scanner")
    units = [
        Unit(
            (f"p{i}",),
            tuple(((column, "a"), chance.randint(10**5, 10**6)) for column in columns),
        )
        for i in range(40)
    ]
    with pytest.raises(Infeasible) as refused:
        proportions.divide(units, {"a": 0.5, "b": 0.5}, 0.0)
    assert 0 < refused.value.tolerance < 1
