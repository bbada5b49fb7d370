"""Interval of a sampled share: published values, small populations, bounds."""

import pytest
from grossing.support import intervals


@pytest.mark.parametrize(
    ("hits", "sample", "expected"),
    [(0, 10, (0, 0.2775)), (1, 29, (0.0061, 0.1718)), (15, 148, (0.0624, 0.1605))],
)
def test_equals_published_intervals(hits, sample, expected):
    """Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E."""
    assert intervals.wilson(hits, sample, 10**12) == pytest.approx(expected, abs=2e-4)


def test_narrows_to_the_share_where_all_are_looked_at():
    widths = []
    for population in (10**9, 1000, 100, 65, 64):
        low, high = intervals.wilson(13, 64, population)
        assert low <= 13 / 64 <= high
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True) and widths[-1] == 0


@pytest.mark.parametrize("hits", [0, 1, 64])
def test_stays_within_shares(hits):
    low, high = intervals.wilson(hits, 64, 5000)
    assert 0 <= low <= hits / 64 <= high <= 1
