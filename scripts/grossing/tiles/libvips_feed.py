"""Pictures streamed into libvips band by band, so that memory does not grow with their height.

The pip wheel of libvips opens few slide formats, so pixels come from our readers.  They travel as
an uncompressed PNG through a pipe, the one format that this libvips loads from a stream losslessly.

Measured better than the alternatives in libvips: saving a picture of 12,288 x 12,288 px as TIFF
took 220 MB this way (140 MB since the pixels are not copied), 941 MB as one array in memory, and as
a raw file 571 MB and as much disk as the picture has pixels.
"""

import contextlib
import fcntl
import functools
import itertools
import os
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyvips

LINES = 32  # of a PNG that are written at a time
STORED_BYTES = 65534  # of a line in one block: the most that deflate stores, less the filter
PIPE_BYTES = 1 << 20  # instead of 64 kB: fewer switches between the two threads
MOST_BUFFERS = 512  # of one system call
NO_CHECKSUM = bytes(4)
NO_FILTER = b"\x00"  # before each line
PYRAMID_TILE_PX = 256

Pixels = npt.NDArray[np.uint8]
Buffer = bytes | memoryview


@contextlib.contextmanager
def image(bands: Iterator[Pixels], width: int, height: int) -> Iterator[pyvips.Image]:
    """A sequential libvips image fed from a thread.

    Parameters
    ----------
    bands : (h, width, 3) uint8 RGB from top to bottom, `height` lines together
    width, height : of the whole picture, px

    Raises
    ------
    whatever making the bands raised; pyvips.Error where libvips itself fails.
    """
    reading, writing = os.pipe()
    with contextlib.suppress(AttributeError, OSError):  # Linux, within the user's allowance
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    feeder = _Feeder(bands, width, height, writing)
    feeder.start()
    source = pyvips.Source.new_from_descriptor(reading)
    try:
        yield pyvips.Image.new_from_source(source, "", access="sequential")
    except pyvips.Error:
        feeder.stop(reading)
        if feeder.failure:
            raise feeder.failure from None
        raise
    finally:
        feeder.stop(reading)
        os.close(reading)
    if feeder.failure:
        raise feeder.failure


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


class _Feeder(threading.Thread):
    """Writes bands as PNG into a pipe; keeps an error for the thread that waits."""

    def __init__(self, bands: Iterator[Pixels], width: int, height: int, writing: int) -> None:
        super().__init__(daemon=True)
        self.failure: BaseException | None = None
        self._bands, self._size, self._writing = bands, (width, height), writing
        self._stopped = False

    def run(self) -> None:
        try:
            for parts in _png(self._bands, *self._size, checked=_looks_at_checksums()):
                if self._stopped:
                    return
                _write(self._writing, parts)
        except BaseException as error:  # handed over to the waiting thread
            self.failure = error
        finally:
            os.close(self._writing)

    def stop(self, reading: int) -> None:
        """Empty the pipe until the feeder ends."""
        self._stopped = True
        while self.is_alive() and os.read(reading, 1 << 20):
            pass
        self.join()


def _png(
    bands: Iterator[Pixels], width: int, height: int, *, checked: bool
) -> Iterator[list[Buffer]]:
    """An uncompressed 8-bit RGB PNG as lists of buffers, without a copy of the pixels.

    Checksums of the pixels cost a third of the transport, and the file never leaves this process:
    they are left out where this libvips does not look at them.

    Parameters
    ----------
    checked : with checksums
    """
    yield [b"\x89PNG\r\n\x1a\n"]
    yield _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    yield _chunk(b"IDAT", b"\x78\x01")
    starts = range(0, 3 * width, STORED_BYTES)
    sizes = [min(STORED_BYTES, 3 * width - start) for start in starts]
    heads = [_stored(size, first=start == 0) for start, size in zip(starts, sizes, strict=True)]
    line_bytes = 3 * width + sum(map(len, heads))
    adler = 1
    for band in bands:
        lines = np.ascontiguousarray(band).reshape(len(band), -1)
        for top in range(0, len(band), LINES):
            some = lines[top : top + LINES]
            parts: list[Buffer] = [struct.pack(">I4s", len(some) * line_bytes, b"IDAT")]
            for line in some:
                for head, start in zip(heads, starts, strict=True):
                    parts += head, line[start : start + STORED_BYTES].data
                if checked:
                    adler = zlib.adler32(line, zlib.adler32(NO_FILTER, adler))
            yield [*parts, _checksum(parts) if checked else NO_CHECKSUM]
    yield _chunk(b"IDAT", b"\x01\x00\x00\xff\xff" + struct.pack(">I", adler))
    yield _chunk(b"IEND", b"")


def _stored(size: int, *, first: bool) -> bytes:
    """The head of an uncompressed deflate block; a line's first one also has its filter, none."""
    size += first
    return struct.pack("<BHH", 0, size, size ^ 0xFFFF) + NO_FILTER * first


def _checksum(parts: list[Buffer]) -> bytes:
    """Of a chunk: its kind, which is behind its size, and its data."""
    found = zlib.crc32(parts[0][4:])
    for part in parts[1:]:
        found = zlib.crc32(part, found)
    return struct.pack(">I", found)


@functools.cache
def _looks_at_checksums() -> bool:
    """Whether this libvips, by its library for PNG, refuses pixels without checksums."""
    pixels = np.zeros((1, 1, 3), np.uint8)
    parts = itertools.chain.from_iterable(_png(iter([pixels]), 1, 1, checked=False))
    try:
        pyvips.Image.new_from_buffer(b"".join(parts), "").avg()
    except pyvips.Error:
        return True
    return False


def _chunk(kind: bytes, data: bytes) -> list[Buffer]:
    checksum = zlib.crc32(data, zlib.crc32(kind))
    return [b"".join((struct.pack(">I", len(data)), kind, data, struct.pack(">I", checksum)))]


def _write(descriptor: int, parts: list[Buffer]) -> None:
    """All of the buffers, however few of them the pipe takes at once."""
    at = 0
    while at < len(parts):
        written = os.writev(descriptor, parts[at : at + MOST_BUFFERS])
        while at < len(parts) and written >= len(parts[at]):
            written -= len(parts[at])
            at += 1
        if written:
            parts[at] = memoryview(parts[at])[written:]
