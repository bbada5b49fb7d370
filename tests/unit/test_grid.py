"""The tile grid: whole level-0 pixels, true resolution, exact tissue shares."""

import numpy as np
import pytest
from grossing.slide import grid

SETTINGS = {"size_px": 512, "target_mpp": 0.5, "target_mpp_tolerance": 0.02}


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
    cells = grid.make((0, 0, 50_000, 40_000), mpp, **SETTINGS)
    assert cells.side_level0_px == side
    assert cells.mpp == pytest.approx(effective)


def test_without_tolerance_the_nearest_side_is_used():
    cells = grid.make((0, 0, 50_000, 40_000), 0.2527, **SETTINGS | {"target_mpp_tolerance": 0})
    assert cells.side_level0_px == 1013


def test_coarser_slides_are_refused_not_enlarged():
    with pytest.raises(ValueError, match="coarser"):
        grid.make((0, 0, 5000, 4000), 0.52, **SETTINGS)


def test_tiles_cover_the_bounds_once_from_their_origin():
    cells = grid.make((100, 50, 3000, 2000), 0.25, **SETTINGS)
    assert (cells.columns, cells.rows) == (3, 2)
    assert cells.corner(0, 0) == (100, 50)
    assert cells.corner(2, 1) == (100 + 2048, 50 + 1024)
    assert (cells.width_px, cells.height_px) == (1500, 1000)
    assert (cells.padded_width_px, cells.padded_height_px) == (1536, 1024)


def test_shares_of_cells_that_cut_through_mask_pixels():
    mask = np.zeros((4, 6), bool)
    mask[1:3, 1:5] = True
    found = grid.shares(mask, np.array([0.5, 1.5, 4.0, 8.0]), np.array([0.0, 1.5, 3.0]))
    across, down = np.array([0.5, 2.5, 1.0]), np.array([0.5, 1.5])
    widths, heights = np.array([1.0, 2.5, 4.0]), np.array([1.5, 1.5])
    assert found == pytest.approx(np.outer(down / heights, across / widths))


def test_area_outside_the_mask_counts_as_nothing():
    found = grid.cell_shares(np.ones((10, 10), bool), (0, 0, 160, 160), 128, 16)
    assert found == pytest.approx(np.array([[1, 0.25], [0.25, 0.0625]]))
