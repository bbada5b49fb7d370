"""The tile loop: only where there is tissue, every candidate measured before it is encoded."""

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask import labels
from grossing.slide import grid
from grossing.slide import record as record_files
from grossing.support import images, parallel
from grossing.tiles import deepzoom, denoising
from grossing.tiles import extraction as cutting

CANDIDATE_TISSUE_FRACTION = 0.05
CANDIDATE_SCANNED_FRACTION = 0.5

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
    threads: int = 1,
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
    threads : that read and encode; the result does not depend on them

    Returns
    -------
    One row per candidate tile (columns of `tables.TILE_METRICS`), by row and column.

    Raises
    ------
    SlideError : the slide cannot be opened any more.
    """
    cv2.setNumThreads(1)
    sink = _sink(container, tiles["container"])
    name = record["slide_id"]
    if not passed:
        with _pyramid(sink, name, (1, 1), np.zeros(3, np.uint8), tiles):
            return []
    cells = grid.make(
        tuple(record["bounds"].values()),
        record["mpp"],
        size_px=tiles["size_px"],
        target_mpp=target_mpp,
        target_mpp_tolerance=target_mpp_tolerance,
    )
    rows = candidates(mask, cells, record["overview_downsample"])
    cutter = functools.partial(
        cutting.Cutter,
        path,
        record,
        cells,
        prefer=tiles["reader"],
        fast_downsample=tiles["fast_downsample"],
        checked=[(row["tile_col"], row["tile_row"]) for row in rows],
    )
    if sink is not None and tiles["engine"] == "dzsave":
        from grossing.tiles import libvips_engine  # libvips costs every other job 0.1 s

        options = {"encoding": _encoding(tiles), "denoise": tiles["denoise"]}
        libvips_engine.tiles(rows, cutter(), cells, sink, name=name, **options)
    else:
        size = (cells.padded_width_px, cells.padded_height_px)
        with _pyramid(sink, name, size, record_files.glass_of(record), tiles) as pyramid:
            _tissue_only(rows, cutter, pyramid, _finisher(tiles), threads)
    constant = {
        "slide_id": name,
        "mpp": cells.mpp,
        "target_mpp": cells.target_mpp,
        "picture_width_px": cells.width_px,
        "picture_height_px": cells.height_px,
    }
    rows = [constant | row for row in rows]
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


def _tissue_only(
    rows: list[Row],
    new_cutter: Callable[[], cutting.Cutter],
    pyramid: deepzoom.Pyramid | None,
    finish: Callable[[Pixels], tuple[bytes, Pixels]],
    threads: int,
) -> None:
    """Read, measure, finish and encode the candidates in Z-order; completes their rows."""
    own = threading.local()

    def work(row: Row) -> tuple[bytes, Pixels] | None:
        if not hasattr(own, "cutter"):
            own.cutter = new_cutter()
        rgb = cutting.measured(row, own.cutter)
        if rgb is None or pyramid is None:
            return None
        return finish(rgb)

    for row, made in zip(rows, parallel.ordered(work, rows, threads), strict=True):
        if made is not None and pyramid is not None:
            member = pyramid.add(row["tile_col"], row["tile_row"], *made)
            row["tile_path"], row["tile_offset"] = member.path, member.offset
            row["tile_bytes"] = member.bytes


def _finisher(tiles: Mapping[str, Any]) -> Callable[[Pixels], tuple[bytes, Pixels]]:
    """What is done with a measured tile: denoised, then encoded, and halved for the pyramid."""
    to_bytes = images.encoder(**_encoding(tiles))

    def finish(rgb: Pixels) -> tuple[bytes, Pixels]:
        rgb = denoising.denoise(rgb, tiles["denoise"])
        return to_bytes(rgb), deepzoom.half_size(rgb)

    return finish


def _sink(path: str | os.PathLike[str] | None, kind: str) -> deepzoom.Container | None:
    return None if path is None else deepzoom.container_at(path, kind)


def _encoding(tiles: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tiles[key] for key in ("format", "quality", "chroma")}


def _pyramid(
    sink: deepzoom.Container | None,
    name: str,
    size: tuple[int, int],
    glass: Pixels,
    tiles: Mapping[str, Any],
) -> contextlib.AbstractContextManager[deepzoom.Pyramid | None]:
    if sink is None:
        return contextlib.nullcontext()
    return deepzoom.Pyramid(
        sink,
        name=name,
        width=size[0],
        height=size[1],
        tile_px=tiles["size_px"],
        suffix=tiles["format"],
        glass=glass,
        encode=images.encoder(**_encoding(tiles)),
    )
