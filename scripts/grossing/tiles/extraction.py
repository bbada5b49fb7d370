"""Tiles of a grid extracted from a slide, at the grid's resolution."""

import logging
from collections.abc import Sequence

import cv2
import numpy as np

from grossing.slide import readers
from grossing.slide.facts import level_for
from grossing.slide.grid import Grid
from grossing.slide.record import UsableSlide
from grossing.stain import optical_density
from grossing.support.errors import ReadError
from grossing.support.types import PathLike, Pixels
from grossing.tiles import tile_measures
from grossing.tiles.tile_row import TileRow

LOG = logging.getLogger(__name__)


class TileExtractor:
    """Extracts tiles of a grid from a slide and measures them.

    Parameters
    ----------
    path : the slide's file
    slide : what was measured of it
    grid : its tile grid
    prefer : "auto", or "openslide" for the general reader
    fast_downsample : let the decoder shrink where the factor is whole
    checked : (column, row) of tiles, best with tissue, where readers are compared
    """

    def __init__(
        self,
        path: PathLike,
        slide: UsableSlide,
        grid: Grid,
        *,
        prefer: str = "auto",
        fast_downsample: bool = False,
        checked: Sequence[tuple[int, int]] = (),
    ) -> None:
        self._grid, self.glass = grid, slide.glass
        self._densities = optical_density.density_table(self.glass)
        self._is_he = slide.measures.stain.is_he
        downsamples = slide.file.downsamples
        level = level_for(downsamples, grid.side_level0_px / grid.size_px)
        corners = [grid.corner(column, row) for column, row in checked]
        self._reader = readers.open_reader(
            path,
            file=slide.file,
            level=level,
            glass=self.glass,
            prefer=prefer,
            scale=_whole_factor(grid, downsamples[level]) if fast_downsample else 1,
            places=[
                (round(x / downsamples[level]), round(y / downsamples[level])) for x, y in corners
            ],
        )
        self._downsample = downsamples[level] * self._reader.scale

    def close(self) -> None:
        self._reader.close()

    def extract(self, column: int, row: int) -> Pixels:
        """(size, size, 3) uint8 RGB; glass where the tile leaves the scanned bounds.

        Raises
        ------
        ReadError : a part of the tile does not decode.
        """
        grid = self._grid
        x, y = grid.corner(column, row)
        left, right = self._span(x, grid.bounds.x + grid.bounds.width)
        top, bottom = self._span(y, grid.bounds.y + grid.bounds.height)
        side_x = round((x + grid.side_level0_px) / self._downsample) - left
        side_y = round((y + grid.side_level0_px) / self._downsample) - top
        rgb = self._reader.read(left, top, right - left, bottom - top)
        if rgb.shape[:2] != (side_y, side_x):
            whole = np.empty((side_y, side_x, 3), np.uint8)
            whole[:] = self.glass
            whole[: rgb.shape[0], : rgb.shape[1]] = rgb
            rgb = whole
        if rgb.shape[:2] != (grid.size_px, grid.size_px):
            size = (grid.size_px, grid.size_px)
            rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
        return rgb

    def measured(self, row: TileRow) -> tuple[TileRow, Pixels | None]:
        """A candidate tile with its measurements, and its pixels; None where it does not decode."""
        try:
            rgb = self.extract(row.tile_col, row.tile_row)
        except ReadError as error:
            LOG.warning("tile %d,%d is lost: %s", row.tile_col, row.tile_row, error)
            return row.measured(self._reader.name, None), None
        measures = tile_measures.measure(rgb, self._grid.mpp, self._densities, is_he=self._is_he)
        return row.measured(self._reader.name, measures), rgb

    def _span(self, start: int, end: int) -> tuple[int, int]:
        """A tile's extent along one axis in level pixels, cut at the end of the scanned bounds."""
        stop = min(start + self._grid.side_level0_px, end)
        low = round(start / self._downsample)
        return low, max(low + 1, round(stop / self._downsample))


def _whole_factor(grid: Grid, downsample: float) -> int:
    """By how much a decoder may shrink a level for a grid: 2, 4 or 8, else 1."""
    factor = grid.side_level0_px / grid.size_px / downsample
    origin = (grid.bounds.x, grid.bounds.y)
    aligned = all(at % (factor * downsample) == 0 for at in origin)
    return int(factor) if factor in (2, 4, 8) and aligned else 1
