"""A whole slide at the grid's resolution, each stored tile read once and shrunk into its place.

Where stored tiles do not lie on whole tiles of the grid, `WholeSlide` decodes those that two tiles
share twice: 1.43 times the work on a slide of 240 px tiles.
"""

import itertools
from collections.abc import Iterator

import numpy as np

from grossing.slide.grid import Grid
from grossing.support.errors import ReadError
from grossing.support.types import Pixels
from grossing.tiles.extraction import TileExtractor
from grossing.tiles.whole_slide import WholeSlide

MOST_ROW_PX = 1024
LEAST_PIECE_PX = 240  # wide: smaller stored tiles are read several at once


def bands(extractor: TileExtractor, grid: Grid) -> Iterator[Pixels]:
    """(h, padded width, 3) uint8 RGB from top to bottom, each valid until the next one.

    The pixels are those of `WholeSlide`, but for what does not decode: a stored tile becomes glass
    here, a tile of the grid there.
    """
    stored = extractor.stored_px()
    if stored is None or not LEAST_PIECE_PX <= stored[1] <= MOST_ROW_PX:
        return WholeSlide(extractor, grid).bands()
    return _rows(extractor, grid, *stored)


def _rows(
    extractor: TileExtractor, grid: Grid, wide: int, high: int, factor: int
) -> Iterator[Pixels]:
    left, top, right, bottom = extractor.extent()
    piece = wide * -(-LEAST_PIECE_PX // wide)
    buffer = np.empty((-(-high // factor), grid.padded_width_px, 3), np.uint8)
    buffer[:] = extractor.glass  # stays so to the right of the scanned bounds
    for y0, y1 in _cut(top, bottom, high):
        band = buffer[: -(-(y1 - y0) // factor)]
        for x0, x1 in _cut(left, right, piece):
            at = slice((x0 - left) // factor, -(-(x1 - left) // factor))
            try:
                band[:, at] = extractor.shrunk(x0, y0, x1, y1, factor)
            except ReadError:
                band[:, at] = extractor.glass
        yield band
    yield from _glass(extractor, grid, -(-(bottom - top) // factor))


def _glass(extractor: TileExtractor, grid: Grid, done_px: int) -> Iterator[Pixels]:
    """What is below the scanned bounds."""
    if done_px < grid.padded_height_px:
        below = np.empty((grid.padded_height_px - done_px, grid.padded_width_px, 3), np.uint8)
        below[:] = extractor.glass
        yield below


def _cut(start: int, end: int, step: int) -> list[tuple[int, int]]:
    """A span cut at the multiples of `step`."""
    edges = [start, *range((start // step + 1) * step, end, step), end]
    return list(itertools.pairwise(edges))
