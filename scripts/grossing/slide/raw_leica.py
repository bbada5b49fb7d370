"""Tiles of Leica SCN decoded straight from the file, where one area was scanned.

OpenSlide lays the area's pictures at their offsets in the collection (in nm), rounded down to whole
pixels of each picture.
"""

import math
from xml.etree import ElementTree

import numpy.typing as npt

from grossing.slide import jpeg_tiles, raw_tiff, tiff_directory
from grossing.slide.jpeg_tiles import JpegTiles
from grossing.slide.record import FileFacts
from grossing.support.errors import Unsupported
from grossing.support.types import PathLike

NAMES = {"": "http://www.leica-microsystems.com/scn/2010/10/01"}
LIGHT = "scanSettings/illuminationSettings/illuminationSource"
BRIGHTFIELD = "brightfield"
DESCRIPTION = 270
#: what an element, attribute or number leads to that is missing or none
DAMAGED = (ArithmeticError, LookupError, ValueError)


def open_level(
    path: PathLike, file: FileFacts, level: int, glass: npt.ArrayLike, scale: int
) -> JpegTiles:
    """The reader of one level, as OpenSlide counts them (`readers.OpenLevel`).

    Raises
    ------
    Unsupported : several areas, or the page of the level is of another size or kind.
    """
    with jpeg_tiles.opened(path) as source:
        pages = list(tiff_directory.directories(source))
        try:
            root = ElementTree.fromstring(pages[0].text(DESCRIPTION))
            number, size, origin = _picture(root, level)
            page = pages[number]
        except (ElementTree.ParseError, *DAMAGED) as error:
            raise Unsupported(f"description: {type(error).__name__}") from error
        layout = raw_tiff.layout(page, origin)
        if (layout.width, layout.height) != size:
            raise Unsupported(f"page {number} is {layout.width}x{layout.height} px, not {size}")
        return JpegTiles(source, layout, glass, scale=scale)


def _picture(root: ElementTree.Element, level: int) -> tuple[int, tuple[int, int], tuple[int, int]]:
    """Page, size (px) and place (px of the level) of the only area's picture of a level."""
    collection = _child(root, "collection")
    whole = [int(collection.attrib[name]) for name in ("sizeX", "sizeY")]
    areas = []
    for image in collection.findall("image", NAMES):
        view = _child(image, "view").attrib
        at, nm = ([int(view[name + axis]) for axis in "XY"] for name in ("offset", "size"))
        is_macro = at == [0, 0] and nm == whole
        if not is_macro and image.findtext(LIGHT, namespaces=NAMES) == BRIGHTFIELD:
            areas.append((image, at, nm))
    if len(areas) != 1:
        raise Unsupported(f"{len(areas)} scanned areas")
    image, at, nm = areas[0]
    pictures = [
        (int(each.attrib["sizeX"]), int(each.attrib["sizeY"]), int(each.attrib["ifd"]))
        for each in image.findall("pixels/dimension", NAMES)
        if each.get("z", "0") == "0"
    ]
    width, height, number = sorted(pictures, reverse=True)[level]
    per_px = nm[0] / width
    if number < 0:
        raise Unsupported(f"page {number}")
    return number, (width, height), (math.floor(at[0] / per_px), math.floor(at[1] / per_px))


def _child(element: ElementTree.Element, name: str) -> ElementTree.Element:
    child = element.find(name, NAMES)
    if child is None:
        raise LookupError(name)
    return child
