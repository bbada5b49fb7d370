"""Pixels of one pyramid level for the tile loop, behind one interface."""

import os
from typing import Protocol

import numpy as np
import numpy.typing as npt
import openslide

from grossing import slides

CACHE_BYTES = 48 * 1024 * 1024

Pixels = npt.NDArray[np.uint8]


class Reader(Protocol):
    """Reads rectangles of one level; `name` is recorded with the tiles."""

    name: str

    def read(self, x: int, y: int, w: int, h: int) -> Pixels:
        """(h, w, 3) uint8 RGB; x, y, w, h in pixels of the level, inside the picture.

        Raises
        ------
        ReadError : the rectangle does not decode.
        """
        ...

    def close(self) -> None: ...


class OpenSlideReader:
    """Every format that OpenSlide reads."""

    name = "openslide"

    def __init__(
        self, path: str | os.PathLike[str], level: int, downsample: float, glass: Pixels
    ) -> None:
        self._slide = slides.Slide(path)
        self._slide.handle.set_cache(openslide.OpenSlideCache(CACHE_BYTES))
        self._level, self._downsample, self._glass = level, downsample, glass

    def read(self, x: int, y: int, w: int, h: int) -> Pixels:
        x, y = round(x * self._downsample), round(y * self._downsample)
        return self._slide.read(self._level, x, y, w, h, self._glass)

    def close(self) -> None:
        self._slide.close()


def open_reader(
    path: str | os.PathLike[str], *, level: int, downsample: float, glass: Pixels
) -> Reader:
    """The reader for a level of a slide."""
    return OpenSlideReader(path, level, downsample, glass)
