"""Pixels of one pyramid level for the tile loop, behind one interface."""

import logging
import os
from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np
import openslide

from grossing.slide import opening, raw_tiff, tiff_directory
from grossing.slide.record import FileFacts
from grossing.support.errors import ReadError
from grossing.support.types import Pixels

CACHE_BYTES = 48 * 1024 * 1024
CHECKED_PLACES = 5
CHECKED_PX = 256
RAW_VENDORS = ("aperio", "generic-tiff")  # others overlap their tiles or leave gaps
LOG = logging.getLogger(__name__)


class Reader(Protocol):
    """Reads rectangles of one level; `name` is recorded with the tiles.

    With `scale` above 1 it counts in pixels that are that many times larger than the level's.
    """

    name: str
    scale: int

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
    scale = 1

    def __init__(
        self,
        path: str | os.PathLike[str],
        level: int,
        downsample: float,
        glass: Pixels,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        self._slide = opening.Slide(path)
        self._slide.handle.set_cache(openslide.OpenSlideCache(cache_bytes))
        self._level, self._downsample, self._glass = level, downsample, glass

    def read(self, x: int, y: int, w: int, h: int) -> Pixels:
        x, y = round(x * self._downsample), round(y * self._downsample)
        return self._slide.read(self._level, x, y, w, h, self._glass)

    def close(self) -> None:
        self._slide.close()


class RawReader:
    """Raw JPEG tiles of a TIFF; a rectangle that fails is tried through OpenSlide."""

    def __init__(
        self, raw: raw_tiff.RawTiffReader, general: OpenSlideReader, scale: int = 1
    ) -> None:
        self._raw, self._general, self.scale = raw, general, scale
        self.name = "raw" if scale == 1 else "raw_scaled"

    def read(self, x: int, y: int, w: int, h: int) -> Pixels:
        try:
            return self._raw.read(x, y, w, h)
        except ReadError:
            k = self.scale
            rgb = self._general.read(x * k, y * k, w * k, h * k)
            return np.asarray(cv2.resize(rgb, (w, h), interpolation=cv2.INTER_AREA), np.uint8)

    def close(self) -> None:
        self._raw.close()
        self._general.close()


def open_reader(
    path: str | os.PathLike[str],
    *,
    file: FileFacts,
    level: int,
    glass: Pixels,
    prefer: str = "auto",
    scale: int = 1,
    places: Sequence[tuple[int, int]] = (),
    cache_bytes: int = CACHE_BYTES,
) -> Reader:
    """The fastest reader that gives OpenSlide's pixels for a level of a slide.

    Raw tiles are read where OpenSlide would not resample them (the level's downsample is a whole
    number, tiles do not overlap) and where pixels compared at some places are equal.

    Parameters
    ----------
    file : what the slide's file states
    level : as OpenSlide counts
    glass : (3,) uint8
    prefer : "auto" or "openslide"
    scale : 2, 4 or 8 let the raw reader decode at that fraction of the resolution where it can:
        faster, other pixels (the full resolution still has to agree)
    places : (x, y) in pixels of the level, best in tissue, where the readers are compared; the
        last pixels of the level are always compared too
    cache_bytes : what OpenSlide may keep of decoded tiles

    Raises
    ------
    SlideError : the slide cannot be opened.
    """
    extent = file.levels[level]
    general = OpenSlideReader(path, level, extent.downsample, glass, cache_bytes)
    if prefer != "auto":
        return general
    width, height = extent.width_px, extent.height_px
    try:
        if file.vendor not in RAW_VENDORS:
            raise tiff_directory.Unsupported(f"tiles of {file.vendor} may overlap")
        if extent.downsample != round(extent.downsample):
            raise tiff_directory.Unsupported(f"downsample {extent.downsample} is resampled")
        raw = raw_tiff.RawTiffReader(path, width, height, glass)
    except tiff_directory.Unsupported as reason:
        LOG.info("read through OpenSlide: %s", reason)
        return general
    squares = _squares(places or _diagonal(width, height), width, height)
    if not raw_tiff.agrees(raw, general, squares):
        LOG.warning("read through OpenSlide: raw tiles give other pixels")
        raw.close()
        return general
    if scale == 1:
        return RawReader(raw, general)
    try:
        scaled = raw_tiff.RawTiffReader(path, width, height, glass, scale=scale)
    except tiff_directory.Unsupported as reason:
        LOG.info("decoded at full resolution: %s", reason)
        return RawReader(raw, general)
    raw.close()
    return RawReader(scaled, general, scale)


def _diagonal(width: int, height: int) -> list[tuple[int, int]]:
    return [
        (width * i // CHECKED_PLACES, height * i // CHECKED_PLACES) for i in range(CHECKED_PLACES)
    ]


def _squares(
    places: Sequence[tuple[int, int]], width: int, height: int
) -> list[tuple[int, int, int, int]]:
    """Rectangles to compare at a few of the places and in the last corner, inside the picture."""
    few = places[:: -(-len(places) // CHECKED_PLACES)]
    w, h = min(CHECKED_PX, width), min(CHECKED_PX, height)
    corners = [*few, (width, height)]
    return [(max(0, min(x, width - w)), max(0, min(y, height - h)), w, h) for x, y in corners]
