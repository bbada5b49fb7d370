"""Readers of the pixels of one pyramid level, behind one interface and one registry."""

import functools
import logging
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import cv2
import numpy as np
import openslide

from grossing.slide import opening, raw_levels
from grossing.slide.record import FileFacts
from grossing.slide.region import Reduced, Region, Window
from grossing.support.errors import ReadError, Unsupported
from grossing.support.types import PathLike, Pixels

CACHE_BYTES = 48 * 1024 * 1024
CHECKED_PLACES = 5
CHECKED_PX = 256
LOG = logging.getLogger(__name__)


class Reader(Protocol):
    """Reads rectangles of one level; `name` is recorded with the tiles.

    With `scale` above 1 it counts in pixels that are that many times larger than the level's.
    `tile_px` are width and height of the level's stored tiles in these pixels, None if unknown.
    """

    name: str
    scale: int
    tile_px: tuple[int, int] | None

    def read(self, x: int, y: int, w: int, h: int) -> Region:
        """Pixels of a rectangle; x, y, w, h in pixels of the level, inside the picture.

        Raises
        ------
        ReadError : the rectangle does not decode.
        """
        ...

    def reduced(
        self, x: int, y: int, w: int, h: int, factor: int, windows: Sequence[Window] = ()
    ) -> Reduced | None:
        """As of `JpegTiles`; None where the reader can only `read` the rectangle."""
        return None

    def close(self) -> None: ...


class OpenSlideReader(Reader):
    """Every format that OpenSlide reads.

    Parameters
    ----------
    origin : (x, y) of the scanned bounds, level-0 px, which may lie between two pixels of the
        level: the pixel that is nearest to it is read from exactly there
    """

    name = "openslide"
    scale = 1

    def __init__(
        self,
        path: PathLike,
        level: int,
        downsample: float,
        glass: Pixels,
        cache_bytes: int = CACHE_BYTES,
        origin: tuple[int, int] = (0, 0),
    ) -> None:
        self._slide = opening.Slide(path)
        self._slide.handle.set_cache(openslide.OpenSlideCache(cache_bytes))
        self._level, self._downsample, self._glass = level, downsample, glass
        self._shift = [at - nearest(at, downsample) * downsample for at in origin]
        self.tile_px = self._slide.tile_px(level)

    def read(self, x: int, y: int, w: int, h: int) -> Region:
        x, y = (
            round(at * self._downsample + by) for at, by in zip((x, y), self._shift, strict=True)
        )
        bgra = self._slide.read_premultiplied(self._level, x, y, w, h)
        gaps = opening.lowest_alpha(bgra) < opening.SCANNED_ALPHA
        absent = bgra[..., 3] < opening.SCANNED_ALPHA if gaps else None
        return Region(opening.over_glass(bgra, self._glass), absent)

    def close(self) -> None:
        self._slide.close()


def nearest(at_level0_px: float, downsample: float) -> int:
    """The pixel of a level that is nearest to a place; halves always go the same way."""
    return math.floor(at_level0_px / downsample + 0.5)


class OpenLevel(Protocol):
    """Opens one level of a slide with a fast reader, at 1/scale (1, 2, 4, 8) of its resolution."""

    def __call__(
        self, path: PathLike, file: FileFacts, level: int, glass: Pixels, scale: int
    ) -> Reader:
        """Raises `Unsupported` where the reader cannot read the level."""
        ...


#: the registry: fast readers in the order in which they are tried; a reader is used for a slide
#: only if its pixels equal those of OpenSlide at a few places
FAST_READERS: tuple[OpenLevel, ...] = (raw_levels.open_level,)


