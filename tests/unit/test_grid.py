"""The tile grid: whole level-0 pixels, true resolution, exact tissue shares."""

import numpy as np
import pytest
from grossing.slide import grid
from grossing.slide.record import Bounds

SETTINGS = {"size_px": 512, "target_mpp": 0.5, "target_mpp_tolerance": 0.02}
WHOLE = Bounds(0, 0, 50_000, 40_000)


@pytest.mark.parametrize(
    ("mpp", "side", "effective"),
    [
        (0.25, 1024, 0.5),
        (0.2527, 1024, 0.5054),
        (0.499, 512, 0.499),
        (0.51, 512, 0.51),
        (0.23, 1113, 0.23 * 1113 / 512),
        (0.125, 2048, 0.5),
    ],
)
def test_side_is_whole_and_the_true_mpp_follows_from_it(mpp, side, effective):
    squares = grid.make(WHOLE, mpp, **SETTINGS)
    assert squares.side_level0_px == side
    assert squares.mpp == pytest.approx(effective)


def test_without_tolerance_the_nearest_side_is_used():
    squares = grid.make(WHOLE, 0.2527, **SETTINGS | {"target_mpp_tolerance": 0})
    assert squares.side_level0_px == 1013


def test_coarser_slides_are_refused_not_enlarged():
    with pytest.raises(ValueError, match="coarser"):
        grid.make(WHOLE, 0.52, **SETTINGS)


def test_tiles_cover_the_bounds_once_from_their_origin():
    squares = grid.make(Bounds(100, 50, 3000, 2000), 0.25, **SETTINGS)
    assert (squares.columns, squares.rows) == (3, 2)
    assert squares.corner(0, 0) == (100, 50)
    assert squares.corner(2, 1) == (100 + 2048, 50 + 1024)
    assert (squares.width_px, squares.height_px) == (1500, 1000)
    assert (squares.padded_width_px, squares.padded_height_px) == (1536, 1024)


def test_shares_of_squares_that_cut_through_mask_pixels():
    mask = np.zeros((4, 6), bool)
    mask[1:3, 1:5] = True
    found = grid.shares(mask, np.array([0.5, 1.5, 4.0, 8.0]), np.array([0.0, 1.5, 3.0]))
    across, down = np.array([0.5, 2.5, 1.0]), np.array([0.5, 1.5])
    widths, heights = np.array([1.0, 2.5, 4.0]), np.array([1.5, 1.5])
    assert found == pytest.approx(np.outer(down / heights, across / widths))


def test_area_outside_the_mask_counts_as_nothing():
    found = grid.shares_of_squares(np.ones((10, 10), bool), Bounds(0, 0, 160, 160), 128, 16)
    assert found == pytest.approx(np.array([[1, 0.25], [0.25, 0.0625]]))
