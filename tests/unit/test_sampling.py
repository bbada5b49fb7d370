"""The order of an epoch: reproducible, weighted, so many tiles of each slide."""

from collections import Counter, defaultdict
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from grossing import TileSampler, balanced_weights

#: slides of very different numbers of tiles; a and d have one label, case x is of two sites
SLIDES = {
    "a": (700, "normal", "x", "here"),
    "b": (200, "tumor", "y", "here"),
    "c": (90, "tumor", "x", "there"),
    "d": (10, "normal", "z", "there"),
}


def table(slides=SLIDES, **more):
    rows = [
        {"slide_id": slide_id, "label": label, "case_id": case, "site": site, **more}
        for slide_id, (number, label, case, site) in slides.items()
        for _ in range(number)
    ]
    return SimpleNamespace(rows=pa.Table.from_pylist(rows))


TILES = table()
IDS = TILES.rows["slide_id"].to_pylist()


def test_an_epoch_has_every_tile_once_and_follows_from_seed_and_epoch():
    sampler = TileSampler(TILES, seed=4)
    epochs = [list(sampler) for _ in range(3)]
    assert len(sampler) == 1000 and all(sorted(epoch) == list(range(1000)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]
    assert [list(TileSampler(TILES, seed=4)), epochs[1]] == epochs[:2]
    assert list(TileSampler(TILES, seed=5)) not in epochs


@pytest.mark.parametrize("options", [{}, {"per_slide": 7}, {"weights": np.arange(1000)}], ids=str)
def test_an_interrupted_training_goes_on_where_it_was(options):
    sampler = TileSampler(TILES, seed=1, **options)
    epochs = [list(sampler) for _ in range(4)]
    again = TileSampler(TILES, seed=1, **options)
    again.set_epoch(2)
    assert [list(again), list(again)] == epochs[2:]


def test_the_order_is_the_same_on_every_machine():
    """Written down once: another generator would make earlier trainings unrepeatable."""
    sampler = TileSampler(table({"a": (10, "n", "x", "h")}), seed=1)
    assert [list(sampler), list(sampler)] == [
        [8, 4, 7, 0, 1, 2, 5, 9, 6, 3],
        [7, 2, 4, 6, 1, 0, 3, 5, 9, 8],
    ]


def test_so_many_tiles_of_each_slide_others_in_every_epoch():
    sampler = TileSampler(TILES, seed=2, per_slide=50)
    epochs = [list(sampler) for _ in range(200)]
    for epoch in epochs:
        assert Counter(IDS[n] for n in epoch) == {"a": 50, "b": 50, "c": 50, "d": 10}
        assert len(set(epoch)) == len(epoch) == len(sampler) == 160
    served = Counter(n for epoch in epochs for n in epoch)
    of_a = [served[n] for n in range(700)]  # binomial: 200 epochs, 1 of 14: 14.3 +- 3.6
    assert min(of_a) > 1 and max(of_a) < 33 and 3 < np.std(of_a) < 4.3
    runs = sum(IDS[one] != IDS[other] for one, other in zip(epochs[0], epochs[0][1:], strict=False))
    assert runs > 80  # of 160; sorted by slide there would be 3


def test_tiles_are_drawn_in_proportion_to_their_weight():
    weights = np.zeros(1000)
    weights[[3, 500, 998]] = 1, 2, 5
    sampler = TileSampler(TILES, seed=3, weights=weights)
    assert len(sampler) == 1000
    drawn = Counter(n for _ in range(100) for n in sampler)
    assert set(drawn) == {3, 500, 998} and sum(drawn.values()) == 100_000
    for number, share in {3: 1 / 8, 500: 2 / 8, 998: 5 / 8}.items():
        assert abs(drawn[number] / 100_000 - share) < 0.01  # 6 standard deviations


@pytest.mark.parametrize(
    "columns", [("label",), ("slide_id",), ("label", "slide_id"), ("site", "case_id", "label")]
)
def test_every_value_has_an_equal_share_of_its_parent(columns):
    weights = balanced_weights(TILES, *columns)
    share = defaultdict(float)
    for row, weight in zip(TILES.rows.to_pylist(), weights, strict=True):
        path = tuple(row[column] for column in columns)
        for depth in range(len(path) + 1):
            share[path[:depth]] += weight
    assert share[()] == pytest.approx(1)
    for path, part in share.items():
        if path:
            siblings = [p for p in share if len(p) == len(path) and p[:-1] == path[:-1]]
            assert part == pytest.approx(share[path[:-1]] / len(siblings))
    leaves = defaultdict(set)
    for row, weight in zip(TILES.rows.to_pylist(), weights, strict=True):
        leaves[tuple(row[column] for column in columns)].add(round(weight, 12))
    assert all(len(found) == 1 for found in leaves.values())


def test_equal_ids_of_two_cohorts_are_two_slides_and_two_cases():
    rows = [table(cohort=name).rows for name in ("one", "two")]
    both = SimpleNamespace(rows=pa.concat_tables(rows))
    assert len(TileSampler(both, per_slide=50)) == 2 * len(TileSampler(TILES, per_slide=50))
    halves = balanced_weights(both, "case_id")
    assert halves[:700] == pytest.approx(np.full(700, 1 / 6 / 790))
    assert balanced_weights(both, "label") == pytest.approx(
        np.tile(balanced_weights(TILES, "label") / 2, 2)
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"per_slide": 0}, "per_slide 0: give 1 or more"),
        ({"per_slide": 5, "weights": np.ones(1000)}, "give one of them"),
        ({"weights": np.ones(999)}, r"shape \(999,\): give one for each of 1000 tiles"),
        ({"weights": np.zeros(1000)}, "not all of them 0"),
        ({"weights": np.full(1000, np.nan)}, "finite"),
        ({"weights": np.r_[-1, np.ones(999)]}, "0 or more"),
    ],
    ids=str,
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        TileSampler(TILES, **options)


def test_no_tiles_are_refused():
    with pytest.raises(ValueError, match="the filters of Tiles leave none"):
        TileSampler(SimpleNamespace(rows=TILES.rows.slice(0, 0)))


@pytest.mark.parametrize("missing", [None, "", float("nan")])
def test_a_tile_without_a_value_is_no_class_of_its_own(missing):
    kind = pa.float64() if isinstance(missing, float) else pa.string()
    values = pa.array([missing if slide == "c" else type(missing or "")(1) for slide in IDS], kind)
    tiles = SimpleNamespace(rows=TILES.rows.append_column("grade", values))
    with pytest.raises(ValueError, match=r"slide c has no grade: add it to the cohort sheet"):
        balanced_weights(tiles, "label", "grade")
    with pytest.raises(ValueError, match="'stage' is no column"):
        balanced_weights(tiles, "stage")
    with pytest.raises(ValueError, match="give one or more"):
        balanced_weights(tiles)
