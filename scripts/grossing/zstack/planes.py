"""Focal planes opened for reading: one slide per plane, or the pages of one TIFF."""

import contextlib
import math
import os
from collections.abc import Iterator, Sequence
from typing import Protocol

import cv2
import numpy as np
import pyvips

from grossing.measure import overview
from grossing.slide import (
    facts,
    ome_xml,
    opening,
    reader_messages,
    readers,
    tiff_directory,
    tiff_properties,
)
from grossing.slide.record import Bounds, FileFacts, Level, Resolution
from grossing.support.errors import ReadError, SlideError, Unsupported
from grossing.support.types import PathLike, Pixels

WHITE = (255, 255, 255)
CACHE_BYTES = 8 * 1024 * 1024  # of each plane
STRIPS_BYTES_MAX = 1_000_000_000  # of all pages decoded: libvips decodes pages without tiles whole
PAGE_REMEDY = "save the stack as a tiled TIFF of 8-bit RGB or grey pages of equal size"
ROWS_REMEDY = f"give each plane a row and its number in z_plane, or {PAGE_REMEDY}"


class Plane(Protocol):
    """One focal plane.

    `name` is its number as the user gives it, `tile_px` the side of its stored tiles, None where it
    has none. Coordinates count from the corner of the scanned picture of `width` x `height` px.
    """

    name: str
    width: int
    height: int
    tile_px: int | None
    resolution: Resolution
    objective: float | None

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
        self, path: PathLike, name: str, given_mpp: float | None, mpp_from_objective: bool
    ) -> None:
        self.name = name
        with contextlib.ExitStack() as closing:
            self._slide = closing.enter_context(opening.Slide(path))
            opening.check_size(self._slide)
            self._file = facts.file_facts(self._slide)
            tiff_properties.check(path, self._file, dark=True)
            self.resolution = facts.resolution(
                self._slide, given_mpp=given_mpp, mpp_from_objective=mpp_from_objective
            )
            glass = np.array(WHITE, np.uint8)
            self._reader = readers.open_reader(
                path, file=self._file, level=0, glass=glass, cache_bytes=CACHE_BYTES
            )
            closing.pop_all()
        self.width, self.height = self._file.bounds.width, self._file.bounds.height
        self.objective = self._file.objective
        tile_width = self._slide.handle.properties.get("openslide.level[0].tile-width", "")
        self.tile_px = int(tile_width) if tile_width.isdigit() else None

    def read(self, x: int, y: int, w: int, h: int) -> Pixels:
        return self._reader.read(self._file.bounds.x + x, self._file.bounds.y + y, w, h).rgb

    def small(self, mpp: float) -> overview.Overview:
        return overview.read(self._slide, self._file, self.resolution.mpp, mpp=mpp)

    def close(self) -> None:
        self._reader.close()
        self._slide.close()


class PagePlane:
    """A plane that is a page of a TIFF, read by libvips."""

    objective: float | None = None

    def __init__(self, path: PathLike, page: int, given_mpp: float | None) -> None:
        self.name, self._path, self._page = str(page), path, page
        try:
            image = self._load()
        except pyvips.Error as error:
            message = reader_messages.cleaned(str(error), path)
            raise SlideError("unreadable", message, PAGE_REMEDY) from error
        self.tile_px = image.get("tile-width") if image.get_typeof("tile-width") else None
        self._image = _rgb(image)
        self.width, self.height = self._image.width, self._image.height
        self.resolution = _page_resolution(self._image, given_mpp, self._ome_mpp())

    def read(self, x: int, y: int, w: int, h: int) -> Pixels:
        try:
            data = pyvips.Region.new(self._image).fetch(x, y, w, h)  # a region is of one thread
        except pyvips.Error as error:
            reason = reader_messages.cleaned(str(error), self._path)
            if self.tile_px:  # libvips returns a tile that failed as black the next time
                self._image = _rgb(self._load())
            raise ReadError(reason) from error
        return np.frombuffer(data, np.uint8).reshape(h, w, 3)

    def _ome_mpp(self) -> tuple[float, float] | None:
        """um/px that the OME-XML of the first page states for pictures of this size."""
        first = pyvips.Image.tiffload(os.fspath(self._path))
        text = first.get("image-description") if first.get_typeof("image-description") else ""
        return ome_xml.mpp_of(text, (self.width, self.height))

    def _load(self) -> pyvips.Image:
        path = os.fspath(self._path)
        return pyvips.Image.tiffload(path, page=self._page, fail_on="error", revalidate=True)

    def small(self, mpp: float) -> overview.Overview:
        return overview.read(self, self._file_facts(), self.resolution.mpp, mpp=mpp)

    def _file_facts(self) -> FileFacts:
        """A page as the file of a slide of one level."""
        return FileFacts(
            vendor="generic-tiff",
            width_px=self.width,
            height_px=self.height,
            levels=(Level(self.width, self.height, 1.0),),
            bounds=Bounds(0, 0, self.width, self.height),
            objective=None,
            quickhash=None,
            icc_bytes=0,
        )

    def read_stored(self, level: int, x: int, y: int, w: int, h: int) -> Pixels:
        """As that of a slide, for the overview."""
        return self.read_premultiplied(level, x, y, w, h)

    def read_premultiplied(self, level: int, x: int, y: int, w: int, h: int) -> Pixels:
        """As that of a slide of one level; transparent beyond the picture."""
        bgra = np.zeros((h, w, 4), np.uint8)
        part = self.read(x, y, min(w, self.width - x), min(h, self.height - y))
        bgra[: part.shape[0], : part.shape[1]] = cv2.cvtColor(part, cv2.COLOR_RGB2BGRA)
        return bgra

    def close(self) -> None:
        """libvips closes the file with the last image."""


