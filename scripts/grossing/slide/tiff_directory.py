"""The directories of a TIFF or BigTIFF, as far as the raw tile reader needs them.

Nothing that the file says is trusted: every length is compared with the file before it is read, and
all that is odd raises `Unsupported`, so that another reader can be tried.
"""

import os
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

MOST_PAGES = 256
MOST_ENTRIES = 1024
MOST_VALUES = 1 << 22  # tiles of one page: 2.7e11 pixels in tiles of 256 px

#: Formats by TIFF type: BYTE, SHORT, LONG, UNDEFINED, IFD, LONG8, IFD8.
FORMATS = {1: "u1", 3: "u2", 4: "u4", 7: "u1", 13: "u4", 16: "u8", 18: "u8"}

Numbers = npt.NDArray[np.unsignedinteger]


class Unsupported(Exception):
    """A file, or a part of it, that this reader leaves to OpenSlide; the words say why."""


class Source:
    """Bytes of a file by position; a file that grows in the page cache is not memory of ours."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        try:
            self._file = os.open(path, os.O_RDONLY)
            self.size = os.fstat(self._file).st_size
        except OSError as error:
            raise Unsupported(str(error)) from error

    def close(self) -> None:
        """Close the file; again is harmless."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes.

        Raises
        ------
        Unsupported : they are not all there.
        """
        if offset + length > self.size:
            raise Unsupported(f"{length} bytes at {offset} reach beyond the file ({self.size})")
        try:
            data = os.pread(self._file, length, offset)
        except OSError as error:
            raise Unsupported(str(error)) from error
        if len(data) != length:
            raise Unsupported(f"only {len(data)} of {length} bytes at {offset}")
        return data


@dataclass(frozen=True)
class Entry:
    """One tag of a directory: the TIFF type and number of its values, and where they lie."""

    kind: int
    count: int
    offset: int


class Directory:
    """The tags of one page; values are read when they are asked for."""

    def __init__(self, source: Source, order: str, entries: dict[int, Entry]) -> None:
        self._source, self._order, self._entries = source, order, entries

    def __contains__(self, tag: int) -> bool:
        return tag in self._entries

    def numbers(self, tag: int) -> Numbers:
        """All values of a tag, in the file's byte order; none where it is absent.

        Raises
        ------
        Unsupported : not whole numbers, too many, or not all in the file.
        """
        entry = self._entries.get(tag, Entry(1, 0, 0))
        if entry.kind not in FORMATS or entry.count > MOST_VALUES:
            raise Unsupported(f"tag {tag}: {entry.count} values of type {entry.kind}")
        form = np.dtype(self._order + FORMATS[entry.kind])
        data = self._source.read(entry.offset, entry.count * form.itemsize)
        return np.frombuffer(data, form)

    def number(self, tag: int, default: int) -> int:
        """The only value of a tag.

        Raises
        ------
        Unsupported : more than one value, or not a whole number.
        """
        if tag not in self._entries:
            return default
        values = self.numbers(tag)
        if len(values) != 1:
            raise Unsupported(f"tag {tag} has {len(values)} values")
        return int(values[0])


def directories(source: Source) -> list[Directory]:
    """The pages of the main chain, in the file's order.

    Raises
    ------
    Unsupported : not a TIFF, a chain without end or of more than 256 pages, or a directory that
        leaves the file.
    """
    head = source.read(0, 8)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None:
        raise Unsupported("not a TIFF")
    version = int.from_bytes(head[2:4], _endian(order))
    if version not in (42, 43):
        raise Unsupported(f"TIFF version {version}")
    big = version == 43
    if big and int.from_bytes(head[4:6], _endian(order)) != 8:
        raise Unsupported("BigTIFF with offsets that are not of 8 bytes")
    offset = _integer(source, order, 8 if big else 4, 8 if big else 4)
    seen: set[int] = set()
    pages = []
    while offset:
        if offset in seen:
            raise Unsupported(f"the chain of pages does not end ({len(seen)} so far)")
        if len(seen) >= MOST_PAGES:
            raise Unsupported(f"more than {MOST_PAGES} pages")
        seen.add(offset)
        page, offset = _directory(source, order, big, offset)
        pages.append(page)
    return pages


def equal_pages(path: str | os.PathLike[str]) -> list[int]:
    """The pages of a TIFF that are as large as the first, from 0: several are planes of a stack.

    Raises
    ------
    Unsupported : not a TIFF, or a damaged one.
    """
    source = Source(path)
    try:
        sizes = [[page.number(tag, 0) for tag in (256, 257)] for page in directories(source)]
    finally:
        source.close()
    return [page for page, size in enumerate(sizes) if size == sizes[0]]


def _directory(source: Source, order: str, big: bool, offset: int) -> tuple[Directory, int]:
    """The page at an offset, and the offset of the next one."""
    head, word, size = (8, 8, 20) if big else (2, 4, 12)
    count = _integer(source, order, offset, head)
    if not 0 < count <= MOST_ENTRIES:
        raise Unsupported(f"a page of {count} tags")
    start = offset + head
    data = source.read(start, count * size)
    entries: dict[int, Entry] = {}
    for place in range(0, len(data), size):
        tag, kind = (int.from_bytes(data[i : i + 2], _endian(order)) for i in (place, place + 2))
        values = int.from_bytes(data[place + 4 : place + 4 + word], _endian(order))
        where = start + place + 4 + word
        width = np.dtype(FORMATS.get(kind, "u8")).itemsize
        if values * width > word:
            where = int.from_bytes(data[place + 4 + word : place + size], _endian(order))
        entries.setdefault(tag, Entry(kind, values, where))
    return Directory(source, order, entries), _integer(source, order, start + len(data), word)


def _integer(source: Source, order: str, offset: int, size: int) -> int:
    return int.from_bytes(source.read(offset, size), _endian(order))


def _endian(order: str) -> Literal["little", "big"]:
    return "little" if order == "<" else "big"
