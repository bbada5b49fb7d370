"""Aperio SVS as its scanners write it: a TIFF of JPEG tiles with shared tables, levels streamed."""

import io
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
from PIL import Image

SHORT, LONG, ASCII, UNDEFINED, LONG8 = 3, 4, 2, 7, 16
TYPE_SIZE = {ASCII: 1, SHORT: 2, LONG: 4, UNDEFINED: 1, LONG8: 8}
TYPE_CODE = {SHORT: "H", LONG: "I", LONG8: "Q"}

IMAGE_WIDTH, IMAGE_LENGTH, TILE_OFFSETS, TILE_BYTE_COUNTS = 256, 257, 324, 325
COMPRESSION_NONE, COMPRESSION_JPEG = 1, 7
PHOTOMETRIC = {"rgb": 2, "ycbcr": 6}
CHROMA_STEP = {"444": (1, 1), "422": (2, 1), "420": (2, 2)}

Tags = dict[int, tuple[int, list[int] | bytes]]


class JpegCodec:
    """One JPEG setting: its shared tables and its abbreviated streams.

    Parameters
    ----------
    quality : 1..95
    subsampling : "444", "422" or "420"
    photometric : "ycbcr", or "rgb" for components stored without a colour transform (then "444")
    """

    def __init__(self, quality: int, subsampling: str, photometric: str) -> None:
        if photometric == "rgb" and subsampling != "444":
            raise ValueError(f"photometric rgb needs subsampling 444, not {subsampling}")
        self.quality = quality
        self.photometric = PHOTOMETRIC[photometric]
        self.chroma_step = CHROMA_STEP[subsampling]
        self._options = {
            "quality": quality,
            "subsampling": ":".join(subsampling),
            "keep_rgb": photometric == "rgb",
        }
        self.tables = self._save(np.zeros((16, 16, 3), np.uint8), streamtype=1)

    def encode(self, rgb: np.ndarray) -> bytes:
        """A stream without tables."""
        return self._save(rgb, streamtype=2)

    def _save(self, rgb: np.ndarray, streamtype: int) -> bytes:
        stream = io.BytesIO()
        Image.fromarray(rgb).save(stream, "JPEG", streamtype=streamtype, **self._options)
        return stream.getvalue()


class TiffWriter:
    """Little-endian TIFF, each directory after its data; use as a context manager."""

    def __init__(self, path: Path, *, bigtiff: bool = False) -> None:
        self._file = path.open("wb")
        self._big = bigtiff
        self._word = LONG8 if bigtiff else LONG
        if bigtiff:
            self._file.write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 0))
        else:
            self._file.write(struct.pack("<2sHI", b"II", 42, 0))
        self._link = self._file.tell() - TYPE_SIZE[self._word]

    def __enter__(self) -> "TiffWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def tiled(
        self,
        tiles: Iterable[bytes],
        size: tuple[int, int],
        tile_px: int,
        description: str,
        codec: JpegCodec,
    ) -> None:
        """A page of JPEG tiles, row by row; `size` is (width, height) in pixels."""
        tags = _jpeg_tags(size, description, codec)
        tags[322] = tags[323] = (SHORT, [tile_px])
        self._page(tags, tiles, TILE_OFFSETS, TILE_BYTE_COUNTS)

    def jpeg(self, rgb: np.ndarray, description: str, codec: JpegCodec, subfile: int) -> None:
        """A page of one JPEG strip."""
        tags = _jpeg_tags((rgb.shape[1], rgb.shape[0]), description, codec)
        tags[254] = (LONG, [subfile])
        tags[278] = (LONG, [rgb.shape[0]])
        self._page(tags, [codec.encode(rgb)], 273, 279)

    def raw(self, rgb: np.ndarray, description: str, subfile: int) -> None:
        """A page of one uncompressed strip."""
        tags = _common_tags((rgb.shape[1], rgb.shape[0]), description)
        tags[254] = (LONG, [subfile])
        tags[259], tags[262] = (SHORT, [COMPRESSION_NONE]), (SHORT, [PHOTOMETRIC["rgb"]])
        tags[278] = (LONG, [rgb.shape[0]])
        self._page(tags, [rgb.tobytes()], 273, 279)

    def _page(self, tags: Tags, chunks: Iterable[bytes], offsets_tag: int, counts_tag: int) -> None:
        offsets, counts = [], []
        for chunk in chunks:
            offsets.append(self._file.tell())
            counts.append(self._file.write(chunk))
        tags = {**tags, offsets_tag: (self._word, offsets), counts_tag: (LONG, counts)}
        entries = b"".join(self._entry(tag, *tags[tag]) for tag in sorted(tags))
        self._align()
        directory = self._file.tell()
        count = struct.pack("<Q" if self._big else "<H", len(tags))
        self._file.write(count + entries + bytes(TYPE_SIZE[self._word]))
        end = self._file.tell()
        self._file.seek(self._link)
        self._file.write(struct.pack("<" + TYPE_CODE[self._word], directory))
        self._file.seek(end)
        self._link = end - TYPE_SIZE[self._word]

    def _entry(self, tag: int, kind: int, values: list[int] | bytes) -> bytes:
        """One directory entry; a long value is written to the file first."""
        if isinstance(values, bytes):
            data = values
        else:
            data = struct.pack(f"<{len(values)}{TYPE_CODE[kind]}", *values)
        word = TYPE_CODE[self._word]
        if len(data) > TYPE_SIZE[self._word]:
            self._align()
            where = self._file.tell()
            self._file.write(data)
            data = struct.pack("<" + word, where)
        head = struct.pack("<HH" + word, tag, kind, len(values))
        return head + data.ljust(TYPE_SIZE[self._word], b"\0")

    def _align(self) -> None:
        self._file.write(bytes(-self._file.tell() % 8))


