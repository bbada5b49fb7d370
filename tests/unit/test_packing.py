"""Batches of even length, against all packings of small cohorts and the usual rule."""

import itertools
import random

import pytest
from grossing.cohort import packing


def costs(seed: int, slides: int) -> dict[str, float]:
    chance = random.Random(seed)
    return {f"s{number}": chance.uniform(1, 10) for number in range(slides)}


def longest(of: dict[str, float], batches: int, batch_of: dict[str, int]) -> float:
    return max(packing.loads(of, batch_of, batches))


@pytest.mark.parametrize("seed", range(8))
def test_it_is_the_best_of_all_packings_of_a_small_cohort(seed: int) -> None:
    of, batches = costs(seed, 8), 3
    each = itertools.product(range(1, batches + 1), repeat=len(of))
    best = min(longest(of, batches, dict(zip(of, place, strict=True))) for place in each)
    assert longest(of, batches, packing.pack(of, batches)) <= best * (1 + 2 * packing.EVEN)


def test_it_is_never_worse_than_longest_first_and_better_where_that_is_uneven() -> None:
    gains = []
    for seed, (slides, batches) in enumerate([(9, 3), (12, 4), (20, 6), (50, 7), (400, 5)]):
        of = costs(seed, slides)
        packed, first = packing.pack(of, batches), packing.longest_first(of, batches)
        assert list(packed) == list(of)
        assert set(packed.values()) == set(range(1, batches + 1))
        gains.append(longest(of, batches, first) / longest(of, batches, packed))
    assert min(gains) >= 1
    assert max(gains) > 1.02


def test_the_known_worst_case_of_longest_first_is_packed_evenly() -> None:
    of = {f"s{i}": cost for i, cost in enumerate([5, 5, 4, 4, 3, 3, 3.0])}
    assert longest(of, 3, packing.longest_first(of, 3)) == 11
    assert longest(of, 3, packing.pack(of, 3)) == 9


def test_more_batches_than_slides_and_no_slides() -> None:
    assert packing.pack({}, 2) == {}
    assert sorted(packing.pack({"a": 1.0, "b": 2.0}, 5).values()) == [1, 2]
    assert sorted(packing.pack({"a": 0.0, "b": 0.0}, 1).values()) == [1, 1]
