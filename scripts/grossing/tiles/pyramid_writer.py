"""A DeepZoom pyramid of a slide, as the config section `tiles` specifies it."""

import contextlib

import numpy as np

from grossing.support import images
from grossing.support.types import PathLike, Pixels
from grossing.tiles import deepzoom
from grossing.tiles.options import Encoding


def pyramid(
    container: PathLike | None,
    name: str,
    size: tuple[int, int],
    blank: Pixels,
    encoding: Encoding,
) -> contextlib.AbstractContextManager[deepzoom.Pyramid | None]:
    """A new pyramid in a new container; None where no pixels are written.

    Parameters
    ----------
    name : the slide_id
    size : width and height of the whole picture, px
    blank : (3,) colour where there is no tile; () for pictures of one channel
    """
    if container is None:
        return contextlib.nullcontext()
    return deepzoom.Pyramid(
        deepzoom.container_at(container, encoding.container),
        name=name,
        width=size[0],
        height=size[1],
        tile_px=encoding.size_px,
        suffix=encoding.format,
        glass=blank,
        encode=images.encoder(
            format=encoding.format, quality=encoding.quality, chroma=encoding.chroma
        ),
    )


def write_empty(container: PathLike | None, name: str, encoding: Encoding) -> None:
    """The container of a slide that is not tiled: its `.dzi` alone."""
    with pyramid(container, name, (1, 1), np.zeros(3, np.uint8), encoding):
        pass
