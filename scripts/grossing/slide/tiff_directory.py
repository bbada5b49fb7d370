"""The pages of a TIFF or BigTIFF, as far as the raw tile reader needs them, read by tifffile.

No value of the file is trusted: anything unusual raises `Unsupported`, so that another reader can
be tried.  tifffile checks that values lie in the file; it follows loops of pages, reads values
of any length, and only logs where a chain of pages breaks off: these three are checked here.
"""

import io
import logging
import os
from collections.abc import Iterator
from typing import cast

import numpy as np
import numpy.typing as npt
import tifffile

from grossing.support.errors import Unsupported

GAPLESS = ("aperio", "generic-tiff")  # of the vendors; others overlap their tiles or leave gaps
MOST_PAGES = 256
MOST_BYTES = 1 << 24  # of one tag: 2 million tiles, 1.3e11 pixels in tiles of 256 px

#: Formats by TIFF type: BYTE, SHORT, LONG, UNDEFINED, SLONG, IFD, LONG8, IFD8.
FORMATS = {1: "u1", 3: "u2", 4: "u4", 7: "u1", 9: "i4", 13: "u4", 16: "u8", 18: "u8"}
ASCII = 2
#: Places and sizes of strips and tiles: tifffile keeps them as Python's numbers, 160 bytes a tile
LISTS = (273, 279, 324, 325)

Numbers = npt.NDArray[np.integer]

logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what matters is raised here


class Source(io.FileIO):
    """A file whose bytes are read by position; the page cache is not memory of ours."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        if not os.path.isfile(path):  # opening a pipe would block
            raise Unsupported("no such file, or not a regular one")
        try:
            super().__init__(os.fspath(path))
            self.size = os.fstat(self.fileno()).st_size
        except OSError as error:
            raise Unsupported(error.strerror or type(error).__name__) from error

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes, for tifffile, which asks for as many as the file claims to have."""
        if size is None or not 0 <= size <= MOST_BYTES:
            raise Unsupported(f"a tag of {size} bytes")
        return super().read(size) or b""

    def at(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes; may be called from several threads.

        Raises
        ------
        Unsupported : they are not all there.
        """
        if offset + length > self.size:
            raise Unsupported(f"{length} bytes at {offset} reach beyond the file ({self.size})")
        try:
            data = os.pread(self.fileno(), length, offset)
        except OSError as error:
            raise Unsupported(error.strerror or type(error).__name__) from error
        if len(data) != length:
            raise Unsupported(f"only {len(data)} of {length} bytes at {offset}")
        return data


class Directory:
    """The tags of one page, as whole numbers in the types of the file."""

    def __init__(self, page: tifffile.TiffPage) -> None:
        self.offset = page.offset
        self._tags, self._file = page.tags, page.parent
        page.dataoffsets = page.databytecounts = ()
        for tag in page.tags:
            if tag.code in LISTS:
                tag.value = None

    def __contains__(self, tag: int) -> bool:
        return tag in self._tags

    def numbers(self, tag: int, most: int | None = None) -> Numbers:
        """All values of a tag, or the first `most` of them; none where it is absent.

        Raises
        ------
        Unsupported : not whole numbers.
        """
        entry = self._tags.get(tag)
        if entry is None:
            return np.empty(0, np.uint8)
        if entry.dtype not in FORMATS:
            raise Unsupported(f"tag {tag}: values of type {entry.dtype}")
        form = self._file.byteorder + FORMATS[entry.dtype]
        count = entry.count if most is None else min(entry.count, most)
        return self._file.filehandle.read_array(form, count, entry.valueoffset)

    def number(self, tag: int, default: int) -> int:
        """The only value of a tag.

        Raises
        ------
        Unsupported : more than one value, or not a whole number.
        """
        entry = self._tags.get(tag)
        if entry is None:
            return default
        if entry.count != 1:
            raise Unsupported(f"tag {tag} has {entry.count} values")
        return int(self.numbers(tag)[0])

    def text(self, tag: int) -> str:
        """The text of a tag; empty where it is absent.

        Raises
        ------
        Unsupported : not text.
        """
        entry = self._tags.get(tag)
        if entry is None:
            return ""
        if entry.dtype != ASCII:
            raise Unsupported(f"tag {tag}: values of type {entry.dtype}")
        data = self._file.filehandle.read_array("u1", entry.count, entry.valueoffset).tobytes()
        return data.rstrip(b"\0").decode(errors="replace")


def directories(source: Source) -> Iterator[Directory]:
    """The pages of the main chain, in the file's order.

    Raises
    ------
    Unsupported : not a TIFF, a chain that does not end, leaves the file or has more than 256
        pages, or a page that tifffile cannot read.
    """
    offsets: set[int] = set()
    try:
        # formats that tifffile would read in their own way are plain TIFFs here
        tiff = tifffile.TiffFile(source, is_ndpi=False, is_lsm=False, is_scanimage=False)
        for each in tiff.pages:
            page = Directory(cast(tifffile.TiffPage, each))
            if page.offset in offsets:
                raise Unsupported(f"the chain of pages does not end ({len(offsets)} so far)")
            if len(offsets) >= MOST_PAGES:
                raise Unsupported(f"more than {MOST_PAGES} pages")
            offsets.add(page.offset)
            yield page
        end = tiff.filehandle.read_array(
            f"{tiff.byteorder}u{tiff.tiff.offsetsize}", 1, tiff.pages.next_page_offset or 0
        )
    except Unsupported:
        raise
    except Exception as error:  # whatever a damaged value leads to in tifffile
        raise Unsupported(f"damaged directory: {type(error).__name__}") from error
    if end[0]:
        raise Unsupported(f"the chain of pages breaks off after {len(offsets)}")


def equal_pages(path: str | os.PathLike[str]) -> list[int]:
    """The pages of a TIFF that are as large as the first, from 0: several are planes of a stack.

    Raises
    ------
    Unsupported : not a TIFF, or a damaged one.
    """
    with Source(path) as source:
        sizes = [[page.number(tag, 0) for tag in (256, 257)] for page in directories(source)]
    return [page for page, size in enumerate(sizes) if size == sizes[0]]
