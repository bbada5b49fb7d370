"""A level of JPEG tiles that are decoded straight from their file, wherever they lie in it."""

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import simplejpeg

from grossing.slide import jpeg_stream
from grossing.slide.region import Reduced, Region, Window
from grossing.slide.tiff_directory import Numbers, Source
from grossing.support.errors import ReadError, Unsupported
from grossing.support.types import Mask, PathLike, Pixels

CACHE_BYTES = 16 * 1024 * 1024
MOST_TILE_PX = 2048 * 2048
MOST_TABLE_BYTES = 1 << 16
SCALES = (1, 2, 4, 8)


@dataclass(frozen=True)
class Layout:
    """Where the tiles of a picture lie in a file, row by row.

    `width` and `height` are those of the picture, px; `byte_counts` is 0 where nothing was scanned;
    `completed` makes a decodable stream of the bytes of a tile, or raises `jpeg_stream.BadStream`;
    `origin` is the place of the picture's first pixel in the level, px; the level is the picture at
    1/`shrink` of its resolution, as the JPEG decoder shrinks it.
    """

    width: int
    height: int
    tile_width: int
    tile_height: int
    offsets: Numbers
    byte_counts: Numbers
    completed: Callable[[bytes], bytes]
    origin: tuple[int, int] = (0, 0)
    shrink: int = 1

    def __post_init__(self) -> None:
        wide, high = self.tile_width, self.tile_height
        if not (wide > 0 and high > 0 and wide * high <= MOST_TILE_PX):
            raise Unsupported(f"tiles of {wide}x{high} px")
        count = -(-self.width // wide) * -(-self.height // high)
        if not count == len(self.offsets) == len(self.byte_counts):
            sizes = f"{len(self.offsets)} offsets, {len(self.byte_counts)} sizes"
            raise Unsupported(f"{sizes} of {count} tiles")


@contextlib.contextmanager
def opened(path: PathLike) -> Iterator[Source]:
    """A file for a reader that is made of it; closed if none can be made.

    Raises
    ------
    Unsupported : no regular file, or not readable.
    """
    source = Source(path)
    try:
        yield source
    except BaseException:
        source.close()
        raise


class JpegTiles:
    """Reads rectangles of a level (`readers.Reader`); closes its source.

    Pixels equal OpenSlide's where the level's downsample is a whole number (`scale` 1).

    Parameters
    ----------
    source : the file that the tiles lie in
    glass : (3,) uint8, where no tile was scanned
    scale : 2, 4 or 8 decode to 1/scale of the resolution, faster but with other pixels; `read` then
        counts in pixels of the smaller picture

    Raises
    ------
    Unsupported : this layout is not decoded at this scale.
    """

    def __init__(
        self, source: Source, layout: Layout, glass: npt.ArrayLike, *, scale: int = 1
    ) -> None:
        wide, high = layout.tile_width, layout.tile_height
        shrink = scale * layout.shrink
        if shrink not in SCALES or wide % shrink or high % shrink:
            raise Unsupported(f"tiles of {wide}x{high} px at 1/{shrink}")
        if shrink > 1 and layout.origin != (0, 0):
            raise Unsupported(f"a picture that starts at {layout.origin} at 1/{shrink}")
        self._shrink, self._tile_size = shrink, (wide // shrink, high // shrink)
        self._glass = np.asarray(glass, np.uint8)
        self.scale = scale
        self.name = "raw" if scale == 1 else "raw_scaled"
        self._cache: OrderedDict[int, Pixels] = OrderedDict()
        self._cache_bytes = 0
        self._source, self._layout = source, layout
        self._width, self._height = -(-layout.width // shrink), -(-layout.height // shrink)
        self.tile_px: tuple[int, int] | None = self._tile_size

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def forget(self) -> None:
        """Free the decoded tiles that are kept."""
        self._cache.clear()
        self._cache_bytes = 0

    def stored(self, count: int) -> list[tuple[int, int]]:
        """First pixels, in px of the level, of up to `count` stored tiles all over the picture."""
        layout = self._layout
        tiles = np.flatnonzero(layout.byte_counts)
        chosen = tiles[np.linspace(0, len(tiles) - 1, min(count, len(tiles)), dtype=int)]
        rows, columns = np.divmod(chosen, -(-layout.width // layout.tile_width))
        left, top = layout.origin
        return [
            (column * self._tile_size[0] + left, row * self._tile_size[1] + top)
            for column, row in zip(columns.tolist(), rows.tolist(), strict=True)
        ]

    def read(self, x: int, y: int, w: int, h: int) -> Region:
        """Pixels of a rectangle of the level, glass and absent where it leaves the picture.

        Raises
        ------
        ReadError : a tile in the rectangle does not decode.
        """
        x, y = x - self._layout.origin[0], y - self._layout.origin[1]
        left, top = max(x, 0), max(y, 0)
        right, bottom = min(x + w, self._width), min(y + h, self._height)
        out = np.empty((h, w, 3), np.uint8)
        absent: Mask | None = None
        if (right - left, bottom - top) != (w, h):
            out[:] = self._glass
            absent = np.ones((h, w), np.bool_)
            if left >= right or top >= bottom:
                return Region(out, absent)
            absent[top - y : bottom - y, left - x : right - x] = False
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

    def reduced(
        self, x: int, y: int, w: int, h: int, factor: int, windows: Sequence[Window] = ()
    ) -> Reduced | None:
        """A rectangle whose stored tiles are shrunk one by one, each as soon as it is decoded.

        Parameters
        ----------
        x, y, w, h : as of `read`
        factor : by how much it shrinks; each pixel is the mean of its area
        windows : of the rectangle

        Returns
        -------
        None where a part of the rectangle is not stored, or a pixel would lie on two tiles.

        Raises
        ------
        ReadError : a tile in the rectangle does not decode.
        """
        x, y = x - self._layout.origin[0], y - self._layout.origin[1]
        if x < 0 or y < 0 or x + w > self._width or y + h > self._height:
            return None
        places = list(self._tiles(x, y, x + w, y + h))
        edges = [w, h, *(place.x - x for place in places), *(place.y - y for place in places)]
        stored = all(self._layout.byte_counts[place.number] for place in places)
        if not stored or any(at % factor for at in edges):
            return None
        out = Reduced.empty(w // factor, h // factor, windows)
        for place in places:
            tile = self._tile(place.number, keep=not place.whole)
            if tile is not None:
                out.add(tile[place.inside], place.x - x, place.y - y, factor)
        return out

    def _tiles(self, left: int, top: int, right: int, bottom: int) -> Iterator["_Place"]:
        """The tiles of a rectangle, with the part of each that lies in it."""
        wide, high = self._tile_size
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
        width, height = self._tile_size
        smallest = (height, width) if self._shrink > 1 else (0, 0)
        if not self._layout.byte_counts[index]:
            return None
        try:
            stream = self._stream(index)
            tile: Pixels = simplejpeg.decode_jpeg(
                stream,
                min_height=smallest[0],
                min_width=smallest[1],
                buffer=_cached(height * width * 3),
            )
        except (Unsupported, jpeg_stream.BadStream, ValueError) as error:
            raise ReadError(f"tile {index}: {error}") from error
        if tile.shape != (height, width, 3):
            raise ReadError(f"tile {index} decodes to {tile.shape[1]}x{tile.shape[0]} px")
        return tile

    def _stream(self, index: int) -> bytes:
        """The complete JPEG stream of a tile that is stored."""
        layout = self._layout
        length = int(layout.byte_counts[index])
        if length > 4 * layout.tile_width * layout.tile_height + MOST_TABLE_BYTES:
            raise Unsupported(f"{length} bytes of one tile")
        return layout.completed(self._source.at(int(layout.offsets[index]), length))


def _cached(size: int) -> npt.NDArray[np.uint8]:
    """Memory for decoded pixels that are read again at once.

    libjpeg-turbo writes rows that start at a multiple of 16 or 32 bytes past the processor's cache:
    decoding a tile of 256 px and shrinking it then took 232 us instead of 175. Memory of NumPy
    starts at a multiple of 16 bytes.
    """
    return np.empty(size + 8, np.uint8)[8:]


class _Place(NamedTuple):  # several times faster to make than a dataclass
    """A tile's part in a rectangle: its corner and size there, and its slices in the tile."""

    number: int
    x: int
    y: int
    width: int
    height: int
    inside: tuple[slice, slice]
    whole: bool
