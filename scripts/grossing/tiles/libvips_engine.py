"""The whole slide, glass included, at the target resolution: through libvips as it is read."""

import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyvips

from grossing.slide import grid
from grossing.support import files
from grossing.support.errors import ReadError
from grossing.tiles import deepzoom, denoising, libvips_feed
from grossing.tiles import extraction as cutting

Pixels = npt.NDArray[np.uint8]


def tiles(
    rows: list[dict[str, Any]],
    cutter: cutting.Cutter,
    cells: grid.Grid,
    container: deepzoom.Container,
    *,
    name: str,
    encoding: Mapping[str, Any],
    denoise: float = 0,
) -> None:
    """Write the complete viewer pyramid with libvips' dzsave; completes the candidates' rows.

    Parameters
    ----------
    rows : candidate tiles (`tiles.candidates`)
    cutter, cells : the slide and its grid
    container : takes the members; the dated `vips-properties.xml` is left out
    name : of the picture
    encoding : `format`, `quality` and `chroma` of the config
    denoise : strength of denoising, of glass too; 0 is off
    """
    wanted = {(row["tile_col"], row["tile_row"]): row for row in rows}
    size = (cells.padded_width_px, cells.padded_height_px)
    temporary = files.temporary_for(container.path.with_name(f"{name}.dzsave"))
    try:
        with libvips_feed.image(_bands(cutter, cells, wanted, denoise), *size) as image:
            image.dzsave(
                str(temporary),
                imagename=name,
                container="zip",
                tile_size=cells.size_px,
                overlap=0,
                **_dzsave_options(encoding),
            )
        members = _moved(temporary, container)
    except BaseException:
        container.discard()
        raise
    finally:
        temporary.unlink(missing_ok=True)
    top = max(int(path.split("/")[1]) for path in members if "/" in path)
    for (column, row), found in wanted.items():
        path = f"{name}_files/{top}/{column}_{row}.{encoding['format']}"
        if not found["lost"]:
            member = members[path]
            found["tile_path"], found["tile_offset"] = member.path, member.offset
            found["tile_bytes"] = member.bytes


def rescale(
    path: str | os.PathLike[str],
    record: Mapping[str, Any],
    output: str | os.PathLike[str],
    *,
    passed: bool,
    target_mpp: float,
    target_mpp_tolerance: float,
    quality: int,
) -> None:
    """Write a slide as a pyramidal, tiled JPEG TIFF at the target resolution.

    Places that do not decode become glass; nothing of the source's description is kept.

    Parameters
    ----------
    path, record : the slide and its JSON
    output : the TIFF; 1 x 1 px where the slide did not pass

    Raises
    ------
    SlideError : the slide cannot be opened any more.
    """
    if not passed:
        with files.replacing(output) as temporary:
            black = pyvips.Image.black(1, 1, bands=3)
            libvips_feed.save_tiff(black, temporary, target_mpp, quality)
        return
    cells = grid.make(
        tuple(record["bounds"].values()),
        record["mpp"],
        size_px=libvips_feed.PYRAMID_TILE_PX,
        target_mpp=target_mpp,
        target_mpp_tolerance=target_mpp_tolerance,
    )
    cutter = cutting.Cutter(path, record, cells)
    size = (cells.padded_width_px, cells.padded_height_px)
    with (
        files.replacing(output) as temporary,
        libvips_feed.image(_bands(cutter, cells, {}), *size) as image,
    ):
        whole = image.crop(0, 0, cells.width_px, cells.height_px)
        libvips_feed.save_tiff(whole, temporary, cells.mpp, quality)


def _bands(
    cutter: cutting.Cutter,
    cells: grid.Grid,
    wanted: Mapping[tuple[int, int], dict[str, Any]],
    denoise: float = 0,
) -> Iterator[Pixels]:
    """Rows of tiles from top to bottom; wanted ones are measured, then all denoised, on the way."""
    for row in range(cells.rows):
        band = np.empty((cells.size_px, cells.padded_width_px, 3), np.uint8)
        for column in range(cells.columns):
            at = slice(column * cells.size_px, (column + 1) * cells.size_px)
            rgb = _tile(cutter, column, row, wanted.get((column, row)))
            band[:, at] = cutter.glass if rgb is None else denoising.denoise(rgb, denoise)
        yield band


def _tile(
    cutter: cutting.Cutter, column: int, row: int, found: dict[str, Any] | None
) -> Pixels | None:
    if found is not None:
        return cutting.measured(found, cutter)
    try:
        return cutter.cut(column, row)
    except ReadError:
        return None


def _dzsave_options(encoding: Mapping[str, Any]) -> dict[str, Any]:
    if encoding["format"] == "png":
        return {"suffix": ".png"}
    if str(encoding["chroma"]) == "444":
        return {"suffix": f".jpeg[Q={encoding['quality']},subsample_mode=off]"}
    return {"Q": encoding["quality"]}  # a suffix would switch libvips' direct writer off


def _moved(archive: Path, container: deepzoom.Container) -> dict[str, deepzoom.Member]:
    """The members of libvips' zip in our container, without its dated properties."""
    with zipfile.ZipFile(archive) as source:
        names = [n for n in source.namelist() if not n.endswith("vips-properties.xml")]
        members = {name: container.add(name, source.read(name)) for name in names}
    container.finish()
    return members