def padded_tiles(bands: Iterable[np.ndarray], tile_px: int, codec: JpegCodec) -> Iterator[bytes]:
    """JPEG tiles of pixel rows that come in bands of whole tiles; the rim is repeated."""
    for band in bands:
        for top in range(0, band.shape[0], tile_px):
            for left in range(0, band.shape[1], tile_px):
                tile = band[top : top + tile_px, left : left + tile_px]
                if tile.shape[:2] != (tile_px, tile_px):
                    below, right = tile_px - tile.shape[0], tile_px - tile.shape[1]
                    tile = np.pad(tile, [(0, below), (0, right), (0, 0)], mode="edge")
                yield codec.encode(tile)


@dataclass(frozen=True)
class Entry:
    """Where one tag of the first directory lies, in bytes from the start of the file."""

    entry_offset: int
    value_offset: int
    kind: int
    count: int

    def values(self, data: bytes | bytearray) -> list[int]:
        code = f"<{self.count}{TYPE_CODE[self.kind]}"
        return list(struct.unpack_from(code, data, self.value_offset))


def first_directory(data: bytes | bytearray) -> dict[int, Entry]:
    """The entries of a little-endian TIFF's first directory, by tag.

    Raises
    ------
    ValueError : not a little-endian TIFF.
    """
    if data[:4] not in (b"II*\0", b"II+\0"):
        raise ValueError(f"not a little-endian TIFF: it starts with {data[:4]!r}")
    big = data[:4] == b"II+\0"
    word, count_code, entry_size = ("Q", "<Q", 20) if big else ("I", "<H", 12)
    (directory,) = struct.unpack_from("<" + word, data, 8 if big else 4)
    (entry_count,) = struct.unpack_from(count_code, data, directory)
    first = directory + struct.calcsize(count_code)
    entries = {}
    for offset in range(first, first + entry_count * entry_size, entry_size):
        tag, kind, count = struct.unpack_from("<HH" + word, data, offset)
        where = offset + struct.calcsize("<HH" + word)
        if count * TYPE_SIZE.get(kind, 8) > struct.calcsize(word):
            (where,) = struct.unpack_from("<" + word, data, where)
        entries[tag] = Entry(offset, where, kind, count)
    return entries


def _common_tags(size: tuple[int, int], description: str) -> Tags:
    return {
        254: (LONG, [0]),
        IMAGE_WIDTH: (LONG, [size[0]]),
        IMAGE_LENGTH: (LONG, [size[1]]),
        258: (SHORT, [8, 8, 8]),
        270: (ASCII, description.encode("ascii") + b"\0"),
        277: (SHORT, [3]),
        284: (SHORT, [1]),
    }


def _jpeg_tags(size: tuple[int, int], description: str, codec: JpegCodec) -> Tags:
    tags = _common_tags(size, description)
    tags[259] = (SHORT, [COMPRESSION_JPEG])
    tags[262] = (SHORT, [codec.photometric])
    tags[347] = (UNDEFINED, codec.tables)
    if codec.photometric == PHOTOMETRIC["ycbcr"]:
        tags[530] = (SHORT, list(codec.chroma_step))
    return tags
