"""Tiles of JPEG TIFFs decoded straight from the file: OpenSlide's pixels at a third of its cost."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import simplejpeg

from grossing.slide import jpeg_stream, tiff_directory
from grossing.slide.record import FileFacts
from grossing.slide.region import Region
from grossing.slide.tiff_directory import GAPLESS, Directory, Numbers, Source
from grossing.support.errors import ReadError, Unsupported
from grossing.support.types import Mask, PathLike, Pixels

CACHE_BYTES = 16 * 1024 * 1024
MOST_TILE_PX = 2048
MOST_TABLE_BYTES = 1 << 16
SCALES = (1, 2, 4, 8)
JPEG, RGB, YCBCR = 7, 2, 6

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
FILL_ORDER, ORIENTATION, SAMPLES, PLANAR = 266, 274, 277, 284
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES, JPEG_TABLES = 322, 323, 324, 325, 347
IMAGE_DEPTH, TILE_DEPTH = 32997, 32998

#: Tags with one value that is read; absent means that value too, but for the compression.
PLAIN = {COMPRESSION: JPEG, FILL_ORDER: 1, ORIENTATION: 1, SAMPLES: 3, PLANAR: 1} | {
    IMAGE_DEPTH: 1,
    TILE_DEPTH: 1,
}


class RawTiffReader:
    """One level of an Aperio or generic tiled TIFF whose tiles are baseline JPEG.

    Pixels equal OpenSlide's where the level's downsample is a whole number (`scale` 1).

    Parameters
    ----------
    path : the slide
    width_px, height_px : of the level, as OpenSlide reports them; the page of exactly this size
        is read, so never a thumbnail, label or macro picture
    glass : (3,) uint8, where no tile was scanned
    scale : 2, 4 or 8 decode to 1/scale of the resolution, faster but with other pixels; `read` then
        counts in pixels of the smaller picture

    Raises
    ------
    Unsupported : another reader must be used; the message says why.
    """

    def __init__(
        self,
        path: PathLike,
        width_px: int,
        height_px: int,
        glass: npt.ArrayLike,
        *,
        scale: int = 1,
    ) -> None:
        self._glass = np.asarray(glass, np.uint8)
        self.scale = scale
        self.name = "raw" if scale == 1 else "raw_scaled"
        self._cache: OrderedDict[int, Pixels] = OrderedDict()
        self._cache_bytes = 0
        self._source = Source(path)
        try:
            page = _find_page(tiff_directory.directories(self._source), width_px, height_px)
            self._layout = _layout(page, scale)
        except Unsupported:
            self.close()
            raise
        self._width, self._height = -(-width_px // scale), -(-height_px // scale)
        layout = self._layout
        self._completion = jpeg_stream.Completion(
            layout.head, layout.tile_width, layout.tile_height
        )
        self.tile_px: tuple[int, int] | None = (
            layout.tile_width // scale,
            layout.tile_height // scale,
        )

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def read(self, x: int, y: int, w: int, h: int) -> Region:
        """Pixels of a rectangle, glass where it leaves the picture.

        Raises
        ------
        ReadError : a tile in the rectangle does not decode.
        """
        left, top = max(x, 0), max(y, 0)
        right, bottom = min(x + w, self._width), min(y + h, self._height)
        out = np.empty((h, w, 3), np.uint8)
        absent: Mask | None = None
        if (right - left, bottom - top) != (w, h):
            out[:] = self._glass
        for place in self._tiles(left, top, right, bottom):
            tile = self._tile(place.number, keep=not place.whole)
            if place.whole and (place.width, place.height) == (w, h) and tile is not None:
                return Region(tile)
            rows = slice(place.y - y, place.y - y + place.height)
            columns = slice(place.x - x, place.x - x + place.width)
            out[rows, columns] = self._glass if tile is None else tile[place.inside]
            if tile is None:
                absent = np.zeros((h, w), np.bool_) if absent is None else absent
                absent[rows, columns] = True
        return Region(out, absent)

    def _tiles(self, left: int, top: int, right: int, bottom: int) -> Iterator["_Place"]:
        """The tiles of a rectangle, with the part of each that lies in it."""
        wide, high = self._layout.tile_width // self.scale, self._layout.tile_height // self.scale
        across = -(-self._width // wide)
        for row in range(top // high, -(-bottom // high)):
            for column in range(left // wide, -(-right // wide)):
                x0, y0 = max(left, column * wide), max(top, row * high)
                width = min(right, (column + 1) * wide) - x0
                height = min(bottom, (row + 1) * high) - y0
                dx, dy = x0 - column * wide, y0 - row * high
                inside = (slice(dy, dy + height), slice(dx, dx + width))
                whole = (width, height) == (wide, high)
                yield _Place(row * across + column, x0, y0, width, height, inside, whole)

    def _tile(self, index: int, *, keep: bool) -> Pixels | None:
        """A decoded tile, None where nothing was scanned; one that is needed again is kept."""
        if index in self._cache:
            self._cache.move_to_end(index)
            return self._cache[index] if keep else self._cache[index].copy()
        tile = self._decode(index)
        if keep and tile is not None:
            self._cache[index] = tile
            self._cache_bytes += tile.nbytes
            while self._cache_bytes > CACHE_BYTES:
                self._cache_bytes -= self._cache.popitem(last=False)[1].nbytes
        return tile

    def _decode(self, index: int) -> Pixels | None:
        layout = self._layout
        wide, high = layout.tile_width, layout.tile_height
        length = int(layout.byte_counts[index])
        if length == 0:
            return None
        if length > 4 * wide * high + MOST_TABLE_BYTES:
            raise ReadError(f"tile {index} claims {length} bytes")
        smallest = (high // self.scale, wide // self.scale) if self.scale > 1 else (0, 0)
        try:
            stream = self._source.at(int(layout.offsets[index]), length)
            tile: Pixels = simplejpeg.decode_jpeg(
                self._completion.completed(stream),
                min_height=smallest[0],
                min_width=smallest[1],
            )
        except (Unsupported, jpeg_stream.BadStream, ValueError) as error:
            raise ReadError(f"tile {index}: {error}") from error
        if tile.shape != (high // self.scale, wide // self.scale, 3):
            raise ReadError(f"tile {index} decodes to {tile.shape[1]}x{tile.shape[0]} px")
        return tile


def open_level(
    path: PathLike, file: FileFacts, level: int, glass: npt.ArrayLike, scale: int
) -> RawTiffReader:
    """The reader of one level, as OpenSlide counts them (`readers.OpenLevel`).

    Raises
    ------
    Unsupported : tiles may overlap, OpenSlide would resample the level, or as `RawTiffReader`.
    """
    extent = file.levels[level]
    if file.vendor not in GAPLESS:
        raise Unsupported(f"tiles of {file.vendor} may overlap")
    if extent.downsample != round(extent.downsample):
        raise Unsupported(f"downsample {extent.downsample} is resampled")
    return RawTiffReader(path, extent.width_px, extent.height_px, glass, scale=scale)


class _Place(NamedTuple):  # several times faster to make than a dataclass
    """A tile's part in a rectangle: its corner and size there, and its slices in the tile."""

    number: int
    x: int
    y: int
    width: int
    height: int
    inside: tuple[slice, slice]
    whole: bool


