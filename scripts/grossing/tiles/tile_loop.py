"""One slide's tiles: the candidates, cut and measured by the engine that the config names."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from grossing.columns import tile_metrics
from grossing.mask import labels
from grossing.slide import grid as grids
from grossing.slide import identity
from grossing.slide.grid import Grid
from grossing.slide.record import SlideRecord, UsableSlide
from grossing.support import memory, parquet
from grossing.support.types import Mask, PathLike, Pixels
from grossing.tiles import deepzoom, pyramid_writer
from grossing.tiles.engines import ENGINES
from grossing.tiles.extraction import TileExtractor
from grossing.tiles.options import TileOptions
from grossing.tiles.tile_row import TileRow

CANDIDATE_TISSUE_FRACTION = 0.05
CANDIDATE_SCANNED_FRACTION = 0.5


class Engine(Protocol):
    """Measures the candidates and writes the slide's container; returns the completed rows."""

    def write_tiles(
        self,
        rows: list[TileRow],
        new_extractor: Callable[[], TileExtractor],
        slide: UsableSlide,
        grid: Grid,
        container: PathLike | None,
        options: TileOptions,
        threads: int,
    ) -> list[TileRow]: ...


@dataclass(frozen=True)
class SlideTiles:
    """The candidate tiles of a slide by row and column, and their grid; None where not tiled."""

    slide_id: str
    grid: Grid | None
    rows: tuple[TileRow, ...]

    def write(self, path: PathLike) -> None:
        """Write `tile_metrics`."""
        memory.give_back()  # so that the writer's 6 MB are not on top of the pixels'
        grid = self.grid
        rows = [row.to_row(self.slide_id, grid) for row in self.rows] if grid else []
        parquet.write(rows, tile_metrics.COLUMNS, path)


def tile(
    path: PathLike,
    record: SlideRecord,
    mask: Pixels,
    overview: Pixels | None = None,
    *,
    container: PathLike | None,
    passed: bool,
    tiles: TileOptions,
    target_mpp: float,
    target_mpp_tolerance: float,
    threads: int = 1,
) -> SlideTiles:
    """Cut one measured slide into tiles.

    Parameters
    ----------
    path : the slide's file
    record : what was measured of it
    mask : (H, W) uint8 labels over the scanned bounds
    overview : (H, W, 3) uint8 of the same pixels, with which tiles are compared
    container : where the tiles go; None writes no pixels (virtual tiling)
    passed : False writes an empty container
    threads : that read and encode; the result does not depend on them

    Raises
    ------
    SlideChanged : the slide is no longer the one that was measured.
    SlideError : it cannot be opened any more.
    """
    cv2.setNumThreads(1)
    if not passed:
        pyramid_writer.write_empty(container, record.slide_id, tiles)
        return SlideTiles(record.slide_id, None, ())
    identity.check(path, record.identity, record.slide_id)
    slide = record.usable()
    grid = grids.make(
        slide.file.bounds,
        slide.resolution.mpp,
        size_px=tiles.size_px,
        target_mpp=target_mpp,
        target_mpp_tolerance=target_mpp_tolerance,
    )
    rows = candidates(mask, grid, slide.measures.areas.overview_downsample)

    def new_extractor() -> TileExtractor:
        return TileExtractor(
            path,
            slide,
            grid,
            overview=overview,
            unscanned=mask == labels.NOT_SCANNED,
            prefer=tiles.reader,
            fast_downsample=tiles.fast_downsample,
            checked=[row.place for row in rows],
        )

    engine: Engine = importlib.import_module(ENGINES[tiles.engine])
    done = engine.write_tiles(rows, new_extractor, slide, grid, container, tiles, threads)
    ordered = sorted(done, key=lambda row: (row.tile_row, row.tile_col))
    return SlideTiles(record.slide_id, grid, tuple(ordered))


def _share(unscanned: float, scanned: float) -> float:
    """What was not scanned of a tile, as a share of what lies inside the scanned bounds."""
    return float(unscanned / (unscanned + scanned))


def candidates(mask: Pixels, grid: Grid, downsample: float) -> list[TileRow]:
    """Tiles with enough tissue and scanned picture, in Z-order, with their tissue and pen share.

    Parameters
    ----------
    mask : (H, W) uint8 labels from the origin of the scanned bounds
    downsample : level-0 px per mask pixel
    """

    def share(of: Mask) -> np.ndarray:
        return grids.shares_of_squares(of, grid.bounds, grid.side_level0_px, downsample)

    tissue = share(mask == labels.TISSUE)
    pen = share((mask == labels.PEN) | (mask == labels.POSSIBLE_PEN))
    scanned, unscanned = share(mask > 0), share(mask == labels.NOT_SCANNED)
    enough = (tissue >= CANDIDATE_TISSUE_FRACTION) & (scanned >= CANDIDATE_SCANNED_FRACTION)
    rows = [
        TileRow(
            column,
            row,
            *grid.corner(column, row),
            grid.side_level0_px,
            tissue_fraction=float(tissue[row, column]),
            pen_fraction=float(pen[row, column]),
            unscanned_fraction=_share(unscanned[row, column], scanned[row, column]),
        )
        for row, column in np.argwhere(enough).tolist()
    ]
    return sorted(rows, key=lambda row: deepzoom.z_order(*row.place))
