"""New tiles from the tiles of one slide, under the same names, for the stages after tiling."""

import contextlib
from collections.abc import Callable, Mapping

import cv2

from grossing.support import images, parallel
from grossing.support.types import PathLike, Pixels
from grossing.tiles import deepzoom, pyramid_writer
from grossing.tiles.options import Encoding
from grossing.tiles.stored_tiles import StoredTile, StoredTiles

#: a tile and its encoded bytes -> for each output what is written: bytes, or None to encode it
Change = Callable[[StoredTile, bytes], Mapping[str, tuple[bytes | None, Pixels]]]


def write(
    source: StoredTiles,
    outputs: Mapping[str, PathLike],
    change: Change,
    *,
    name: str,
    blank: Pixels,
    encoding: Encoding,
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
    threads : that decode and encode; the result does not depend on them
    """
    cv2.setNumThreads(1)
    to_bytes = images.encoder(
        format=encoding.format, quality=encoding.quality, chroma=encoding.chroma
    )
    size = deepzoom.read_size(source.container, name)

    def work(tile: StoredTile) -> dict[str, tuple[bytes, Pixels]]:
        made = change(tile, source.data(tile))
        return {
            output: (to_bytes(picture) if data is None else data, deepzoom.half_size(picture))
            for output, (data, picture) in made.items()
        }

    with contextlib.ExitStack() as stack:
        pyramids = {
            output: stack.enter_context(pyramid_writer.pyramid(path, name, size, blank, encoding))
            for output, path in outputs.items()
        }
        tiles = list(source.in_z_order())
        for tile, made in zip(tiles, parallel.ordered(work, tiles, threads), strict=True):
            for output, encoded in made.items():
                pyramid = pyramids[output]
                assert pyramid is not None
                pyramid.add(tile.tile_col, tile.tile_row, *encoded)
