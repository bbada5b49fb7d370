"""Tiles of a slide read back: what is kept in memory, and which are a sample."""

import numpy as np
import pytest
from grossing.support import images
from grossing.tiles.stored_tiles import StoredTiles
from stages import write_rows


def made(folder, size_px, side):
    """`side` x `side` tiles of one colour each, in one folder."""
    rows = []
    for row, column in np.ndindex(side, side):
        picture = np.full((size_px, size_px, 3), (column * 9, row * 9, 90), np.uint8)
        name, data = f"{column}_{row}.png", images.png(picture)
        (folder / name).write_bytes(data)
        rows.append(
            {"slide_id": "A", "tile_path": name, "tile_bytes": len(data)}
            | {"tile_col": column, "tile_row": row}
        )
    write_rows(rows, folder / "rows.parquet")
    return StoredTiles(folder, folder / "rows.parquet")


@pytest.mark.parametrize(("size_px", "side", "kept"), [(512, 9, 64), (1024, 5, 16), (2048, 4, 9)])
def test_memory_does_not_grow_with_the_tiles(tmp_path, size_px, side, kept):
    """At most 48 MB are kept, but always a tile and those around it."""
    tiles = made(tmp_path, size_px, side)
    for tile in tiles.in_z_order():
        picture = tiles.pixels(tile.place)
        assert picture[0, 0].tolist() == [9 * tile.tile_col, 9 * tile.tile_row, 90]
    assert len(tiles._cache) == kept < len(tiles)


def test_the_tiles_that_were_used_last_are_kept(tmp_path):
    tiles = made(tmp_path, 2048, 4)
    first = tiles.pixels((0, 0))
    for tile in list(tiles.in_z_order())[1:]:
        tiles.pixels(tile.place)
        assert tiles.pixels((0, 0)) is first
    assert tiles.pixels((4, 0)) is None


def test_a_single_look_keeps_nothing(tmp_path):
    tiles = made(tmp_path, 64, 2)
    assert np.array_equal(tiles.decoded((1, 0)), tiles.pixels((1, 0)))
    assert tiles.decoded((0, 0)) is not tiles.decoded((0, 0))
    assert list(tiles._cache) == [(1, 0)]


def test_a_sample_is_spread_over_all_tiles(tmp_path):
    tiles = made(tmp_path, 8, 20)
    sample = [tile.place for tile in tiles.spread()]
    assert len(set(sample)) == 64
    quadrants = [(column >= 10, row >= 10) for column, row in sample]
    assert {quadrants.count(q) for q in set(quadrants)} <= set(range(12, 21))
    (tmp_path / "few").mkdir()
    few = made(tmp_path / "few", 8, 3)
    assert few.spread() == list(few.in_z_order())
