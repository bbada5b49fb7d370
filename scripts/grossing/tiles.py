"""The tile loop: only where there is tissue, every candidate measured before it is encoded."""

import contextlib
import logging
import os
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from grossing import deepzoom, encode, focus, grid, labels, readers, slides, stain

CANDIDATE_TISSUE_FRACTION = 0.05
CANDIDATE_SCANNED_FRACTION = 0.5
LOG = logging.getLogger(__name__)

Pixels = npt.NDArray[np.uint8]
Row = dict[str, Any]


def slide(
    path: str | os.PathLike[str],
    record: Mapping[str, Any],
    mask: Pixels,
    *,
    container: str | os.PathLike[str] | None,
    passed: bool,
    tiles: Mapping[str, Any],
    target_mpp: float,
    target_mpp_tolerance: float,
) -> list[Row]:
    """Cut one measured slide into tiles.

    Parameters
    ----------
    path : the slide
    record : the slide's JSON
    mask : (H, W) uint8 labels over the scanned bounds
    container : where the tiles go; None writes no pixels (virtual tiling)
    passed : False writes an empty container
    tiles : the config section

    Returns
    -------
    One row per candidate tile (columns of `tables.TILE_METRICS`), by row and column.

    Raises
    ------
    SlideError : the slide cannot be opened any more.
    """
    sink = _sink(container, tiles["container"])
    if not passed:
        with _pyramid(sink, record, tiles, (1, 1)):
            return []
    cells = grid.make(
        tuple(record["bounds"].values()),
        record["mpp"],
        size_px=tiles["size_px"],
        target_mpp=target_mpp,
        target_mpp_tolerance=target_mpp_tolerance,
    )
    size = (cells.padded_width_px, cells.padded_height_px)
    with _pyramid(sink, record, tiles, size) as pyramid:
        rows = _loop(path, record, mask, cells, pyramid)
    return sorted(rows, key=lambda row: (row["tile_row"], row["tile_col"]))


def candidates(mask: Pixels, cells: grid.Grid, downsample: float) -> list[Row]:
    """Tiles with enough tissue and scanned picture, in Z-order, with their tissue and pen share.

    Parameters
    ----------
    mask : (H, W) uint8 labels from the origin of the scanned bounds
    downsample : level-0 px per mask pixel
    """
    box = (cells.x_level0_px, cells.y_level0_px, cells.width_level0_px, cells.height_level0_px)

    def share(of: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        return grid.cell_shares(of, box, cells.side_level0_px, downsample)

    bodies = share(mask == labels.TISSUE)
    pen = share(mask == labels.PEN)
    scanned = share(mask > 0)
    enough = (bodies >= CANDIDATE_TISSUE_FRACTION) & (scanned >= CANDIDATE_SCANNED_FRACTION)
    found = []
    for row, column in np.argwhere(enough).tolist():
        x, y = cells.corner(column, row)
        found.append(
            {
                "tile_col": column,
                "tile_row": row,
                "x_level0_px": x,
                "y_level0_px": y,
                "size_level0_px": cells.side_level0_px,
                "tissue_fraction": float(bodies[row, column]),
                "pen_fraction": float(pen[row, column]),
            }
        )
    return sorted(found, key=lambda r: deepzoom.z_order(r["tile_col"], r["tile_row"]))


def measure_tile(rgb: Pixels, mpp: float, densities: npt.NDArray[np.float64]) -> Row:
    """The measured columns of one tile, before it is encoded.

    Parameters
    ----------
    rgb : (size, size, 3) uint8
    mpp : um per pixel of the tile; focus is null where that is coarser than 0.6
    densities : `stain.density_table` of the slide's glass
    """
    mean_od, haematoxylin, eosin = stain.mean_densities(rgb, densities)
    row = {"mean_od": mean_od, "hematoxylin_od": haematoxylin, "eosin_od": eosin}
    if mpp <= focus.COARSEST_MPP:
        grey = focus.working_grey(rgb, mpp)
        row |= {"focus_reblur": focus.reblur(grey), "laplacian_var": focus.laplacian_var(grey)}
    return row


def _sink(path: str | os.PathLike[str] | None, kind: str) -> deepzoom.Container | None:
    if path is None:
        return None
    return deepzoom.ZipContainer(path) if kind == "zip" else deepzoom.DirectoryContainer(path)


def _pyramid(
    sink: deepzoom.Container | None,
    record: Mapping[str, Any],
    tiles: Mapping[str, Any],
    size: tuple[int, int],
) -> contextlib.AbstractContextManager[deepzoom.Pyramid | None]:
    if sink is None:
        return contextlib.nullcontext()
    encoding = {key: tiles[key] for key in ("format", "quality", "chroma")}
    return deepzoom.Pyramid(
        sink,
        name=record["slide_id"],
        width=size[0],
        height=size[1],
        tile_px=tiles["size_px"],
        suffix=encode.SUFFIXES[tiles["format"]],
        glass=glass_of(record),
        encode=encode.encoder(**encoding),
    )


def glass_of(record: Mapping[str, Any]) -> Pixels:
    """The slide's glass colour, (3,) uint8; white where it was not measured."""
    bands = [record.get(f"background_{band}") for band in "rgb"]
    return np.array([255 if band is None else band for band in bands], np.uint8)


def _loop(
    path: str | os.PathLike[str],
    record: Mapping[str, Any],
    mask: Pixels,
    cells: grid.Grid,
    pyramid: deepzoom.Pyramid | None,
) -> list[Row]:
    glass = glass_of(record)
    densities = stain.density_table(glass)
    cutter = Cutter(path, record, cells, glass)
    rows = candidates(mask, cells, record["overview_downsample"])
    for row in rows:
        row |= {
            "slide_id": record["slide_id"],
            "mpp": cells.mpp,
            "target_mpp": cells.target_mpp,
            "picture_width_px": cells.width_px,
            "picture_height_px": cells.height_px,
            "reader": cutter.reader_name,
            "lost": False,
        }
        try:
            rgb = cutter.cut(row["tile_col"], row["tile_row"])
        except slides.ReadError as error:
            LOG.warning("tile %d,%d is lost: %s", row["tile_col"], row["tile_row"], error)
            row["lost"] = True
            continue
        row |= measure_tile(rgb, cells.mpp, densities)
        if pyramid is not None:
            member = pyramid.add(row["tile_col"], row["tile_row"], rgb)
            row["tile_path"], row["tile_offset"] = member.path, member.offset
            row["tile_bytes"] = member.bytes
    cutter.close()
    return rows


class Cutter:
    """Cuts tiles of a grid out of a slide at the grid's resolution."""

    def __init__(
        self,
        path: str | os.PathLike[str],
        record: Mapping[str, Any],
        cells: grid.Grid,
        glass: Pixels,
    ) -> None:
        downsamples = [level["downsample"] for level in record["levels"]]
        level = slides.level_for(downsamples, cells.side_level0_px / cells.size_px)
        self._cells, self._glass = cells, glass
        self._downsample = downsamples[level]
        self._reader = readers.open_reader(
            path, level=level, downsample=self._downsample, glass=glass
        )
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
            whole[:] = self._glass
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
