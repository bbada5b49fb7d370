"""The frames of a DICOM file in memory: what damages change in place of a TIFF's tiles."""

import struct
from collections.abc import Sequence

PIXEL_DATA = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF)
ITEM, END = struct.pack("<HH", 0xFFFE, 0xE000), struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


class Dicom:
    """One level of a series; `data` are the bytes of its file, to be changed at will."""

    #: its one level
    levels = (0,)

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        self._start = data.index(PIXEL_DATA) + len(PIXEL_DATA)
        self._frames: list[tuple[int, int]] = []
        at = self._start + 8 + self._size(self._start)  # after the table of offsets
        while self.data[at : at + 4] == ITEM:
            self._frames.append((at + 8, self._size(at)))
            at += 8 + self._size(at)

    def _size(self, at: int) -> int:
        size: int = struct.unpack_from("<I", self.data, at + 4)[0]
        return size

    def tiles(self, level: int) -> list[tuple[int, int]]:
        """Offset and byte count of each frame."""
        return list(self._frames)

    def index_tiles(self, level: int, tiles: Sequence[tuple[int, int]]) -> None:
        """Write the frames again, each with the bytes at the given place of the file."""
        frames = [bytes(self.data[offset : offset + size]) for offset, size in tiles]
        starts, position = [], 0
        for frame in frames:
            starts.append(position)
            position += 8 + len(frame)
        parts = [struct.pack(f"<{len(starts)}I", *starts), *frames]
        items = b"".join(ITEM + struct.pack("<I", len(part)) + part for part in parts)
        self.data[self._start :] = items + END
