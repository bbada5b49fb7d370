"""Tiles of a grid cut out of a slide, at the grid's resolution."""

import logging
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from grossing.measure import focus
from grossing.slide import grid, opening, readers
from grossing.slide import record as record_files
from grossing.stain import optical_density
from grossing.support.errors import ReadError

LOG = logging.getLogger(__name__)

Pixels = npt.NDArray[np.uint8]


class Cutter:
    """Cuts tiles of a grid out of a slide.

    Parameters
    ----------
    path : the slide
    record : its JSON
    cells : the grid
    prefer : "auto", or "openslide" for the general reader
    fast_downsample : let the decoder shrink where a whole factor is wanted
    checked : (column, row) of tiles, best with tissue, where the fast reader has to prove itself
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        record: Mapping[str, Any],
        cells: grid.Grid,
        *,
        prefer: str = "auto",
        fast_downsample: bool = False,
        checked: Sequence[tuple[int, int]] = (),
    ) -> None:
        self._cells, self.glass, self.mpp = cells, record_files.glass_of(record), cells.mpp
        self.densities, self.is_he = optical_density.density_table(self.glass), record["is_he"]
        downsamples = [level["downsample"] for level in record["levels"]]
        level = opening.level_for(downsamples, cells.side_level0_px / cells.size_px)
        corners = [cells.corner(column, row) for column, row in checked]
        self._reader = readers.open_reader(
            path,
            record=record,
            level=level,
            glass=self.glass,
            prefer=prefer,
            scale=_whole_factor(cells, downsamples[level]) if fast_downsample else 1,
            places=[
                (round(x / downsamples[level]), round(y / downsamples[level])) for x, y in corners
            ],
        )
        self._downsample = downsamples[level] * self._reader.scale
        self.reader_name = self._reader.name

    def close(self) -> None:
        self._reader.close()

    def cut(self, column: int, row: int) -> Pixels:
        """(size, size, 3) uint8 RGB; glass where the tile leaves the scanned bounds.

        Raises
        ------
        ReadError : a part of the tile does not decode.
        """
        cells = self._cells
        x, y = cells.corner(column, row)
        left, right = self._span(x, cells.x_level0_px + cells.width_level0_px)
        top, bottom = self._span(y, cells.y_level0_px + cells.height_level0_px)
        side_x = round((x + cells.side_level0_px) / self._downsample) - left
        side_y = round((y + cells.side_level0_px) / self._downsample) - top
        rgb = self._reader.read(left, top, right - left, bottom - top)
        if rgb.shape[:2] != (side_y, side_x):
            whole = np.empty((side_y, side_x, 3), np.uint8)
            whole[:] = self.glass
            whole[: rgb.shape[0], : rgb.shape[1]] = rgb
            rgb = whole
        if rgb.shape[:2] != (cells.size_px, cells.size_px):
            size = (cells.size_px, cells.size_px)
            rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
        return rgb

    def _span(self, start: int, end: int) -> tuple[int, int]:
        """A tile's extent along one axis in level pixels, cut at the end of the scanned bounds."""
        stop = min(start + self._cells.side_level0_px, end)
        low = round(start / self._downsample)
        return low, max(low + 1, round(stop / self._downsample))


def _whole_factor(cells: grid.Grid, downsample: float) -> int:
    """By how much a decoder may shrink a level for a grid: 2, 4 or 8, else 1."""
    factor = cells.side_level0_px / cells.size_px / downsample
    origin = (cells.x_level0_px, cells.y_level0_px)
    aligned = all(at % (factor * downsample) == 0 for at in origin)
    return int(factor) if factor in (2, 4, 8) and aligned else 1


def measured(row: dict[str, Any], cutter: Cutter) -> Pixels | None:
    """Cut a candidate tile and complete its row: reader, measurements, or that it is lost.

    Parameters
    ----------
    row : with `tile_col` and `tile_row`

    Returns
    -------
    (size, size, 3) uint8 RGB, None where a part of the tile does not decode
    """
    row |= {"reader": cutter.reader_name, "lost": False}
    try:
        rgb = cutter.cut(row["tile_col"], row["tile_row"])
    except ReadError as error:
        LOG.warning("tile %d,%d is lost: %s", row["tile_col"], row["tile_row"], error)
        row["lost"] = True
        return None
    row |= measure(rgb, cutter.mpp, cutter.densities)
    if not cutter.is_he:
        row |= {"hematoxylin_od": None, "eosin_od": None}
    return rgb


def measure(rgb: Pixels, mpp: float, densities: npt.NDArray[np.float64]) -> dict[str, float | None]:
    """The measured columns of one tile, before it is encoded.

    Parameters
    ----------
    rgb : (size, size, 3) uint8
    mpp : um per pixel of the tile; focus is left out where that is coarser than 0.6, and the
        re-blur focus of a constant tile is None
    densities : `optical_density.density_table` of the slide's glass
    """
    mean_od, haematoxylin, eosin = optical_density.mean_densities(rgb, densities)
    found: dict[str, float | None] = {
        "mean_od": mean_od,
        "hematoxylin_od": haematoxylin,
        "eosin_od": eosin,
    }
    if mpp <= focus.COARSEST_MPP:
        grey = focus.working_grey(rgb, mpp)
        sharpness = focus.reblur(grey)
        found["focus_reblur"] = None if math.isnan(sharpness) else sharpness
        found["laplacian_var"] = focus.laplacian_var(grey)
    return found
