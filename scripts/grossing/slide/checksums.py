"""Stored tiles whose deflate stream is broken: libtiff decodes them without a word, to noise.

A deflate stream ends with the Adler-32 of its content (RFC 1950), which libtiff does not compare:
it stops as soon as a tile is full.  Of LZW, and other streams without a checksum, only the decoder
can tell anything.
"""

import zlib
from dataclasses import dataclass
from typing import Protocol

from grossing.slide import tiff_directory
from grossing.slide.region import Region
from grossing.slide.tiff_directory import Directory, Numbers, Source
from grossing.support.errors import ReadError, Unsupported
from grossing.support.types import PathLike

DEFLATE = (8, 32946)  # Adobe's number and the older one
WIDTH, HEIGHT, BITS, COMPRESSION, SAMPLES, PLANAR = 256, 257, 258, 259, 277, 284
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES = 322, 323, 324, 325
MOST_TILE_BYTES = 1 << 26


class _Reader(Protocol):
    name: str
    scale: int
    tile_px: tuple[int, int] | None

    def read(self, x: int, y: int, w: int, h: int) -> Region: ...

    def close(self) -> None: ...


class ChecksummedReader:
    """A reader of a level in deflate, which refuses a rectangle that a broken stream lies in.

    Parameters
    ----------
    path : an Aperio or generic TIFF, whose tiles neither overlap nor leave gaps
    width_px, height_px : of the level
    reader : counts in pixels of the level

    Raises
    ------
    Unsupported : no level in deflate, or not the layout that can be checked.
    """

    def __init__(self, path: PathLike, width_px: int, height_px: int, reader: _Reader) -> None:
        self._reader = reader
        self.name, self.scale, self.tile_px = reader.name, reader.scale, reader.tile_px
        self._sound: dict[int, bool] = {}
        self._source = Source(path)
        try:
            self._grid = _grid(self._source, width_px, height_px)
        except Unsupported:
            self._source.close()
            raise

    def read(self, x: int, y: int, w: int, h: int) -> Region:
        """As the reader.

        Raises
        ------
        ReadError : the rectangle does not decode, or the stream of a stored tile is broken.
        """
        for tile in self._grid.tiles(x, y, w, h):
            if not self._is_sound(tile):
                raise ReadError(f"tile {tile}: its deflate stream is damaged (checksum)")
        return self._reader.read(x, y, w, h)

    def close(self) -> None:
        """Close the reader and the file."""
        self._reader.close()
        self._source.close()

    def _is_sound(self, tile: int) -> bool:
        if tile not in self._sound:
            self._sound[tile] = self._grid.is_sound(self._source, tile)
        return self._sound[tile]


def checked(
    path: PathLike, width_px: int, height_px: int, reader: _Reader
) -> ChecksummedReader | None:
    """The reader of a level with its checksums compared; None where it has none."""
    try:
        return ChecksummedReader(path, width_px, height_px, reader)
    except Unsupported:
        return None


@dataclass(frozen=True)
class _Grid:
    """The stored tiles of a level: `tile_bytes` are those of a decoded one."""

    width: int
    height: int
    tile_width: int
    tile_height: int
    tile_bytes: int
    offsets: Numbers
    byte_counts: Numbers

    def tiles(self, x: int, y: int, w: int, h: int) -> list[int]:
        """The tiles of a rectangle, as far as it lies in the picture."""
        across = -(-self.width // self.tile_width)
        right, bottom = min(x + w, self.width), min(y + h, self.height)
        rows = range(max(y, 0) // self.tile_height, -(-bottom // self.tile_height))
        columns = range(max(x, 0) // self.tile_width, -(-right // self.tile_width))
        return [row * across + column for row in rows for column in columns]

    def is_sound(self, source: Source, tile: int) -> bool:
        """Whether a stream inflates to exactly a tile, with the right checksum; or is absent."""
        length = int(self.byte_counts[tile])
        if length == 0:
            return True
        if length > 2 * self.tile_bytes + 1024:
            return False
        stream = zlib.decompressobj()
        try:
            data = source.at(int(self.offsets[tile]), length)
            inflated = len(stream.decompress(data, self.tile_bytes + 1))
        except (Unsupported, zlib.error):
            return False
        return stream.eof and inflated == self.tile_bytes


def _grid(source: Source, width: int, height: int) -> _Grid:
    pages = [
        page
        for page in tiff_directory.directories(source)
        if TILE_WIDTH in page and (page.number(WIDTH, 0), page.number(HEIGHT, 0)) == (width, height)
    ]
    if len(pages) != 1 or pages[0].number(COMPRESSION, 1) not in DEFLATE:
        raise Unsupported("not one level of this size in deflate")
    return _layout(pages[0], width, height)


def _layout(page: Directory, width: int, height: int) -> _Grid:
    wide, high = page.number(TILE_WIDTH, 0), page.number(TILE_HEIGHT, 0)
    bits = page.numbers(BITS, 16).tolist()
    if page.number(PLANAR, 1) != 1 or len(bits) != page.number(SAMPLES, 1):
        raise Unsupported("samples in separate planes")
    decoded = high * -(-wide * sum(bits) // 8)
    if not (wide > 0 and high > 0 and 0 < decoded <= MOST_TILE_BYTES):
        raise Unsupported(f"tiles of {wide}x{high} px")
    count = -(-width // wide) * -(-height // high)
    offsets, byte_counts = page.numbers(TILE_OFFSETS), page.numbers(TILE_BYTES)
    if not count == len(offsets) == len(byte_counts):
        raise Unsupported(f"{len(offsets)} offsets, {len(byte_counts)} sizes of {count} tiles")
    return _Grid(width, height, wide, high, decoded, offsets, byte_counts)
