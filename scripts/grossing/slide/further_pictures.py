"""Pictures in a TIFF beside the one that is read: scenes, focal planes, channels.

OpenSlide shows the first picture of a generic TIFF and takes the pages that are marked as reduced
for its levels; all other pages are left out without a word.
"""

import contextlib
import re
from collections.abc import Sequence

from grossing.slide import ome_xml
from grossing.slide.tiff_directory import GAPLESS, Directory, Source, directories
from grossing.support.errors import Unsupported
from grossing.support.types import PathLike

SUBFILE, WIDTH, HEIGHT, DESCRIPTION, SAMPLES, TILE_WIDTH = 254, 256, 257, 270, 277, 322
REDUCED_OR_MASK = 1 | 4  # of the tag NewSubfileType
BESIDE = re.compile(r"\b(label|macro|overview|thumb(nail)?|preview|barcode|map|mask)\b", re.I)
SAME = 0.01  # relative difference of sides or resolutions that count as equal
LEAST_SHARE = 1 / 16  # of the pixels of the first: smaller pictures of unknown scale are labels


def count(path: PathLike, vendor: str) -> int:
    """Pictures of an open slide that are not read; 0 of formats with an index of their own."""
    return of_file(path) if vendor in GAPLESS else 0


def of_file(path: PathLike) -> int:
    """Tiled pages of a TIFF, in as many colours as the first, that show neither that nor a label.

    Pages marked as reduced, and smaller ones of its proportions, are taken for its levels; those
    after a damaged one are not seen.
    """
    pages: list[Directory] = []
    try:
        with Source(path) as source:
            with contextlib.suppress(Unsupported):
                for page in directories(source):
                    pages.append(page)
            return _others(pages)
    except Unsupported:
        return 0


def _others(pages: Sequence[Directory]) -> int:
    if len(pages) < 2:
        return 0
    known = {(i.width_px, i.height_px): i for i in reversed(ome_xml.images(_text(pages[0])))}
    return sum(_is_other(page, pages[0], known) for page in pages[1:])


def _is_other(
    page: Directory, first: Directory, known: dict[tuple[int, int], ome_xml.OmeImage]
) -> bool:
    size, whole = _size(page), _size(first)
    is_marked = page.number(SUBFILE, 0) & REDUCED_OR_MASK
    if TILE_WIDTH not in page or is_marked or not all((*size, *whole)):
        return False
    if page.number(SAMPLES, 1) != first.number(SAMPLES, 1):
        return False  # a mask or a map
    if size == whole:
        return True
    image, main = known.get(size), known.get(whole)
    if BESIDE.search(image.name if image else _text(page)):
        return False
    if image and main and image.mpp and main.mpp:
        return all(abs(a / b - 1) < SAME for a, b in zip(image.mpp, main.mpp, strict=True))
    return not _is_level(size, whole) and size[0] * size[1] >= LEAST_SHARE * whole[0] * whole[1]


def _is_level(size: tuple[int, int], whole: tuple[int, int]) -> bool:
    """Whether a page can be a smaller `whole`, but for rounding of its size."""
    across, down = whole[0] / size[0], whole[1] / size[1]
    rounding = 2 * (across / size[0] + down / size[1])
    return min(across, down) > 1 and abs(across - down) <= SAME * down + rounding


def _size(page: Directory) -> tuple[int, int]:
    return page.number(WIDTH, 0), page.number(HEIGHT, 0)


def _text(page: Directory) -> str:
    try:
        return page.text(DESCRIPTION)
    except Unsupported:
        return ""
