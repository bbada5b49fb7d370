"""Properties of a TIFF's tags that OpenSlide ignores, or shows wrongly.

Colour and orientation are stated by tags.  OpenSlide decodes some tiles by itself and others
through libtiff, which treat these tags differently, and shows only the first of several channels.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grossing.slide import jpeg_stream
from grossing.slide.record import FileFacts
from grossing.slide.tiff_directory import Directory, Source, directories
from grossing.support.errors import SlideError, Unsupported
from grossing.support.types import PathLike

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, ORIENTATION = 256, 257, 258, 259, 262, 274
SAMPLES, INK_SET, EXTRA_SAMPLES, SAMPLE_FORMAT = 277, 332, 338, 339
STRIP_OFFSETS, TILE_WIDTH, TILE_OFFSETS, TILE_BYTES, JPEG_TABLES = 273, 322, 324, 325, 347
NDPI = 65420  # its pages are strips that OpenSlide reads as tiles

JPEG, UNSIGNED, UNDEFINED, CMYK = 7, 1, 4, 1
GREY, RGB, PALETTE, SEPARATED, YCBCR = (0, 1), 2, 3, 5, 6
#: bits per sample that OpenSlide shows rightly
DEPTHS = {0: (8, 16), 1: (8, 16), RGB: (8, 16), PALETTE: (8,), SEPARATED: (8,), YCBCR: (8,)}
COLOUR_SPACES = {SEPARATED: "not CMYK", 4: "mask", 8: "CIELab", 9: "ICCLab", 10: "ITULab"}
FORMATS = {2: "signed", 3: "floating point", 5: "complex", 6: "complex"}
TURNED = {
    2: "mirrored",
    3: "turned by 180 degrees",
    4: "mirrored upside down",
    5: "mirrored and turned",
    6: "to be turned by 90 degrees",
    7: "mirrored and turned",
    8: "to be turned by 270 degrees",
}
COLOURS, MOST_SAMPLES = 3, 4  # red, green, blue, and alpha; or the four of CMYK
FIRST_TILES = 256  # among these one is sought that is not empty
MOST_HEADER_BYTES = 1 << 16
TURN = (
    'turn the pixels: vips autorot slide.tif "turned.tif[tile,pyramid,compression=jpeg,Q=90]"; '
    "where the slide is shown rightly without the tag: tiffset -s 274 1 slide.tif"
)


@dataclass(frozen=True)
class TiffProperties:
    """What has to be held against the pixels once these are read.

    `contradiction` says how the tag and the JPEG data differ about the colour space, None where
    they do not; with `has_alpha` a picture that is transparent everywhere was not left unscanned;
    with `has_16_bits` the upper 8 of these are shown.
    """

    has_alpha: bool = False
    has_16_bits: bool = False
    contradiction: str | None = None


def check(path: PathLike, file: FileFacts, *, dark: bool) -> TiffProperties:
    """Refuse a TIFF whose levels OpenSlide would not show as they are meant.

    Other formats, and pages that cannot be read, are left to OpenSlide.

    Parameters
    ----------
    file : what OpenSlide says of the slide
    dark : whether one grey channel may be all there is (fluorescence)

    Raises
    ------
    SlideError : orientation, sample format or colour space, or one grey channel.
    """
    has_alpha, has_16_bits, contradiction = False, False, None
    with contextlib.suppress(Unsupported), Source(path) as source:
        pages = _levels(_readable_pages(source), file)
        for page in pages:
            with contextlib.suppress(Unsupported, jpeg_stream.BadStream):
                _check_orientation(page)
                _check_samples(page)
                _check_colour(page, pages, dark=dark)
                has_alpha |= len(page.numbers(EXTRA_SAMPLES)) > 0
                has_16_bits |= 16 in page.numbers(BITS)
                contradiction = contradiction or _contradiction(source, page)
    return TiffProperties(has_alpha, has_16_bits, contradiction)


def is_in_strips(path: PathLike) -> bool:
    """Whether a file is an undamaged TIFF in strips, which OpenSlide does not take for a slide."""
    try:
        with Source(path) as source:
            pages = list(directories(source))
            has_tiles = any(TILE_WIDTH in page or NDPI in page for page in pages)
            return not has_tiles and any(STRIP_OFFSETS in page for page in pages)
    except Unsupported:
        return False


def _readable_pages(source: Source) -> list[Directory]:
    """The pages up to the first that is damaged."""
    pages: list[Directory] = []
    with contextlib.suppress(Unsupported):
        for page in directories(source):
            pages.append(page)
    return pages


def _levels(pages: Sequence[Directory], file: FileFacts) -> list[Directory]:
    """The tiled pages that are as large as a level; all of them where levels are put together."""
    tiled = [page for page in pages if TILE_WIDTH in page]
    sizes = [(level.width_px, level.height_px) for level in file.levels]
    return [page for page in tiled if _size(page) in sizes] or tiled


def _size(page: Directory) -> tuple[int, int]:
    try:
        return page.number(WIDTH, 0), page.number(HEIGHT, 0)
    except Unsupported:
        return 0, 0


def _check_orientation(page: Directory) -> None:
    orientation = page.number(ORIENTATION, 1)
    if orientation in TURNED:  # other values mean nothing
        message = f"the tag Orientation is {orientation}: the picture is {TURNED[orientation]}"
        raise SlideError("unsupported_orientation", message, TURN)


def _check_samples(page: Directory) -> None:
    for number in page.numbers(SAMPLE_FORMAT).tolist():
        if number not in (UNSIGNED, UNDEFINED):
            depth = max(page.numbers(BITS).tolist(), default=1)
            kind = FORMATS.get(number, f"format {number}")
            raise SlideError("unsupported_samples", f"{depth}-bit {kind} samples")
    depths = sorted(set(page.numbers(BITS).tolist() or [1]))
    allowed = DEPTHS.get(page.number(PHOTOMETRIC, RGB), (8, 16))
    if len(depths) > 1 or depths[0] not in allowed:
        raise SlideError("unsupported_samples", f"{'-, '.join(map(str, depths))}-bit samples")
    samples = page.number(SAMPLES, 1)
    if samples > MOST_SAMPLES:
        raise SlideError("unsupported_samples", f"{samples} samples per pixel")


def _check_colour(page: Directory, levels: Sequence[Directory], *, dark: bool) -> None:
    photometric, samples = page.number(PHOTOMETRIC, RGB), page.number(SAMPLES, 1)
    if photometric in GREY and samples > 2:
        message = f"{samples} samples per pixel that the photometric tag calls grey"
        remedy = "where they are red, green and blue, set the tag: tiffset -s 262 2 slide.tif"
        raise SlideError("unsupported_colour", message, remedy)
    if photometric in GREY and not dark:
        same = sum(_size(other) == _size(page) for other in levels)
        message = f"{same} pages of one grey channel each" if same > 1 else "one grey channel"
        raise SlideError("unsupported_colour", f"not colour: {message}")
    wrong_ink = page.number(INK_SET, CMYK) != CMYK or samples != MOST_SAMPLES
    if photometric not in DEPTHS or (photometric == SEPARATED and wrong_ink):
        name = COLOUR_SPACES.get(photometric, "not supported")
        raise SlideError("unsupported_colour", f"colour space {photometric} ({name})")
    if photometric in (RGB, YCBCR) and samples - len(page.numbers(EXTRA_SAMPLES)) < COLOURS:
        message = f"{samples} samples per pixel, too few for red, green and blue"
        raise SlideError("unsupported_colour", message)


def _contradiction(source: Source, page: Directory) -> str | None:
    """How the photometric tag and the JPEG data differ about the colour space."""
    photometric = page.number(PHOTOMETRIC, RGB)
    if page.number(COMPRESSION, 1) != JPEG or photometric not in (RGB, YCBCR):
        return None
    offsets, lengths = (page.numbers(tag, FIRST_TILES) for tag in (TILE_OFFSETS, TILE_BYTES))
    filled = np.flatnonzero(lengths[: len(offsets)])
    if not len(filled):
        return None
    offset, length = int(offsets[filled[0]]), int(lengths[filled[0]])
    stream = source.at(offset, min(length, MOST_HEADER_BYTES))
    ycbcr = jpeg_stream.stated_ycbcr(page.numbers(JPEG_TABLES).tobytes(), stream)
    if ycbcr is None or ycbcr == (photometric == YCBCR):
        return None
    tag, data = ("RGB", "YCbCr") if ycbcr else ("YCbCr", "RGB")
    return f"the photometric tag says {tag}, the JPEG data say {data}"
