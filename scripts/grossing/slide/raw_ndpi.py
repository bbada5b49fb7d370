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
RESTART = frozenset(bytes((0xFF, last)) for last in range(0xD0, 0xD8))
END = bytes((0xFF, jpeg_stream.EOI))
RESTART_INTERVAL = 0xDD


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
        return JpegTiles(source, _layout(source, page, shrink), glass, scale=scale)


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


def _layout(source: Source, page: Directory, shrink: int) -> Layout:
    width, height = page.number(WIDTH, 0), page.number(HEIGHT, 0)
    if page.number(COMPRESSION, 1) != JPEG or page.number(ROWS_PER_STRIP, 0) != height:
        raise Unsupported("not one strip of JPEG")
    start, length = page.number(STRIP_OFFSETS, 0), page.number(STRIP_BYTES, 0)
    try:
        stream = source.at(start, min(length, MOST_TABLE_BYTES))
        header = _header(stream)
    except BadStream as error:
        raise Unsupported(f"headers: {error}") from error
    if width % header.tile_width or height % header.tile_height:
        raise Unsupported(f"restart intervals of {header.tile_width}x{header.tile_height} px")
    markers = page.numbers(MARKERS).astype(np.int64)
    ends = np.append(markers[1:], length)
    if not len(markers) or markers[0] != len(header.end) or (ends - markers <= MARKER_BYTES).any():
        raise Unsupported("no, or impossible, places of markers")
    offsets = start + markers - MARKER_BYTES  # with the marker before, which has to be there
    return Layout(
        width=width,
        height=height,
        tile_width=header.tile_width,
        tile_height=header.tile_height,
        offsets=offsets.astype(np.uint64),
        byte_counts=(ends - markers + MARKER_BYTES).astype(np.uint64),
        completed=header.completed,
        shrink=shrink,
    )


class _Header(NamedTuple):
    """`end` are the headers as they are, `made` those of a picture of one restart interval."""

    tile_width: int
    tile_height: int
    end: bytes
    made: bytes

    def completed(self, interval: bytes) -> bytes:
        """The stream of a restart interval with the marker before it and the one after it."""
        before, after = interval[:MARKER_BYTES], interval[-MARKER_BYTES:]
        if before not in RESTART and before != self.end[-MARKER_BYTES:]:
            raise BadStream("no restart marker before it")
        if after not in RESTART and after != END:
            raise BadStream("no restart marker behind it")
        return b"".join((self.made, memoryview(interval)[MARKER_BYTES:-MARKER_BYTES], END))


def _header(stream: bytes) -> _Header:
    """The headers of a stream of three 8-bit components with restart intervals."""
    frame, interval = b"", 0
    for marker, start, end in jpeg_stream.segments(stream):
        if marker in jpeg_stream.BASELINE and not frame:
            frame, place = stream[start + 4 : end], start + 5
        elif marker == RESTART_INTERVAL:
            interval = int.from_bytes(stream[start + 4 : end], "big")
        elif marker == jpeg_stream.START_OF_SCAN and frame:
            break
        elif marker not in jpeg_stream.TABLES:
            raise BadStream(f"unexpected marker {marker:02x}")
    if len(frame) != 15 or (frame[0], frame[5]) != (8, 3) or not interval:
        raise BadStream("not three 8-bit components with restart markers")
    factors = [divmod(each, 16) for each in frame[7:15:3]]
    wide, high = (8 * max(each) for each in zip(*factors, strict=True))
    size = high.to_bytes(2, "big") + (wide * interval).to_bytes(3, "big")[1:]
    if wide * interval >= 1 << 16:
        raise BadStream(f"restart intervals of {wide * interval} px")
    made = stream[:place] + size + stream[place + 4 : end]
    return _Header(wide * interval, high, stream[:end], made)
