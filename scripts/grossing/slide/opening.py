"""Opening slides, and pixels of any level through OpenSlide."""

import ctypes
import errno
import functools
import os
import stat
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt
import openslide
from openslide import lowlevel

from grossing.slide import (
    companions,
    file_kinds,
    further_pictures,
    reader_messages,
    rounded_levels,
    tiff_directory,
    tiff_properties,
)
from grossing.slide.checksums import Checksums
from grossing.support.errors import ReadError, SlideError
from grossing.support.types import Pixels

SCANNED_ALPHA = 128  # less opaque pixels were not scanned
CACHE_BYTES = 32 << 20  # of decoded tiles, as OpenSlide's own
MOST_PIXELS_PER_BYTE = 1000  # empty JPEG tiles have about 100
_NO_PERMISSION = "permission denied", "make the slide's files readable for this user"
_MISSING = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)


class Slide:
    """An open slide, usable after read errors (OpenSlide's handle is not: it is reopened)."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        _refuse_unreadable(self.path)
        self._handle = _open(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._handle.close()

    def forget(self) -> None:
        """Free decoded tiles that are kept for places beside those that were read."""
        self._handle.set_cache(openslide.OpenSlideCache(CACHE_BYTES))

    @property
    def handle(self) -> openslide.OpenSlide:
        return self._handle

    def reopen(self) -> None:
        """A new handle: after an error OpenSlide's stays in error."""
        self._handle.close()
        self._handle = _open(self.path)

    @functools.cached_property
    def _checksums(self) -> Checksums | None:
        handle = self._handle
        if handle.properties.get(openslide.PROPERTY_NAME_VENDOR) not in tiff_directory.GAPLESS:
            return None
        return Checksums(self.path, handle.level_dimensions, handle.level_downsamples)

    def tile_px(self, level: int) -> tuple[int, int] | None:
        """Width and height of a level's stored tiles; None where it has none."""
        names = (f"openslide.level[{level}].tile-{side}" for side in ("width", "height"))
        sides = [self._handle.properties.get(name, "") for name in names]
        width, height = (int(side) if side.isdecimal() else 0 for side in sides)
        return (width, height) if width and height else None

    def read_premultiplied(self, level: int, x: int, y: int, w: int, h: int) -> Pixels:
        """(h, w, 4) uint8 BGRA as OpenSlide paints it; x, y in level-0 px, w, h in the level's px.

        Raises
        ------
        ReadError : the place does not decode, or lies in a stored tile with a wrong checksum.
        """
        if self._checksums is not None:
            self._checksums.check(level, x, y, w, h)
        pixels = np.empty((h, w, 4), np.uint8)
        target = pixels.ctypes.data_as(ctypes.POINTER(ctypes.c_uint32))
        try:
            lowlevel._read_region(self._handle._osr, target, x, y, level, w, h)
        except openslide.OpenSlideError as error:
            self.reopen()
            raise ReadError(reader_messages.cleaned(str(error), self.path)) from error
        return pixels

    def read_stored(self, level: int, x: int, y: int, w: int, h: int) -> Pixels:
        """RGB where a reader knows that all of it was scanned, else `read_premultiplied`."""
        return self.read_premultiplied(level, x, y, w, h)

    def read(self, level: int, x: int, y: int, w: int, h: int, glass: npt.ArrayLike) -> Pixels:
        """(h, w, 3) uint8 RGB over the glass colour; arguments as `read_premultiplied`."""
        return over_glass(self.read_premultiplied(level, x, y, w, h), glass)


def lowest_alpha(bgra: Pixels) -> int:
    """The lowest alpha of (h, w, 4) uint8, which is the highest byte of OpenSlide's pixels."""
    return int(bgra.view(np.uint32).min()) >> 24


def over_glass(bgra: Pixels, glass: npt.ArrayLike) -> Pixels:
    """(h, w, 3) uint8 RGB of (h, w, 4) premultiplied BGRA, over the (3,) glass colour."""
    rgb = cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGB)
    if lowest_alpha(bgra) < 255:
        rest = (255 - bgra[..., 3].astype(np.float32))[..., None] / 255
        rgb = np.rint(rgb + rest * np.asarray(glass, np.float32)).clip(0, 255).astype(np.uint8)
    return np.asarray(rgb)


def refuse_irregular(path: str | os.PathLike[str]) -> None:
    """Refuse a path that names no regular file; it is not opened.

    Raises
    ------
    SlideError : there is nothing at the path, or a folder, a FIFO, a device or a socket.
    OSError : the storage does not answer.
    """
    try:
        mode = os.stat(path).st_mode
    except PermissionError as error:
        raise SlideError("unreadable", *_NO_PERMISSION) from error
    except OSError as error:
        if error.errno not in _MISSING:
            raise
        raise SlideError("file_missing", "no such file") from error
    if not stat.S_ISREG(mode):
        raise SlideError("not_a_file", f"{_kind(mode)}, not a regular file")


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a FIFO", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _refuse_unreadable(path: str) -> None:
    """Refuse what OpenSlide cannot open, or would wait for without end."""
    refuse_irregular(path)
    try:
        found = companions.find(path)
    except PermissionError as error:
        raise SlideError("unreadable", *_NO_PERMISSION) from error
    if not all(os.access(name, os.R_OK) for name in found.files):
        raise SlideError("unreadable", *_NO_PERMISSION)
    if os.path.getsize(path) == 0:
        raise SlideError("unreadable", "the file is empty (0 bytes)", "copy the slide again")
    for name in found.irregular:
        kind = _kind(os.stat(name).st_mode)
        message = f"{kind} in the slide's folder would be read as part of the slide"
        raise SlideError("not_a_file", message, "move it to another folder")


def _open(path: str) -> openslide.OpenSlide:
    try:
        handle = openslide.OpenSlide(path)
    except openslide.OpenSlideUnsupportedFormatError as error:
        message, remedy = reader_messages.cleaned(str(error), path), ""
        if found := file_kinds.no_slide(path):
            message, remedy = found
        elif tiff_properties.is_in_strips(path):
            message = "a TIFF in strips, not in tiles"
        elif others := further_pictures.of_file(path):
            message = f"a TIFF of {others + 1} pictures, whose levels cannot be told apart"
            remedy = (
                'give each a file and a row of its own: vips copy "slide.tif[page=N]" '
                '"sceneN.tif[tile,pyramid,compression=jpeg,Q=90]"; pages count from 0'
            )
        raise SlideError("unsupported", message, remedy) from error
    except openslide.OpenSlideError as error:
        is_czi = os.path.splitext(path)[1].lower() == ".czi"
        message = reader_messages.cleaned(str(error), path)
        code = reader_messages.code_of(message, "unsupported" if is_czi else "unreadable")
        raise SlideError(code, message) from error
    if not all(min(size) > 0 for size in handle.level_dimensions):
        handle.close()
        raise SlideError("unsupported", "a level without a pixel")
    rounded_levels.set_factors(handle)
    return handle


def check_size(slide: Slide) -> None:
    """Refuse a file that cannot hold its picture, before anything is read because of it.

    Raises
    ------
    SlideError : more pixels than the file's bytes can hold.
    """
    size = sum(os.path.getsize(name) for name in companions.find(slide.path).files)
    width, height = slide.handle.dimensions
    if width * height > MOST_PIXELS_PER_BYTE * size:
        message = f"{size} bytes cannot hold {width}x{height} px"
        remedy = "the file's index is damaged: copy or scan the slide again"
        raise SlideError("unreadable", message, remedy)
