"""New tiles from the tiles of one slide, under the same names: what stages after tiling write."""

import contextlib
import os
from collections.abc import Callable, Mapping
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from grossing.support import images, parallel
from grossing.tiles import deepzoom, stored_tiles

Pixels = npt.NDArray[np.uint8]
Row = dict[str, Any]
PathLike = str | os.PathLike[str]

#: a tile's row and encoded bytes -> for each output what is written: bytes, or None to encode it
Change = Callable[[Row, bytes], Mapping[str, tuple[bytes | None, Pixels]]]


def slide(
    source: stored_tiles.TileSet,
    outputs: Mapping[str, PathLike],
    change: Change,
    *,
    name: str,
    blank: Pixels,
    tiles: Mapping[str, Any],
    threads: int = 1,
) -> None:
    """Write one new container per output, lower levels included.

    Parameters
    ----------
    source : the slide's tiles, open
    outputs : new containers by name
    change : makes the new tiles of one; called from several threads
    name : the slide_id
    blank : (3,) colour where there is no tile; () for pictures of one channel
    tiles : the config section
    threads : that decode and encode; the result does not depend on them
    """
    cv2.setNumThreads(1)
    to_bytes = images.encoder(**{key: tiles[key] for key in ("format", "quality", "chroma")})
    width, height = deepzoom.read_size(source.container, name)

    def work(row: Row) -> dict[str, tuple[bytes, Pixels]]:
        made = change(row, source.data(row["tile_col"], row["tile_row"]))
        return {
            output: (to_bytes(picture) if data is None else data, deepzoom.half_size(picture))
            for output, (data, picture) in made.items()
        }

    with contextlib.ExitStack() as stack:
        pyramids = {}
        for output, path in outputs.items():
            pyramid = deepzoom.Pyramid(
                deepzoom.container_at(path, tiles["container"]),
                name=name,
                width=width,
                height=height,
                tile_px=tiles["size_px"],
                suffix=tiles["format"],
                glass=blank,
                encode=to_bytes,
            )
            pyramids[output] = stack.enter_context(pyramid)
        rows = list(source.in_z_order())
        for row, made in zip(rows, parallel.ordered(work, rows, threads), strict=True):
            for output, tile in made.items():
                pyramids[output].add(row["tile_col"], row["tile_row"], *tile)
