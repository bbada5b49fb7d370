"""Tiles of a grid extracted from a slide, at the grid's resolution."""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from grossing.measure import agreement
from grossing.slide import readers
from grossing.slide.facts import level_for
from grossing.slide.grid import Grid
from grossing.slide.record import FileFacts, UsableSlide
from grossing.slide.region import Region, Window
from grossing.stain import optical_density
from grossing.support.errors import ReadError
from grossing.support.types import Mask, PathLike, Pixels
from grossing.tiles import tile_measures
from grossing.tiles.tile_row import TileRow

AREAS_WITH_OFFSETS = "leica"
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Cut:
    """A tile, the lines around borders of stored tiles in it, and what was never scanned.

    `absent` and `gaps`, its part in the lines, are at the resolution of the reader.
    """

    rgb: Pixels
    lines: Sequence[Pixels]
    gaps: Sequence[Mask] | None = None
    absent: Mask | None = None
    absent_fraction: float = 0.0
    decoders_disagree: bool = False


class TileExtractor:
    """Extracts tiles of a grid from a slide and measures them.

    Parameters
    ----------
    path : the slide's file
    slide : what was measured of it
    grid : its tile grid
    overview : (H, W, 3) uint8 that tiles are compared with, over the scanned bounds; None compares
        nothing
    unscanned : (H, W) bool, pixels of the overview that are not compared
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
        overview: Pixels | None = None,
        unscanned: Mask | None = None,
        prefer: str = "auto",
        fast_downsample: bool = False,
        checked: Sequence[tuple[int, int]] = (),
    ) -> None:
        self._grid, self.glass = grid, slide.glass
        self._densities = optical_density.density_table(self.glass)
        self._is_he = slide.measures.stain.is_he
        self._dark_field = slide.measures.light.dark_field
        self._background_noise = slide.measures.focus.background_noise or 0.0
        downsamples = slide.file.downsamples
        level = _tile_level(slide.file, grid)
        corners = [grid.corner(column, row) for column, row in checked]
        self._reader = readers.open_reader(
            path,
            file=slide.file,
            level=level,
            glass=self.glass,
            prefer=prefer,
            scale=_whole_factor(grid, downsamples[level]) if fast_downsample else 1,
            places=[
                (readers.nearest(x, downsamples[level]), readers.nearest(y, downsamples[level]))
                for x, y in corners
            ],
        )
        self._downsample = downsamples[level] * self._reader.scale
        extent = slide.file.levels[level]
        sides = extent.width_px, extent.height_px
        self._extent = [-(-side // self._reader.scale) for side in sides]
        self._overview, self._unscanned = overview, unscanned
        self._overview_downsample = slide.measures.areas.overview_downsample
        self._path, self._level = path, level
        self._level0: readers.OpenSlideReader | None = None

    def close(self) -> None:
        self._reader.close()
        if self._level0 is not None:
            self._level0.close()

    def extract(self, column: int, row: int) -> Pixels:
        """(size, size, 3) uint8 RGB; glass where the tile leaves the scanned bounds.

        Raises
        ------
        ReadError : a part of the tile does not decode.
        """
        return self._cut(column, row).rgb

    def measured(self, rows: Sequence[TileRow]) -> list[tuple[TileRow, Pixels | None]]:
        """Candidates with their measurements and pixels; None where a tile does not decode.

        One measure of all tiles follows the other: its code stays in the processor's cache.
        """
        cuts = [self._cut_or_none(row) for row in rows]
        tiles = [(row, cut) for row, cut in zip(rows, cuts, strict=True) if cut is not None]
        seams = [agreement.seam_step(cut.lines, cut.gaps) for _, cut in tiles]
        differences = [self._overview_difference(cut.rgb, cut.absent, row) for row, cut in tiles]
        evidence = [
            tile_measures.Evidence(
                absent_fraction=max(cut.absent_fraction, row.unscanned_fraction),
                decoders_disagree=cut.decoders_disagree,
                overview_difference=difference,
                seam_step=seam,
            )
            for (row, cut), seam, difference in zip(tiles, seams, differences, strict=True)
        ]
        measures = tile_measures.measure(
            [cut.rgb for _, cut in tiles],
            self._grid.mpp,
            self._densities,
            evidence,
            is_he=self._is_he,
            dark_field=self._dark_field,
            background_noise=self._background_noise,
        )
        left, name = iter(measures), self._reader.name
        return [
            (row.measured(name, next(left)), cut.rgb) if cut else (row.measured(name, None), None)
            for row, cut in zip(rows, cuts, strict=True)
        ]

    def _cut_or_none(self, row: TileRow) -> _Cut | None:
        """A candidate with the lines around the borders of stored tiles; None where it is lost."""
        try:
            return self._cut(*row.place, with_lines=True)
        except ReadError as error:
            LOG.warning("tile %d,%d is lost: %s", row.tile_col, row.tile_row, error)
            return None

    def _cut(self, column: int, row: int, *, with_lines: bool = False) -> _Cut:
        """A tile, and if wanted the lines around the borders of stored tiles in it.

        Raises
        ------
        ReadError : a part of the tile does not decode.
        """
        left, top, right, bottom = self._rectangle(column, row)
        width, height = right - left, bottom - top
        borders: Sequence[Window] = ()
        if with_lines:
            borders = agreement.borders(height, width, left, top, self._reader.tile_px)
        factor, rest = divmod(width, self._grid.size_px)
        if not rest and width == height and self._sides(column, row) == (width, height):
            reduced = self._reader.reduced(left, top, width, height, factor, borders)
            if reduced is not None:
                return _Cut(reduced.rgb, reduced.lines)
        region = self._read(left, top, right, bottom)
        rgb = self._resampled(region.rgb, column, row)
        absent = region.absent
        gaps = None if absent is None else [absent[at] for at in borders]
        lines = [region.rgb[at].copy() for at in borders]  # not the region with them
        return _Cut(rgb, lines, gaps, absent, region.absent_fraction, region.decoders_disagree)

    def _overview_difference(self, rgb: Pixels, absent: Mask | None, row: TileRow) -> float | None:
        if self._overview is None:
            return None
        if absent is not None:
            gaps = np.where(absent, np.uint8(255), np.uint8(0))
            absent = self._resampled(gaps, *row.place, beyond=0) > 0
        x, y = row.x_level0_px - self._grid.bounds.x, row.y_level0_px - self._grid.bounds.y
        step = self._overview_downsample
        side = row.size_level0_px / step
        return agreement.overview_difference(
            rgb,
            self._overview,
            x / step,
            y / step,
            side,
            unscanned=self._unscanned,
            absent=absent,
        )

    def stored_px(self) -> tuple[int, int, int] | None:
        """Width and height of stored tiles and by how much they shrink into the grid, level px.

        None where they do not shrink to whole pixels of the grid each.
        """
        if self._reader.tile_px is None or self._downsample != round(self._downsample):
            return None
        factor = self._grid.side_level0_px / self._grid.size_px / self._downsample
        origin = (self._grid.bounds.x, self._grid.bounds.y)
        fits = factor == round(factor) and not any(
            at % (factor * self._downsample) for at in origin
        )
        if not fits or any(side % factor for side in self._reader.tile_px):
            return None
        return *self._reader.tile_px, int(factor)

    def extent(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of the scanned bounds, px as the reader counts."""
        left, top, _, _ = self._rectangle(0, 0)
        _, _, right, bottom = self._rectangle(self._grid.columns - 1, self._grid.rows - 1)
        return left, top, right, bottom

    def shrunk(self, left: int, top: int, right: int, bottom: int, factor: int) -> Pixels:
        """Pixels of a rectangle of the level in those of the grid, extended with glass.

        Raises
        ------
        ReadError : a part of it does not decode.
        """
        rgb = self._read(left, top, right, bottom).rgb
        wide, high = -(-(right - left) // factor), -(-(bottom - top) // factor)
        return self._fitted(rgb, (wide * factor, high * factor), (wide, high), self.glass)

    def _rectangle(self, column: int, row: int) -> tuple[int, int, int, int]:
        """Left, top, right, bottom of a tile inside the scanned bounds, px as the reader counts."""
        bounds = self._grid.bounds
        x, y = self._grid.corner(column, row)
        left, right = self._span(x, bounds.x + bounds.width, self._extent[0])
        top, bottom = self._span(y, bounds.y + bounds.height, self._extent[1])
        return left, top, right, bottom

    def _read(self, left: int, top: int, right: int, bottom: int) -> Region:
        """The rectangle; what its level lacks and level 0 has comes from level 0."""
        region = self._reader.read(left, top, right - left, bottom - top)
        if region.absent is None or self._level == 0:
            return region
        if self._level0 is None:
            self._level0 = readers.OpenSlideReader(self._path, 0, 1.0, self.glass)
        scale = self._downsample
        x, y = round(left * scale), round(top * scale)
        finest = self._level0.read(x, y, round(right * scale) - x, round(bottom * scale) - y)
        size = (right - left, bottom - top)
        rgb = np.asarray(cv2.resize(finest.rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
        absent = region.absent
        if finest.absent is None:
            absent = np.zeros_like(absent)
        else:
            share = cv2.resize(finest.absent.astype(np.float32), size, interpolation=cv2.INTER_AREA)
            absent = absent & (share > 0.5)
        filled = np.where((region.absent & ~absent)[..., None], rgb, region.rgb)
        return replace(region, rgb=filled, absent=absent if absent.any() else None)

    def _resampled(
        self, picture: Pixels, column: int, row: int, *, beyond: npt.ArrayLike | None = None
    ) -> Pixels:
        """The region at the size of a tile, extended beyond the scanned bounds (with glass)."""
        beyond = self.glass if beyond is None else beyond
        size = (self._grid.size_px, self._grid.size_px)
        return self._fitted(picture, self._sides(column, row), size, beyond)

    def _sides(self, column: int, row: int) -> tuple[int, int]:
        """Width and height of a tile, whatever lies in the scanned bounds, px of the reader."""
        side = self._grid.side_level0_px
        width, height = (
            readers.nearest(at + side, self._downsample) - readers.nearest(at, self._downsample)
            for at in self._grid.corner(column, row)
        )
        return width, height

    @staticmethod
    def _fitted(
        picture: Pixels, extent: tuple[int, int], size: tuple[int, int], beyond: npt.ArrayLike
    ) -> Pixels:
        """A picture extended to (width, height) of `extent`, then shrunk to `size`."""
        if picture.shape[1::-1] != extent:
            whole = np.empty((extent[1], extent[0], *picture.shape[2:]), np.uint8)
            whole[:] = beyond
            whole[: picture.shape[0], : picture.shape[1]] = picture
            picture = whole
        if extent != size:
            picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        return picture

    def _span(self, start: int, end: int, extent: int) -> tuple[int, int]:
        """A tile's extent along one axis in level pixels, cut at the end of the scanned bounds.

        A level whose size was rounded down ends up to a pixel before them.
        """
        stop = min(start + self._grid.side_level0_px, end)
        low = min(readers.nearest(start, self._downsample), extent - 1)
        return low, max(low + 1, min(readers.nearest(stop, self._downsample), extent))


def _tile_level(file: FileFacts, grid: Grid) -> int:
    """The coarsest level that is fine enough, and where areas have offsets, lies on level 0's px.

    OpenSlide rounds the offset of a scanned area to pixels of each level.
    """
    origin = (grid.bounds.x, grid.bounds.y)
    usable = [
        downsample
        if file.vendor != AREAS_WITH_OFFSETS or all(at % downsample == 0 for at in origin)
        else math.inf
        for downsample in file.downsamples
    ]
    return level_for(usable, grid.side_level0_px / grid.size_px)


def _whole_factor(grid: Grid, downsample: float) -> int:
    """By how much a decoder may shrink a level for a grid: 2, 4 or 8, else 1."""
    factor = grid.side_level0_px / grid.size_px / downsample
    origin = (grid.bounds.x, grid.bounds.y)
    aligned = all(at % (factor * downsample) == 0 for at in origin)
    return int(factor) if factor in (2, 4, 8) and aligned else 1
