"""Focal planes opened for reading: each a slide of its own, or the pages of one TIFF."""

import contextlib
import math
import os
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyvips

from grossing import overview, readers, slides, tiffdir

WHITE = (255, 255, 255)
CACHE_BYTES = 8 * 1024 * 1024  # of each plane
STRIPS_BYTES_MAX = 1_000_000_000  # of all pages decoded: libvips decodes pages without tiles whole
PAGE_REMEDY = "save the stack as a tiled TIFF of 8-bit RGB or grey pages of equal size"

Pixels = npt.NDArray[np.uint8]


class Plane(Protocol):
    """One focal plane; `name` is what people call it, `tile_px` the side of its stored tiles.

    Coordinates count from the corner of the scanned picture.
    """

    name: str
    width: int
    height: int
    mpp: float
    tile_px: int | None

    def read(self, x: int, y: int, w: int, h: int) -> Pixels:
        """(h, w, 3) uint8 RGB inside the picture.

        Raises
        ------
        ReadError : the rectangle does not decode.
        """
        ...

    def small(self, mpp: float) -> overview.Overview:
        """The whole plane at about that many um per pixel."""
        ...

    def close(self) -> None: ...


class SlidePlane:
    """A plane that is a slide of its own, in any format that OpenSlide reads."""

    def __init__(
        self, path: str | os.PathLike[str], name: str, given_mpp: float | None, infer: bool
    ) -> None:
        self.name = name
        self._slide = slides.Slide(path)
        slides.check_index(self._slide)
        record = slides.description(self._slide)
        self._facts = slides.facts(self._slide, given_mpp=given_mpp, mpp_from_objective=infer)
        self.x, self.y, self.width, self.height = self._facts.bounds
        self.mpp = self._facts.mpp
        self.tile_px = _number(self._slide.handle.properties.get("openslide.level[0].tile-width"))
        self._reader = readers.open_reader(
            path, record=record, level=0, glass=np.array(WHITE, np.uint8), cache_bytes=CACHE_BYTES
        )

    def read(self, x: int, y: int, w: int, h: int) -> Pixels:
        return self._reader.read(self.x + x, self.y + y, w, h)

    def small(self, mpp: float) -> overview.Overview:
        return overview.read(self._slide, self._facts, mpp=mpp)

    def close(self) -> None:
        self._reader.close()
        self._slide.close()


class PagePlane:
    """A plane that is a page of a TIFF, read by libvips."""

    def __init__(self, path: str | os.PathLike[str], page: int, given_mpp: float | None) -> None:
        self.name = str(page)
        try:
            image = pyvips.Image.tiffload(os.fspath(path), page=page, fail_on="error")
        except pyvips.Error as error:
            raise slides.SlideError("unreadable", _words(error, path), PAGE_REMEDY) from error
        self.tile_px = image.get("tile-width") if image.get_typeof("tile-width") else None
        self._image = _rgb(image)
        self.width, self.height = self._image.width, self._image.height
        self.mpp = given_mpp or _page_mpp(self._image)

    def read(self, x: int, y: int, w: int, h: int) -> Pixels:
        try:
            data = pyvips.Region.new(self._image).fetch(x, y, w, h)  # a region is of one thread
        except pyvips.Error as error:
            raise slides.ReadError(str(error)) from error
        return np.frombuffer(data, np.uint8).reshape(h, w, 3)

    def small(self, mpp: float) -> overview.Overview:
        whole = max(1, min(round(mpp / self.mpp), self.width, self.height))
        try:
            rgb = self._image.shrink(whole, whole).numpy()
        except pyvips.Error as error:
            raise slides.SlideError("unreadable", str(error), PAGE_REMEDY) from error
        scanned = np.ones(rgb.shape[:2], bool)
        return overview.Overview(rgb, scanned, float(whole), whole * self.mpp, 0.0)

    def close(self) -> None:
        """libvips closes the file with the last image."""


