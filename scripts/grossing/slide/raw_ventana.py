"""Tiles of Ventana slides decoded straight from the file, where no neighbours overlap.

Ventana's TIFF has whole levels; a BIF says in XML which of its stored tiles were scanned, where
they lie on the slide and by how much neighbours overlap. OpenSlide lays all tiles out by the mean
overlap, so that one joint is enough to leave the grid.
"""

import dataclasses
from collections.abc import Iterator
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt

from grossing.slide import jpeg_tiles, raw_tiff, tiff_directory
from grossing.slide.jpeg_tiles import JpegTiles, Layout
from grossing.slide.record import FileFacts
from grossing.slide.tiff_directory import Directory
from grossing.support.errors import Unsupported
from grossing.support.types import PathLike

DESCRIPTION, XML_PACKET = 270, 700
ACROSS = "RIGHT"  # the direction of a joint of two tiles of one row


@dataclasses.dataclass(frozen=True)
class Area:
    """The only scanned area: its first stored tile, its tiles, and its left edge on the slide."""

    column: int
    row: int
    columns: int
    rows: int
    left_px: int


def open_level(
    path: PathLike, file: FileFacts, level: int, glass: npt.ArrayLike, scale: int
) -> JpegTiles:
    """The reader of one level, as OpenSlide counts them (`readers.OpenLevel`).

    Raises
    ------
    Unsupported : several areas, tiles that overlap or are missing, an area that starts or ends
        inside a stored tile of this level, or a page of another size or kind.
    """
    extent = file.levels[level]
    with jpeg_tiles.opened(path) as source:
        pages = [p for p in tiff_directory.directories(source) if "level=" in p.text(DESCRIPTION)]
        if len(pages) != len(file.levels):
            raise Unsupported(f"{len(pages)} pages of {len(file.levels)} levels")
        layout = raw_tiff.layout(pages[level])
        if XML_PACKET in pages[0]:
            layout = _of_area(layout, _area(pages[0], layout), round(extent.downsample))
        size = layout.origin[0] + layout.width, layout.origin[1] + layout.height
        if size != (extent.width_px, extent.height_px):
            raise Unsupported(f"page {level} shows {size} px, not {extent}")
        if not np.all(layout.byte_counts):
            raise Unsupported("tiles are missing, which OpenSlide cannot read")
        return JpegTiles(source, layout, glass, scale=scale)


def _area(page: Directory, layout: Layout) -> Area:
    """The scanned area that the first level's XML describes."""
    try:
        root = ElementTree.fromstring(page.numbers(XML_PACKET).tobytes().rstrip(b"\0"))
        pairs = zip(
            root.findall("SlideStitchInfo/ImageInfo"), root.findall("AoiOrigin/*"), strict=True
        )
        areas = [(info, at) for info, at in pairs if int(info.attrib["AOIScanned"])]
        if len(areas) != 1:
            raise Unsupported(f"{len(areas)} scanned areas")
        info, at = areas[0]
        if any(_overlaps(info)) or float(info.attrib["Pos-Y"]) < 0:
            raise Unsupported("tiles overlap, or lie above the slide")
        return Area(
            column=int(at.attrib["OriginX"]) // layout.tile_width,
            row=int(at.attrib["OriginY"]) // layout.tile_height,
            columns=int(info.attrib["NumCols"]),
            rows=int(info.attrib["NumRows"]),
            left_px=int(float(info.attrib["Pos-X"])),
        )
    except (ElementTree.ParseError, ArithmeticError, LookupError, ValueError) as error:
        raise Unsupported(f"description: {type(error).__name__}") from error


def _overlaps(info: ElementTree.Element) -> Iterator[float]:
    """By how many px neighbours overlap, along their joint's direction."""
    for joint in info.findall("TileJointInfo"):
        axis = "X" if joint.attrib["Direction"] == ACROSS else "Y"
        yield float(joint.attrib["Overlap" + axis])


def _of_area(page: Layout, area: Area, scale: int) -> Layout:
    """The part of a level's page that an area fills, at its place on the slide."""
    corner = (area.column, area.row, area.left_px)
    if any(each < 0 or each % scale for each in (*corner, page.tile_width, page.tile_height)):
        raise Unsupported(f"the area starts inside a tile or pixel of the level at 1/{scale}")
    width = area.columns * page.tile_width // scale
    height = area.rows * page.tile_height // scale
    left, top = area.column // scale, area.row // scale
    across = -(-page.width // page.tile_width)
    room = page.width - left * page.tile_width, page.height - top * page.tile_height
    if width > room[0] or height > room[1]:
        raise Unsupported(f"a page of {page.width}x{page.height} px does not hold the area")
    columns = slice(left, left + -(-width // page.tile_width))
    rows = slice(top, top + -(-height // page.tile_height))
    return dataclasses.replace(
        page,
        width=width,
        height=height,
        offsets=page.offsets.reshape(-1, across)[rows, columns].ravel(),
        byte_counts=page.byte_counts.reshape(-1, across)[rows, columns].ravel(),
        origin=(area.left_px // scale, 0),
    )
