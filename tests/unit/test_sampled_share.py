"""How places are sampled: the share of a blurred part, wherever it lies in the tissue."""

import numpy as np
import pytest
from grossing.measure import focus, sampling
from grossing.support import intervals

LIMIT = 0.2
FIRST, MOST, TOGETHER = 64, 256, 16  # places


def blurred_part(squares, share, seed):
    """(N,) bool: the blurred side of the tissue, or a round part of it."""
    rng = np.random.default_rng(seed)
    if seed % 2:
        angle = rng.uniform(0, 2 * np.pi)
        far = squares @ (np.cos(angle), np.sin(angle))
    else:
        far = np.hypot(*(squares - squares[rng.integers(len(squares))]).T)
    far = far + rng.normal(0, 0.3, len(squares))
    return far <= np.quantile(far, share)


def sampled(squares, blurred):
    """Focus of the places that are read, 0.5 where the square is blurred, else 1.5."""
    values = {
        tuple(square): 0.5 if soft else 1.5 for square, soft in zip(squares, blurred, strict=True)
    }
    places = sampling._Places(len(squares))
    read = []
    for some in sampling._until_known(places, squares, FIRST, MOST, TOGETHER):
        read += [tuple(square) for square in some]
        measured = [dict.fromkeys(focus.NAMES) | {"focus": values[*square]} for square in some]
        places.add([(column, row) for row, column in some], measured)
    assert len(set(read)) == len(read) <= MOST
    return np.array(places.measures().focus_tiles.focus)


@pytest.mark.parametrize("side", [30, 64, 80])
def test_a_blurred_side_is_found_in_its_share(side):
    """In rows of 64 the steps of 4096 squares fall into the same columns of each row."""
    squares = np.argwhere(np.ones((side, side), bool))
    errors = []
    for seed in range(20):
        blurred = blurred_part(squares, 0.22, seed)
        values = sampled(squares, blurred)
        _, high = intervals.wilson(np.count_nonzero(values < 1), len(values), len(squares))
        errors.append((values < 1).mean() - blurred.mean())
        assert high > LIMIT  # no PASS
    assert np.std(errors) < 0.026  # that of places drawn by chance


def test_little_blur_is_settled_by_the_first_places():
    squares = np.argwhere(np.ones((40, 40), bool))
    assert len(sampled(squares, np.zeros(len(squares), bool))) == FIRST


def test_all_squares_are_read_where_there_are_few():
    squares = np.argwhere(np.ones((10, 12), bool))
    values = sampled(squares, blurred_part(squares, 0.3, 1))
    assert (len(values), (values < 1).mean()) == (120, pytest.approx(0.3, abs=0.01))
