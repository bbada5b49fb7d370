"""Tiles of Hamamatsu NDPI decoded straight from the file: what lies between two restart markers.

A level is one JPEG stream of any size, whose restart intervals OpenSlide decodes as pictures of
their own; a tag has the places of the markers.  Between the levels of the file it has others, which
the JPEG decoder shrinks.  Files from 4 GiB on, whose offsets TIFF cannot hold, are left to it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from grossing.slide import jpeg_stream, jpeg_tiles, tiff_directory
from grossing.slide.jpeg_stream import BadStream
from grossing.slide.jpeg_tiles import MOST_TABLE_BYTES, SCALES, JpegTiles, Layout
from grossing.slide.record import FileFacts
from grossing.slide.tiff_directory import Directory, Source
from grossing.support.errors import Unsupported
from grossing.support.types import PathLike

WIDTH, HEIGHT, COMPRESSION, STRIP_OFFSETS, ROWS_PER_STRIP, STRIP_BYTES = (
    256,
    257,
    259,
    273,
    278,
    279,
)
FOCAL_PLANE, MARKERS = 65424, 65426
JPEG = 7
MOST_BYTES = 1 << 32
MARKER_BYTES = 2
RESTARTS = tuple(bytes((0xFF, last)) for last in range(0xD0, 0xD8))
END = bytes((0xFF, jpeg_stream.EOI))
RESTART_INTERVAL = 0xDD
FRAME_BYTES = 15  # of three components
BLOCK_PX = 8
STACKED = 16  # restart intervals decoded at once


def open_level(
    path: PathLike, file: FileFacts, level: int, glass: npt.ArrayLike, scale: int
) -> JpegTiles:
    """The reader of one level, as OpenSlide counts them (`readers.OpenLevel`).

    Raises
    ------
    Unsupported : no page of this size that has the places of its markers, or a large file.
    """
    extent = file.levels[level]
    size = (extent.width_px, extent.height_px)
    with jpeg_tiles.opened(path) as source:
        if source.size >= MOST_BYTES:
            raise Unsupported(f"{source.size} bytes: offsets beyond those of TIFF")
        shrink, page = _find_page(list(tiff_directory.directories(source)), size)
        return RestartTiles(source, page, shrink, glass, scale)


def _find_page(pages: Sequence[Directory], size: tuple[int, int]) -> tuple[int, Directory]:
    """The page of a level, or the next larger one that it is shrunk from, and by how much."""
    for shrink in SCALES:
        whole = (shrink * size[0], shrink * size[1])
        found = [
            page
            for page in pages
            if (page.number(WIDTH, 0), page.number(HEIGHT, 0)) == whole
            and page.number(FOCAL_PLANE, 1) == 0
        ]
        if len(found) > 1:
            raise Unsupported(f"{len(found)} pages of {whole[0]}x{whole[1]} px")
        if found:
            return shrink, found[0]
    raise Unsupported(f"no page of {size[0]}x{size[1]} px")


class RestartTiles(JpegTiles):
    """Tiles that are columns of restart intervals, decoded as one picture.

    Its pixels are those of the intervals one by one, as long as colour is not halved vertically.

    Parameters
    ----------
    page : of the level, or of the one that it is shrunk from
    shrink : by how much
    glass, scale : as of `JpegTiles`

    Raises
    ------
    Unsupported : not a strip of JPEG with restart markers whose places are stated.
    """

    def __init__(
        self, source: Source, page: Directory, shrink: int, glass: npt.ArrayLike, scale: int
    ) -> None:
        self._start, length, header = _strip(source, page)
        width, height = page.number(WIDTH, 0), page.number(HEIGHT, 0)
        self._across, self._rows = width // header.width, height // header.height
        self._markers = np.append(page.numbers(MARKERS).astype(np.int64), length)
        if len(self._markers) != self._across * self._rows + 1:
            raise Unsupported(f"{len(self._markers) - 1} markers stated")
        if self._markers[0] != len(header.end) or (np.diff(self._markers) <= MARKER_BYTES).any():
            raise Unsupported("impossible places of markers")
        self._header = header
        tiles = self._across * -(-self._rows // STACKED)
        layout = Layout(
            width=width,
            height=height,
            tile_width=header.width,
            tile_height=header.height * STACKED,
            offsets=np.zeros(tiles, np.uint8),
            byte_counts=np.ones(tiles, np.uint8),  # all are stored
            completed=bytes,
            shrink=shrink,
        )
        super().__init__(source, layout, glass, scale=scale)

    def _stream(self, index: int) -> bytes:
        """The intervals of a tile below each other; the last is repeated below the picture."""
        group, column = divmod(index, self._across)
        first = group * STACKED
        rows = [min(row, self._rows - 1) for row in range(first, first + STACKED)]
        parts: list[bytes | memoryview] = [self._header.made]
        for place, row in enumerate(rows):
            parts += [self._interval(row * self._across + column), RESTARTS[place % 8]]
        return b"".join((*parts[:-1], END))

    def _interval(self, number: int) -> memoryview:
        """What lies between two markers, which have to be there."""
        at, end = (int(place) for place in self._markers[number : number + 2])
        if end - at > 4 * self._header.width * self._header.height + MOST_TABLE_BYTES:
            raise BadStream(f"{end - at} bytes of one restart interval")
        data = self._source.at(self._start + at - MARKER_BYTES, end - at + MARKER_BYTES)
        before, after = data[:MARKER_BYTES], data[-MARKER_BYTES:]
        if before not in RESTARTS and (number or before != self._header.end[-MARKER_BYTES:]):
            raise BadStream(f"no restart marker before interval {number}")
        if after not in RESTARTS and after != END:
            raise BadStream(f"no restart marker behind interval {number}")
        return memoryview(data)[MARKER_BYTES:-MARKER_BYTES]


class _Header(NamedTuple):
    """Size of a restart interval, px; the headers as they are, and those of a tile of them."""

    width: int
    height: int
    end: bytes
    made: bytes


def _strip(source: Source, page: Directory) -> tuple[int, int, _Header]:
    """Place and size in the file of the strip of a page, and its headers."""
    width, height = page.number(WIDTH, 0), page.number(HEIGHT, 0)
    if page.number(COMPRESSION, 1) != JPEG or page.number(ROWS_PER_STRIP, 0) != height:
        raise Unsupported("not one strip of JPEG")
    start, length = page.number(STRIP_OFFSETS, 0), page.number(STRIP_BYTES, 0)
    try:
        header = _header(source.at(start, min(length, MOST_TABLE_BYTES)))
    except BadStream as error:
        raise Unsupported(f"headers: {error}") from error
    if width % header.width or height % header.height:
        raise Unsupported(f"restart intervals of {header.width}x{header.height} px")
    return start, length, header


def _header(stream: bytes) -> _Header:
    """The headers of a stream of three 8-bit components with restart intervals."""
    frame, place, interval = b"", 0, 0
    for marker, start, end in jpeg_stream.segments(stream):
        if marker in jpeg_stream.BASELINE and not frame:
            frame, place = stream[start + 4 : end], start + 5
        elif marker == RESTART_INTERVAL:
            interval = int.from_bytes(stream[start + 4 : end], "big")
        elif marker == jpeg_stream.START_OF_SCAN and frame:
            break
        elif marker not in jpeg_stream.TABLES:
            raise BadStream(f"unexpected marker {marker:02x}")
    if len(frame) != FRAME_BYTES or (frame[0], frame[5]) != (8, 3) or not interval:
        raise BadStream("not three 8-bit components with restart markers")
    factors = [divmod(each, 16) for each in frame[7:FRAME_BYTES:3]]
    across, down = (max(each) for each in zip(*factors, strict=True))
    width = BLOCK_PX * across * interval
    if down != 1 or width >= 1 << 16:
        raise BadStream(f"restart intervals of {width} px, colour of every {down} rows")
    size = (BLOCK_PX * STACKED).to_bytes(2, "big") + width.to_bytes(2, "big")
    made = stream[:place] + size + stream[place + 4 : end]
    return _Header(width, BLOCK_PX, stream[:end], made)
