"""Opening slides, and pixels of any level through OpenSlide."""

import ctypes
import os
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt
import openslide
from openslide import lowlevel

from grossing.slide import identity, reader_messages, tiff_properties
from grossing.support.errors import ReadError, SlideError
from grossing.support.types import Pixels

SCANNED_ALPHA = 128  # less opaque pixels were not scanned
MOST_PIXELS_PER_BYTE = 1000  # empty JPEG tiles have about 100


class Slide:
    """An open slide, usable after read errors (OpenSlide's handle is not: it is reopened)."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._handle = _open(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._handle.close()

    @property
    def handle(self) -> openslide.OpenSlide:
        return self._handle

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
        ReadError : the place does not decode.
        """
        pixels = np.empty((h, w, 4), np.uint8)
        target = pixels.ctypes.data_as(ctypes.POINTER(ctypes.c_uint32))
        try:
            lowlevel._read_region(self._handle._osr, target, x, y, level, w, h)
        except openslide.OpenSlideError as error:
            self._handle.close()
            self._handle = _open(self.path)
            raise ReadError(reader_messages.cleaned(str(error), self.path)) from error
        return pixels

    def read(self, level: int, x: int, y: int, w: int, h: int, glass: npt.ArrayLike) -> Pixels:
        """(h, w, 3) uint8 RGB over the glass colour; arguments as `read_premultiplied`."""
        return over_glass(self.read_premultiplied(level, x, y, w, h), glass)


def over_glass(bgra: Pixels, glass: npt.ArrayLike) -> Pixels:
    """RGB of premultiplied BGRA, with the glass colour where nothing was scanned."""
    rgb = cv2.cvtColor(bgra, cv2.COLOR_BGRA2RGB)
    alpha = bgra[..., 3]
    if alpha.min() < 255:
        rest = (255 - alpha.astype(np.float32))[..., None] / 255
        rgb = np.rint(rgb + rest * np.asarray(glass, np.float32)).clip(0, 255).astype(np.uint8)
    return np.asarray(rgb)


def _open(path: str) -> openslide.OpenSlide:
    if not os.path.exists(path):
        remedy = "correct `path` in the cohort sheet, or bring the file back"
        raise SlideError("file_missing", "no such file", remedy)
    if not os.path.isfile(path):
        raise SlideError("unsupported", "not a file", "name the slide's file, not its folder")
    if not os.access(path, os.R_OK):
        raise SlideError("unreadable", "permission denied", "make the file readable for this user")
    if os.path.getsize(path) == 0:
        raise SlideError("unreadable", "the file is empty (0 bytes)", "copy the slide again")
    try:
        return openslide.OpenSlide(path)
    except openslide.OpenSlideUnsupportedFormatError as error:
        message = reader_messages.cleaned(str(error), path)
        if tiff_properties.has_no_tiles(path):
            message = "a TIFF in strips, not in tiles"
        raise SlideError("unsupported", message) from error
    except openslide.OpenSlideError as error:
        is_czi = os.path.splitext(path)[1].lower() == ".czi"
        message = reader_messages.cleaned(str(error), path)
        code = reader_messages.code_of(message, "unsupported" if is_czi else "unreadable")
        raise SlideError(code, message) from error


def check_size(slide: Slide) -> None:
    """Refuse a file that cannot hold its picture, before anything is read because of it.

    Raises
    ------
    SlideError : more pixels than the file's bytes can hold.
    """
    size = sum(os.path.getsize(p) for p in identity.files_of(slide.path))
    width, height = slide.handle.dimensions
    if width * height > MOST_PIXELS_PER_BYTE * size:
        message = f"{size} bytes cannot hold {width}x{height} px"
        remedy = "the file's index is damaged: copy or scan the slide again"
        raise SlideError("unreadable", message, remedy)
