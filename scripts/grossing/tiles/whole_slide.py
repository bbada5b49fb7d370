"""A whole slide at the grid's resolution, glass included, as bands of tiles from top to bottom."""

from collections.abc import Iterator, Sequence

import numpy as np

from grossing.slide.grid import Grid
from grossing.support.errors import ReadError
from grossing.support.types import Pixels
from grossing.tiles import denoising
from grossing.tiles.extraction import TileExtractor
from grossing.tiles.options import TileOptions
from grossing.tiles.tile_row import TileRow


class WholeSlide:
    """Bands of tiles; candidates are measured on the way, places that do not decode are glass.

    Parameters
    ----------
    rows : candidate tiles, which are measured
    options : how tiles, glass too, are denoised; None: not at all
    """

    def __init__(
        self,
        extractor: TileExtractor,
        grid: Grid,
        rows: Sequence[TileRow] = (),
        options: TileOptions | None = None,
    ) -> None:
        self._extractor, self._grid, self._options = extractor, grid, options
        self._rows = {row.place: row for row in rows}

    def rows(self) -> list[TileRow]:
        """The candidates, measured once all bands were read."""
        return list(self._rows.values())

    def bands(self) -> Iterator[Pixels]:
        """(size_px, padded width, 3) uint8 RGB per row of the grid, valid until the next one."""
        grid = self._grid
        band = np.empty((grid.size_px, grid.padded_width_px, 3), np.uint8)
        for row in range(grid.rows):
            for column in range(grid.columns):
                at = slice(column * grid.size_px, (column + 1) * grid.size_px)
                rgb = self._tile(column, row)
                band[:, at] = self._extractor.glass if rgb is None else self._denoised(rgb)
            yield band

    def _denoised(self, rgb: Pixels) -> Pixels:
        if self._options is None:
            return rgb
        return denoising.denoise(rgb, self._options.denoise, self._options.denoise_search_px)

    def _tile(self, column: int, row: int) -> Pixels | None:
        candidate = self._rows.get((column, row))
        if candidate is not None:
            ((self._rows[column, row], rgb),) = self._extractor.measured([candidate])
            return rgb
        try:
            return self._extractor.extract(column, row)
        except ReadError:
            return None
