"""A whole slide by rows of stored tiles, against the same slide tile by tile."""

import damage
import make_slide
import numpy as np
import pytest
from grossing.slide import grid as grids
from grossing.tiles import stored_rows
from grossing.tiles.extraction import TileExtractor
from grossing.tiles.whole_slide import WholeSlide
from stages import measured


def opened(path, target_mpp=0.5, reader="auto"):
    slide = measured(path).record.usable()
    grid = grids.make(
        slide.file.bounds,
        slide.resolution.mpp,
        size_px=256,
        target_mpp=target_mpp,
        target_mpp_tolerance=0.1,
    )
    return TileExtractor(path, slide, grid, prefer=reader), grid


def picture(bands):
    return np.concatenate([band.copy() for band in bands])


@pytest.mark.parametrize("reader", ["auto", "openslide"])
@pytest.mark.parametrize("tile_px", [240, 256])
@pytest.mark.parametrize("target_mpp", [0.25, 0.5, 0.75, 1])
def test_the_pixels_are_those_of_the_grid_s_tiles(
    real_slide, tmp_path, reader, tile_px, target_mpp
):
    path = tmp_path / "odd.svs"
    make_slide.make_slide(real_slide, path, 1999, 1403, seed=3, tile_px=tile_px)
    extractor, grid = opened(path, target_mpp, reader)
    factor = {0.25: 1, 0.5: 2, 0.75: 3, 1: 1}[target_mpp]  # 1: of the second level
    expected = None if tile_px % factor else (tile_px, tile_px, factor)
    assert extractor.stored_px() == expected
    rows = picture(stored_rows.bands(extractor, grid))
    assert np.array_equal(rows, picture(WholeSlide(extractor, grid).bands()))


def test_a_factor_that_is_no_whole_number_is_left_to_the_grid_s_tiles(at_40x):
    extractor, grid = opened(at_40x, 0.6)
    assert extractor.stored_px() is None
    rows = picture(stored_rows.bands(extractor, grid))
    assert np.array_equal(rows, picture(WholeSlide(extractor, grid).bands()))


def test_what_does_not_decode_is_glass_and_its_neighbours_stay(at_40x, tmp_path):
    damage.destroy_tiles(at_40x, tmp_path / "damaged.svs", 2)
    whole, damaged = (
        picture(stored_rows.bands(*opened(path))) for path in (at_40x, tmp_path / "damaged.svs")
    )
    lost = (whole != damaged).any(axis=2)
    glass = opened(tmp_path / "damaged.svs")[0].glass
    assert 0 < lost.sum() <= 2 * 128 * 128
    assert (damaged[lost] == glass).all()
