"""Tiles of JPEG TIFFs decoded straight from the file: OpenSlide's pixels at a third of its cost."""

import dataclasses
from collections.abc import Iterable

import numpy.typing as npt

from grossing.slide import jpeg_stream, jpeg_tiles, tiff_directory
from grossing.slide.jpeg_tiles import MOST_TABLE_BYTES, JpegTiles, Layout
from grossing.slide.record import FileFacts
from grossing.slide.tiff_directory import Directory
from grossing.support.errors import Unsupported
from grossing.support.types import PathLike

JPEG, RGB, YCBCR = 7, 2, 6

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
FILL_ORDER, ORIENTATION, SAMPLES, PLANAR = 266, 274, 277, 284
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES, JPEG_TABLES = 322, 323, 324, 325, 347
IMAGE_DEPTH, TILE_DEPTH = 32997, 32998

#: Tags with one value that is read; absent means that value too, but for the compression.
PLAIN = {COMPRESSION: JPEG, FILL_ORDER: 1, ORIENTATION: 1, SAMPLES: 3, PLANAR: 1} | {
    IMAGE_DEPTH: 1,
    TILE_DEPTH: 1,
}


class RawTiffReader(JpegTiles):
    """One level of an Aperio or generic tiled TIFF whose tiles are baseline JPEG.

    Parameters
    ----------
    path : the slide
    width_px, height_px : of the level, as OpenSlide reports them; the page of exactly this size
        is read, so never a thumbnail, label or macro picture
    glass, scale : as of `JpegTiles`

    Raises
    ------
    Unsupported : another reader must be used; the message says why.
    """

    def __init__(
        self,
        path: PathLike,
        width_px: int,
        height_px: int,
        glass: npt.ArrayLike,
        *,
        scale: int = 1,
    ) -> None:
        with jpeg_tiles.opened(path) as source:
            page = _find_page(tiff_directory.directories(source), width_px, height_px)
            super().__init__(source, layout(page), glass, scale=scale)


def open_level(
    path: PathLike, file: FileFacts, level: int, glass: npt.ArrayLike, scale: int
) -> JpegTiles:
    """The reader of one level, as OpenSlide counts them (`readers.OpenLevel`).

    Raises
    ------
    Unsupported : as `RawTiffReader`.
    """
    extent = file.levels[level]
    return RawTiffReader(path, extent.width_px, extent.height_px, glass, scale=scale)


def open_philips_level(
    path: PathLike, file: FileFacts, level: int, glass: npt.ArrayLike, scale: int
) -> JpegTiles:
    """As `open_level`, of Philips TIFF: pages are filled up to whole tiles, levels cut them.

    Raises
    ------
    Unsupported : the page of the level is of another size or kind.
    """
    extent = file.levels[level]
    size = (extent.width_px, extent.height_px)
    with jpeg_tiles.opened(path) as source:
        tiled = [page for page in tiff_directory.directories(source) if TILE_WIDTH in page]
        if len(tiled) != len(file.levels):
            raise Unsupported(f"{len(tiled)} tiled pages of {len(file.levels)} levels")
        filled = layout(tiled[level])
        steps = filled.tile_width, filled.tile_height
        sizes = zip(size, (filled.width, filled.height), steps, strict=True)
        if any(-(-cut // step) != -(-whole // step) for cut, whole, step in sizes):
            raise Unsupported(f"page of {filled.width}x{filled.height} px, level of {size}")
        cut = dataclasses.replace(filled, width=size[0], height=size[1])
        return JpegTiles(source, cut, glass, scale=scale)


def _find_page(pages: Iterable[Directory], width: int, height: int) -> Directory:
    """The one tiled page of this size.

    OpenSlide paints what is missing in a coarser Aperio level from the finer ones, so a coarser
    page is only taken if it and all finer ones are complete.
    """
    tiled = [page for page in pages if TILE_WIDTH in page]
    matching = [p for p in tiled if (p.number(WIDTH, 0), p.number(HEIGHT, 0)) == (width, height)]
    if len(matching) != 1:
        raise Unsupported(f"{len(matching)} tiled pages of {width}x{height} px")
    finer = [page for page in tiled if page.number(WIDTH, 0) > width]
    if finer and any((page.numbers(TILE_BYTES) == 0).any() for page in [*finer, *matching]):
        raise Unsupported("a coarser level of a slide with missing tiles")
    return matching[0]


def layout(page: Directory, origin: tuple[int, int] = (0, 0)) -> Layout:
    """Where the tiles of a page lie; `origin` as of `Layout`.

    Raises
    ------
    Unsupported : not tiles of baseline JPEG in 8-bit colour, or damaged tags.
    """
    for tag, value in PLAIN.items():
        default = 1 if tag in (COMPRESSION, SAMPLES) else value
        if page.number(tag, default) != value:
            raise Unsupported(f"tag {tag} is {page.number(tag, default)}, not {value}")
    if page.number(PHOTOMETRIC, 0) not in (RGB, YCBCR) or page.numbers(BITS).tolist() != [8, 8, 8]:
        raise Unsupported("neither RGB nor YCbCr of 8 bits")
    tables = page.numbers(JPEG_TABLES).tobytes()
    if len(tables) > MOST_TABLE_BYTES:
        raise Unsupported(f"{len(tables)} bytes of shared tables")
    try:
        head = jpeg_stream.head(tables, ycbcr=page.number(PHOTOMETRIC, 0) == YCBCR)
    except jpeg_stream.BadStream as error:
        raise Unsupported(f"shared tables: {error}") from error
    wide, high = page.number(TILE_WIDTH, 0), page.number(TILE_HEIGHT, 0)
    return Layout(
        width=page.number(WIDTH, 0),
        height=page.number(HEIGHT, 0),
        tile_width=wide,
        tile_height=high,
        offsets=page.numbers(TILE_OFFSETS),
        byte_counts=page.numbers(TILE_BYTES),
        completed=jpeg_stream.Completion(head, wide, high).completed,
        origin=origin,
    )