@contextlib.contextmanager
def opened(
    paths: Sequence[str | os.PathLike[str]],
    names: Sequence[str],
    *,
    given_mpp: float | None,
    mpp_from_objective: bool = False,
) -> Iterator[list[Plane]]:
    """The planes of a stack, closed in the end.

    Parameters
    ----------
    paths : one file per plane, in the order of their height; or one TIFF with a page per plane
    names : of the planes; none for the pages of a TIFF, which are numbered from 0
    given_mpp : um per pixel from the cohort sheet; wins over the files
    mpp_from_objective : infer a missing resolution from the objective power

    Raises
    ------
    SlideError : a plane cannot be used or is not like the others; the words name it.
    """
    with contextlib.ExitStack() as stack:
        planes: list[Plane] = []
        count = len(names) or _page_count(paths[0])
        for number in range(count):
            name = names[number] if names else str(number)
            try:
                plane: Plane = (
                    SlidePlane(paths[number], name, given_mpp, mpp_from_objective)
                    if names
                    else PagePlane(paths[0], number, given_mpp)
                )
            except slides.SlideError as error:
                raise slides.SlideError(
                    error.code, f"plane {name}: {error.message}", error.remedy
                ) from error
            stack.callback(plane.close)
            planes.append(plane)
        _check_alike(planes)
        _check_strips(planes)
        yield planes


def _check_alike(planes: Sequence[Plane]) -> None:
    first = planes[0]
    for plane in planes:
        same_size = (plane.width, plane.height) == (first.width, first.height)
        if not same_size or abs(plane.mpp / first.mpp - 1) > slides.ANISOTROPY_LIMIT:
            one, other = (
                f"plane {p.name} has {p.width}x{p.height} px of {p.mpp:.4g} um"
                for p in (first, plane)
            )
            remedy = "give planes of one scan; correct `path` and `z_stack` in the cohort sheet"
            raise slides.SlideError("planes_differ", f"{one}, {other}", remedy)


def _check_strips(planes: Sequence[Plane]) -> None:
    pages = [plane for plane in planes if isinstance(plane, PagePlane) and not plane.tile_px]
    size = sum(3 * page.width * page.height for page in pages)
    if size > STRIPS_BYTES_MAX:
        said = f"{len(pages)} pages without tiles, {size / 1e9:.1f} GB decoded"
        raise slides.SlideError("unsupported", said, PAGE_REMEDY)


def _page_count(path: str | os.PathLike[str]) -> int:
    if not os.path.exists(path):
        remedy = "correct `path` in the cohort sheet, or bring the file back"
        raise slides.SlideError("file_missing", "no such file", remedy)
    try:
        count = tiffdir.equal_pages(path)
    except tiffdir.Unsupported as error:
        raise slides.SlideError("unsupported", _words(error, path), PAGE_REMEDY) from error
    if count < 2:
        raise slides.SlideError("unsupported", "a TIFF with one plane", PAGE_REMEDY)
    return count


def _rgb(image: pyvips.Image) -> pyvips.Image:
    """8-bit RGB of a page."""
    if image.format != "uchar" or image.bands not in (1, 3, 4):
        said = f"{image.bands} channels of type {image.format}"
        raise slides.SlideError("unsupported", said, PAGE_REMEDY)
    if image.bands == 4:
        image = image.flatten(background=list(WHITE))
    return image.bandjoin([image, image]) if image.bands == 1 else image


def _page_mpp(image: pyvips.Image) -> float:
    """um per pixel from a page's resolution tags (libvips says 1 px/mm where there are none)."""
    mpp = 1000 / math.sqrt(image.xres * image.yres) if image.xres * image.yres > 0 else math.inf
    remedy = "give the true um/px in the column `mpp` of the cohort sheet"
    if not slides.MPP_RANGE[0] <= mpp <= slides.MPP_RANGE[1]:
        raise slides.SlideError("mpp_missing", "the file tells no usable resolution", remedy)
    return mpp


def _words(error: Exception, path: str | os.PathLike[str]) -> str:
    """libvips' words on one line, without the folder of the file."""
    return " ".join(str(error).replace(os.fspath(path), os.path.basename(path)).split())


def _number(text: Any) -> int | None:
    return int(text) if text and str(text).isdigit() else None