@contextlib.contextmanager
def opened(
    paths: Sequence[PathLike],
    names: Sequence[str],
    *,
    given_mpp: float | None,
    mpp_from_objective: bool = False,
) -> Iterator[list[Plane]]:
    """The planes of a stack, closed in the end.

    Parameters
    ----------
    paths : one file per plane, in the order of their height; or one TIFF with a page per plane
    names : of the planes; none for the pages of a TIFF, which are numbered from 0 and of which
        those count that are as large as the first
    given_mpp : um per pixel from the cohort sheet; wins over the files
    mpp_from_objective : infer a missing resolution from the objective power

    Raises
    ------
    SlideError : a plane cannot be used or is not like the others; the message names it.
    """
    with contextlib.ExitStack() as stack:
        planes: list[Plane] = []
        for number, name in enumerate(names or _pages(paths[0])):
            try:
                plane: Plane = (
                    SlidePlane(paths[number], name, given_mpp, mpp_from_objective)
                    if names
                    else PagePlane(paths[0], int(name), given_mpp)
                )
            except SlideError as error:
                message = f"plane {name}: {error.message}"
                raise SlideError(error.code, message, error.remedy) from error
            stack.callback(plane.close)
            planes.append(plane)
        _check_alike(planes)
        _check_strips(planes)
        yield planes


def _check_alike(planes: Sequence[Plane]) -> None:
    first = planes[0]
    for plane in planes:
        same_size = (plane.width, plane.height) == (first.width, first.height)
        differing = abs(plane.resolution.mpp / first.resolution.mpp - 1)
        if not same_size or differing > facts.ANISOTROPY_LIMIT:
            one, other = (
                f"plane {p.name} has {p.width}x{p.height} px of {p.resolution.mpp:.4g} um"
                for p in (first, plane)
            )
            remedy = "give planes of one scan; correct `path` and `z_stack` in the cohort sheet"
            raise SlideError("planes_differ", f"{one}, {other}", remedy)


def _check_strips(planes: Sequence[Plane]) -> None:
    pages = [plane for plane in planes if isinstance(plane, PagePlane) and not plane.tile_px]
    size = sum(3 * page.width * page.height for page in pages)
    if size > STRIPS_BYTES_MAX:
        message = f"{len(pages)} pages without tiles, {size / 1e9:.1f} GB decoded"
        raise SlideError("unsupported", message, PAGE_REMEDY)


def _pages(path: PathLike) -> list[str]:
    """The pages of a TIFF that are planes."""
    opening.refuse_irregular(path)
    try:
        pages = tiff_directory.equal_pages(path)
    except Unsupported as error:
        message = reader_messages.cleaned(str(error), path)
        raise SlideError("unsupported", message, ROWS_REMEDY) from error
    if len(pages) < 2:
        raise SlideError("unsupported", "a TIFF with one plane", ROWS_REMEDY)
    return [str(page) for page in pages]


def _rgb(image: pyvips.Image) -> pyvips.Image:
    """8-bit RGB of a page."""
    if image.get_typeof("orientation") and image.get("orientation") != 1:
        message = f"the tag Orientation is {image.get('orientation')}"
        raise SlideError("unsupported_orientation", message)
    if image.format != "uchar" or image.bands not in (1, 3, 4):
        message = f"{image.bands} channels of type {image.format}"
        raise SlideError("unsupported", message, PAGE_REMEDY)
    if image.bands == 4:
        image = image.flatten(background=list(WHITE))
    return image.bandjoin([image, image]) if image.bands == 1 else image


def _page_resolution(
    image: pyvips.Image, given_mpp: float | None, ome: tuple[float, float] | None
) -> Resolution:
    """The sheet's resolution, or that of OME-XML or the page's tags.

    libvips reports 1 px/mm where there are no tags.
    """
    x, y = (1000 / per_mm if per_mm > 0 else math.inf for per_mm in (image.xres, image.yres))
    source = "tiff"
    if given_mpp is not None:
        (x, y), source = (given_mpp, given_mpp), "sheet"
    elif ome is not None:
        (x, y), source = ome, "ome"
    if not all(facts.MPP_RANGE[0] <= mpp <= facts.MPP_RANGE[1] for mpp in (x, y)):
        remedy = "give the true um/px in the column `mpp` of the cohort sheet"
        raise SlideError("mpp_missing", "the file does not state a usable resolution", remedy)
    return Resolution(
        mpp=round(math.sqrt(x * y), 6),
        mpp_x=x,
        mpp_y=y,
        mpp_source=source,
        anisotropic=abs(x / y - 1) > facts.ANISOTROPY_LIMIT,
    )