class FastReader(Reader):
    """A fast reader; a rectangle that fails is read through OpenSlide."""

    def __init__(self, fast: Reader, general: OpenSlideReader) -> None:
        self._fast, self._general = fast, general
        self.name, self.scale = fast.name, fast.scale
        self.tile_px: tuple[int, int] | None = None
        if general.tile_px:  # not the fast reader's: both have to look at the same borders
            wide, high = general.tile_px
            self.tile_px = (wide // fast.scale, high // fast.scale)

    def read(self, x: int, y: int, w: int, h: int) -> Region:
        try:
            return self._fast.read(x, y, w, h)
        except ReadError:
            k = self.scale
            region = self._general.read(x * k, y * k, w * k, h * k)
            rgb = cv2.resize(region.rgb, (w, h), interpolation=cv2.INTER_AREA)
            absent = None if region.absent is None else region.absent[::k, ::k]
            return Region(np.asarray(rgb, np.uint8), absent, decoders_disagree=True)

    def reduced(
        self, x: int, y: int, w: int, h: int, factor: int, windows: Sequence[Window] = ()
    ) -> Reduced | None:
        try:
            return self._fast.reduced(x, y, w, h, factor, windows)
        except ReadError:
            return None

    def close(self) -> None:
        self._fast.close()
        self._general.close()


def open_reader(
    path: PathLike,
    *,
    file: FileFacts,
    level: int,
    glass: Pixels,
    prefer: str = "auto",
    scale: int = 1,
    places: Sequence[tuple[int, int]] = (),
    cache_bytes: int = CACHE_BYTES,
) -> Reader:
    """The first of `FAST_READERS` that gives OpenSlide's pixels for a level, else OpenSlide.

    Parameters
    ----------
    file : what the slide's file states
    level : as OpenSlide counts
    glass : (3,) uint8
    prefer : "auto" or "openslide"
    scale : 2, 4 or 8 let a fast reader decode at that fraction of the resolution where it can:
        faster, other pixels (the full resolution still has to agree)
    places : (x, y) in pixels of the level, best in tissue, where the readers are compared; the
        last pixels of the level are always compared too
    cache_bytes : size of OpenSlide's cache of decoded tiles

    Raises
    ------
    SlideError : the slide cannot be opened.
    """
    extent = file.levels[level]
    origin = (file.bounds.x, file.bounds.y)
    general = OpenSlideReader(path, level, extent.downsample, glass, cache_bytes, origin)
    if prefer != "auto" or any(at % extent.downsample for at in origin):
        return general  # only OpenSlide reads from between two pixels
    width, height = extent.width_px, extent.height_px
    squares = _squares(places or _diagonal(width, height), width, height)
    for open_level in FAST_READERS:
        at_scale = functools.partial(open_level, path, file, level, glass)
        try:
            fast = at_scale(1)
        except Unsupported as reason:
            LOG.info("read through OpenSlide: %s", reason)
            continue
        if agrees(fast, general, squares):
            return FastReader(fast if scale == 1 else _scaled(fast, at_scale, scale), general)
        LOG.warning("read through OpenSlide: the tiles of reader %s have other pixels", fast.name)
        fast.close()
    return general


def _scaled(fast: Reader, at_scale: Callable[[int], Reader], scale: int) -> Reader:
    """The reader that decodes at 1/scale, or the given one where that is not supported."""
    try:
        scaled = at_scale(scale)
    except Unsupported as reason:
        LOG.info("decoded at full resolution: %s", reason)
        return fast
    fast.close()
    return scaled


def agrees(reader: Reader, reference: Reader, places: Iterable[tuple[int, int, int, int]]) -> bool:
    """Whether two readers give the same pixels, or both none, at each (x, y, w, h).

    A reader may refuse up to half of what the reference decodes: these are places of their own
    (`Region.decoders_disagree`).
    """
    refused = equal = 0
    for place in places:
        mine, theirs = (_read_or_none(each, place) for each in (reader, reference))
        if theirs is None:
            if mine is not None:
                return False
        elif mine is None:
            refused += 1
        elif _equal(mine, theirs):
            equal += 1
        else:
            return False
    return refused <= equal


def _equal(one: Region, other: Region) -> bool:
    return np.array_equal(one.rgb, other.rgb) and one.absent_fraction == other.absent_fraction


def _read_or_none(reader: Reader, place: tuple[int, int, int, int]) -> Region | None:
    try:
        return reader.read(*place)
    except ReadError:
        return None


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
