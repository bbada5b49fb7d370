"""Stored tiles whose deflate stream is broken: libtiff decodes them without a word, to noise.

A deflate stream ends with the Adler-32 of its content (RFC 1950), which libtiff does not compare:
it stops as soon as a tile is full.  Of LZW, and other streams without a checksum, only the decoder
can tell anything.
"""

import contextlib
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from grossing.slide import tiff_directory
from grossing.slide.tiff_directory import Directory, Numbers, Source
from grossing.support.errors import ReadError, Unsupported
from grossing.support.types import PathLike

DEFLATE = (8, 32946)  # Adobe's number and the older one
WIDTH, HEIGHT, BITS, COMPRESSION, SAMPLES, PLANAR = 256, 257, 258, 259, 277, 284
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES = 322, 323, 324, 325
MOST_TILE_BYTES = 1 << 26


class Checksums:
    """Compares the checksums of the stored tiles that rectangles lie in, of each tile once.

    Levels that are not in deflate, or whose layout is not the usual one, pass unseen.

    Parameters
    ----------
    path : a TIFF of `tiff_directory.GAPLESS`
    sizes : (width, height) of the levels, px
    downsamples : of the levels
    """

    def __init__(
        self, path: PathLike, sizes: Sequence[tuple[int, int]], downsamples: Sequence[float]
    ) -> None:
        self._path, self._downsamples = path, downsamples
        self._sound: dict[tuple[int, int], bool] = {}
        self._grids: dict[int, _Grid] = {}
        with contextlib.suppress(Unsupported), Source(path) as source:
            pages = [page for page in tiff_directory.directories(source) if TILE_WIDTH in page]
            for level, size in enumerate(sizes):
                if grid := _grid(pages, *size):
                    self._grids[level] = grid

    def check(self, level: int, x: int, y: int, w: int, h: int) -> None:
        """Refuse a rectangle that a broken stream lies in; x, y in level-0 px, w, h in the level's.

        Raises
        ------
        ReadError : the stream of a stored tile is broken.
        """
        if level not in self._grids:
            return
        grid, downsample = self._grids[level], self._downsamples[level]
        tiles = [(level, tile) for tile in grid.tiles(x / downsample, y / downsample, w, h)]
        unknown = [tile for tile in tiles if tile not in self._sound]
        if unknown:
            with Source(self._path) as source:
                self._sound |= {tile: grid.is_sound(source, tile[1]) for tile in unknown}
        for tile in tiles:
            if not self._sound[tile]:
                raise ReadError(f"tile {tile[1]}: its deflate stream is damaged (checksum)")


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

    def tiles(self, x: float, y: float, w: int, h: int) -> list[int]:
        """The tiles of a rectangle, as far as it lies in the picture."""
        across = -(-self.width // self.tile_width)
        right, bottom = min(math.ceil(x + w), self.width), min(math.ceil(y + h), self.height)
        left, top = max(math.floor(x), 0), max(math.floor(y), 0)
        rows = range(top // self.tile_height, -(-bottom // self.tile_height))
        columns = range(left // self.tile_width, -(-right // self.tile_width))
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


def _grid(pages: Sequence[Directory], width: int, height: int) -> _Grid | None:
    """Where the tiles of the level of this size lie; None where that cannot be told."""
    try:
        same = [p for p in pages if (p.number(WIDTH, 0), p.number(HEIGHT, 0)) == (width, height)]
        if len(same) != 1 or same[0].number(COMPRESSION, 1) not in DEFLATE:
            return None
        return _layout(same[0], width, height)
    except Unsupported:
        return None


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
