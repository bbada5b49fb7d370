"""Pictures streamed into libvips band by band, so that memory does not grow with their height.

The pip wheel of libvips opens few slide formats, so pixels come from our readers.  They travel as
an uncompressed TIFF that is never whole: libvips asks for its next bytes, and they are made then.
Of the formats that this libvips loads from a stream, none costs less: 0.12 CPU s for 434 MB of
pixels, where an uncompressed PNG takes 0.50.
"""

import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyvips

STRIP_LINES = 32  # of the TIFF, which libvips reads at a time
PYRAMID_TILE_PX = 256

# of TIFF 6.0 and BigTIFF
SHORT, LONG, LONG8 = 3, 4, 16
IMAGE_WIDTH, IMAGE_LENGTH, BITS_PER_SAMPLE, COMPRESSION = 256, 257, 258, 259
PHOTOMETRIC, STRIP_OFFSETS, SAMPLES_PER_PIXEL, ROWS_PER_STRIP = 262, 273, 277, 278
STRIP_BYTE_COUNTS = 279
UNCOMPRESSED, RGB = 1, 2

Pixels = npt.NDArray[np.uint8]


@contextlib.contextmanager
def image(bands: Iterator[Pixels], width: int, height: int) -> Iterator[pyvips.Image]:
    """A sequential libvips image; its bands are made as libvips asks for them, in its threads.

    Parameters
    ----------
    bands : (h, width, 3) uint8 RGB from top to bottom, `height` lines together
    width, height : of the whole picture, px

    Raises
    ------
    whatever making the bands raised; pyvips.Error where libvips itself fails.
    """
    stream = _Stream(bands, width, height)
    source = pyvips.SourceCustom()
    source.on_read(stream.read)
    source.on_seek(stream.seek)
    try:
        yield pyvips.Image.new_from_source(source, "", access="sequential")
    except pyvips.Error:
        if stream.failure:
            raise stream.failure from None
        raise
    if stream.failure:  # libvips takes a file that ends early for a damaged one, and goes on
        raise stream.failure


def save_tiff(image: pyvips.Image, path: Path, mpp: tuple[float, float], quality: int) -> None:
    """Write a pyramidal, tiled JPEG TIFF that states its resolution and no other metadata.

    Parameters
    ----------
    mpp : um per pixel along x and y
    quality : of JPEG, 1..100
    """
    image.copy(xres=1000 / mpp[0], yres=1000 / mpp[1]).tiffsave(
        str(path),
        tile=True,
        tile_width=PYRAMID_TILE_PX,
        tile_height=PYRAMID_TILE_PX,
        pyramid=True,
        compression="jpeg",
        Q=quality,
        bigtiff=True,
        resunit="cm",
        keep="none",
    )


class _Stream:
    """The bytes of a TIFF of bands, from its start to its end; keeps an error for who waits.

    Attributes
    ----------
    failure : what making the bands raised
    """

    def __init__(self, bands: Iterator[Pixels], width: int, height: int) -> None:
        self.failure: BaseException | None = None
        self._bands, self._band = bands, memoryview(b"")
        self._head = _header(width, height)
        self._made = len(self._head)
        self._size = self._made + 3 * width * height
        self._at = 0

    def read(self, most: int) -> bytes | memoryview:
        """At most so many bytes from where it is; none at the end and after a failure."""
        if self._at < len(self._head):
            some: bytes | memoryview = self._head[self._at : self._at + most]
        else:
            try:
                some = self._pixels(most)
            except BaseException as error:  # handed over to who waits
                self.failure = self.failure or error
                return b""
        self._at += len(some)
        return some

    def _pixels(self, most: int) -> memoryview:
        if self._at == self._size or self.failure:
            return memoryview(b"")
        if self._at != self._made:
            raise RuntimeError(f"libvips reads byte {self._at} of a stream at {self._made}")
        while not self._band:
            band = next(self._bands, None)
            if band is None:
                raise ValueError(f"the bands end {self._size - self._made} bytes early")
            self._band = np.ascontiguousarray(band).reshape(-1).data
        some, self._band = self._band[:most], self._band[most:]
        self._made += len(some)
        return some

    def seek(self, offset: int, whence: int) -> int:
        """Go to a byte, counted as `io` counts; the new place."""
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at


def _header(width: int, height: int) -> bytes:
    """A BigTIFF of 8-bit RGB in strips, up to its first pixel."""
    tops = range(0, height, STRIP_LINES)
    sizes = [3 * width * min(STRIP_LINES, height - top) for top in tops]
    directory_at, entries, entry_bytes = 16, 9, 20
    offsets_at = directory_at + 8 + entries * entry_bytes + 8
    sizes_at = offsets_at + 8 * len(sizes)
    pixels_at = sizes_at + 8 * len(sizes)
    offsets = [pixels_at + 3 * width * top for top in tops]

    def entry(tag: int, kind: int, *values: int, at: int = 0) -> bytes:
        """Of the directory; its values lie elsewhere where they take more than 8 bytes."""
        code = {SHORT: "H", LONG: "L", LONG8: "Q"}[kind]
        packed = struct.pack(f"<{len(values)}{code}", *values)
        placed = packed.ljust(8, b"\0") if len(packed) <= 8 else struct.pack("<Q", at)
        return struct.pack("<HHQ", tag, kind, len(values)) + placed

    directory = [
        entry(IMAGE_WIDTH, LONG, width),
        entry(IMAGE_LENGTH, LONG, height),
        entry(BITS_PER_SAMPLE, SHORT, 8, 8, 8),
        entry(COMPRESSION, SHORT, UNCOMPRESSED),
        entry(PHOTOMETRIC, SHORT, RGB),
        entry(STRIP_OFFSETS, LONG8, *offsets, at=offsets_at),
        entry(SAMPLES_PER_PIXEL, SHORT, 3),
        entry(ROWS_PER_STRIP, LONG, STRIP_LINES),
        entry(STRIP_BYTE_COUNTS, LONG8, *sizes, at=sizes_at),
    ]
    numbers = struct.pack(f"<{2 * len(sizes)}Q", *offsets, *sizes)
    version = struct.pack("<2sHHHQ", b"II", 43, 8, 0, directory_at)
    return b"".join([version, struct.pack("<Q", entries), *directory, bytes(8), numbers])
