"""A tiled TIFF in memory whose directories can be changed: the tool of every damage."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from svs import IMAGE_WIDTH, LONG, LONG8, SHORT, TILE_BYTE_COUNTS, TILE_OFFSETS

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}
_CODES = {1: "B", 3: "H", 4: "I", 7: "B", 16: "Q"}

#: new value of a tag: numbers are written as LONG (or LONG8 where they are too large)
Values = Sequence[int] | bytes


@dataclass(frozen=True)
class Directory:
    """One page: where the link to it stands in the file, and its raw tags (kind, bytes)."""

    link: int
    next_link: int
    tags: dict[int, tuple[int, bytes]]

    def values(self, tag: int) -> list[int]:
        kind, raw = self.tags[tag]
        return list(struct.unpack(f"<{len(raw) // _SIZES[kind]}{_CODES[kind]}", raw))


class Tiff:
    """Little-endian TIFF or BigTIFF; `data` are its bytes, to be changed at will.

    Raises
    ------
    ValueError : not a little-endian TIFF.
    """

    def __init__(self, data: bytes) -> None:
        if data[:4] not in (b"II*\0", b"II+\0"):
            raise ValueError(f"not a little-endian TIFF: it starts with {data[:4]!r}")
        self.data = bytearray(data)
        self._big = data[:4] == b"II+\0"
        self._word = "Q" if self._big else "I"
        self._count = "<Q" if self._big else "<H"
        self._parse()

    def _parse(self) -> None:
        self.directories: list[Directory] = []
        link = 8 if self._big else 4
        while start := self._read("<" + self._word, link):
            directory = self._directory(link, start)
            self.directories.append(directory)
            link = directory.next_link
        tiled = [i for i, page in enumerate(self.directories) if TILE_OFFSETS in page.tags]
        #: index of each level's directory, finest first
        self.levels = sorted(tiled, key=lambda i: -self.directories[i].values(IMAGE_WIDTH)[0])

    def _read(self, code: str, at: int) -> int:
        value: int = struct.unpack_from(code, self.data, at)[0]
        return value

    def _directory(self, link: int, start: int) -> Directory:
        word_size, head = struct.calcsize("<" + self._word), 4 + struct.calcsize("<" + self._word)
        first = start + struct.calcsize(self._count)
        tags = {}
        end = first + self._read(self._count, start) * (head + word_size)
        for at in range(first, end, head + word_size):
            tag, kind, count = struct.unpack_from("<HH" + self._word, self.data, at)
            size, where = count * _SIZES[kind], at + head
            if size > word_size:
                where = self._read("<" + self._word, where)
            tags[tag] = (kind, bytes(self.data[where : where + size]))
        return Directory(link, end, tags)

    def rewrite(self, index: int, changes: Mapping[int, Values | None]) -> None:
        """Give a directory new values of tags (None: without the tag), at the end of the file."""
        page = self.directories[index]
        tags = dict(page.tags)
        for tag, values in changes.items():
            if values is None:
                tags.pop(tag, None)
            else:
                tags[tag] = _encoded(tag, values, page)
        following = self._read("<" + self._word, page.next_link)
        word_size = struct.calcsize("<" + self._word)
        entries = b""
        for tag in sorted(tags):
            kind, raw = tags[tag]
            count = len(raw) // _SIZES[kind]
            if len(raw) > word_size:
                raw = struct.pack("<" + self._word, self.append(raw))
            head = struct.pack("<HH" + self._word, tag, kind, count)
            entries += head + raw.ljust(word_size, b"\0")
        count = struct.pack(self._count, len(tags))
        start = self.append(count + entries + struct.pack("<" + self._word, following))
        struct.pack_into("<" + self._word, self.data, page.link, start)
        self._parse()

    def append(self, raw: bytes) -> int:
        """Add bytes at the end of the file; their offset."""
        self.data += bytes(-len(self.data) % 8)
        start = len(self.data)
        self.data += raw
        return start

    def tiles(self, level: int) -> list[tuple[int, int]]:
        """Offset and byte count of each stored tile of a level."""
        page = self.directories[self.levels[level]]
        return list(
            zip(page.values(TILE_OFFSETS), page.values(TILE_BYTE_COUNTS), strict=True),
        )

    def index_tiles(self, level: int, tiles: Sequence[tuple[int, int]]) -> None:
        """Give a level another index: offset and byte count of each tile."""
        offsets, counts = zip(*tiles, strict=True)
        self.rewrite(self.levels[level], {TILE_OFFSETS: offsets, TILE_BYTE_COUNTS: counts})

    def tag(self, level: int, tag: int) -> list[int]:
        """Values of a tag of a level."""
        return self.directories[self.levels[level]].values(tag)


def _encoded(tag: int, values: Values, page: Directory) -> tuple[int, bytes]:
    if isinstance(values, bytes):
        kind = page.tags[tag][0] if tag in page.tags else 7
        return kind, values
    short = tag in page.tags and page.tags[tag][0] == SHORT and max(values) < 2**16
    kind = SHORT if short else LONG if max(values) < 2**32 else LONG8
    return kind, struct.pack(f"<{len(values)}{_CODES[kind]}", *values)