@dataclass(frozen=True)
class _Layout:
    """Where the tiles of a page lie and what their streams are appended to."""

    tile_width: int
    tile_height: int
    offsets: Numbers
    byte_counts: Numbers
    head: bytes


def _find_page(pages: Iterable[Directory], width: int, height: int) -> Directory:
    """The one tiled page of this size.

    OpenSlide paints what is missing in a coarser Aperio level from the finer ones, so a coarser
    page is only taken if it and all finer ones are complete.
    """
    tiled = [page for page in pages if TILE_WIDTH in page]
    matching = [p for p in tiled if (p.number(WIDTH, 0), p.number(HEIGHT, 0)) == (width, height)]
    if len(matching) != 1:
        raise Unsupported(f"{len(matching)} tiled pages of {width}x{height} px")
    finer = [page for page in tiled if page.number(WIDTH, 0) > width]
    if finer and any((page.numbers(TILE_BYTES) == 0).any() for page in [*finer, *matching]):
        raise Unsupported("a coarser level of a slide with missing tiles")
    return matching[0]


def _layout(page: Directory, scale: int) -> _Layout:
    for tag, value in PLAIN.items():
        default = 1 if tag in (COMPRESSION, SAMPLES) else value
        if page.number(tag, default) != value:
            raise Unsupported(f"tag {tag} is {page.number(tag, default)}, not {value}")
    if page.number(PHOTOMETRIC, 0) not in (RGB, YCBCR) or page.numbers(BITS).tolist() != [8, 8, 8]:
        raise Unsupported("neither RGB nor YCbCr of 8 bits")
    wide, high = page.number(TILE_WIDTH, 0), page.number(TILE_HEIGHT, 0)
    if not (0 < wide <= MOST_TILE_PX and 0 < high <= MOST_TILE_PX):
        raise Unsupported(f"tiles of {wide}x{high} px")
    if scale not in SCALES or wide % scale or high % scale:
        raise Unsupported(f"tiles of {wide}x{high} px at 1/{scale}")
    count = -(-page.number(WIDTH, 0) // wide) * -(-page.number(HEIGHT, 0) // high)
    offsets, byte_counts = page.numbers(TILE_OFFSETS), page.numbers(TILE_BYTES)
    if not count == len(offsets) == len(byte_counts):
        raise Unsupported(f"{len(offsets)} offsets, {len(byte_counts)} sizes of {count} tiles")
    tables = page.numbers(JPEG_TABLES).tobytes()
    if len(tables) > MOST_TABLE_BYTES:
        raise Unsupported(f"{len(tables)} bytes of shared tables")
    try:
        head = jpeg_stream.head(tables, ycbcr=page.number(PHOTOMETRIC, 0) == YCBCR)
    except jpeg_stream.BadStream as error:
        raise Unsupported(f"shared tables: {error}") from error
    return _Layout(wide, high, offsets, byte_counts, head)
