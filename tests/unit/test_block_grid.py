"""Sides of the blocks that are taken from one plane."""

import pytest
from grossing.zstack.block_grid import block_side


@pytest.mark.parametrize(
    ("wanted", "tile", "side"),
    [
        (256, 256, 256),
        (128, 240, 120),
        (256, 240, 240),
        (500, 240, 480),
        (256, 1024, 256),
        (100, 256, 128),
        (128, 1000, 125),
        (128, None, 128),
        (4, None, 16),
    ],
)
def test_blocks_are_whole_stored_tiles_or_parts(wanted, tile, side):
    assert block_side(wanted, tile) == side
