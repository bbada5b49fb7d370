"""Frames of DICOM whole-slide images in JPEG, decoded straight from the file of their level.

A level is one file: frames in reading order (TILED_FULL) or with a position each (TILED_SPARSE),
whose places in the file are in a table of offsets or found by going from fragment to fragment.
DICOM PS3.3, C.7.6.17; PS3.5, A.4.
"""

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom import encaps
from pydicom.dataset import Dataset
from pydicom.uid import JPEGBaseline8Bit

from grossing.slide import companions, jpeg_stream, jpeg_tiles
from grossing.slide.jpeg_tiles import JpegTiles, Layout
from grossing.slide.record import FileFacts
from grossing.slide.tiff_directory import Numbers, Source
from grossing.support.errors import Unsupported
from grossing.support.types import PathLike

YCBCR = {"YBR_FULL_422": True, "RGB": False}
#: with which a file is told to be a level, and which
LEVEL_TAGS = ["ImageType", "TotalPixelMatrixColumns", "TotalPixelMatrixRows"]
FRAME_TAGS = [
    *LEVEL_TAGS,
    "Rows",
    "Columns",
    "NumberOfFrames",
    "PhotometricInterpretation",
    "DimensionOrganizationType",
    "ConcatenationFrameOffsetNumber",
    "PerFrameFunctionalGroupsSequence",
    "ExtendedOffsetTable",
]
FULL, SPARSE = "TILED_FULL", "TILED_SPARSE"
MOST_TILES = 1 << 22
ELEMENT_BYTES, ITEM_BYTES = 12, 8  # of the heads of pixel data and of an item
PIXEL_DATA = b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff"
ITEM = b"\xfe\xff\0\xe0"


def open_level(
    path: PathLike, file: FileFacts, level: int, glass: npt.ArrayLike, scale: int
) -> JpegTiles:
    """The reader of one level, as OpenSlide counts them (`readers.OpenLevel`).

    Raises
    ------
    Unsupported : several files of the level (concatenations), frames that are not JPEG, or a
        damaged header or table.
    """
    extent = file.levels[level]
    with jpeg_tiles.opened(_file_of(path, (extent.width_px, extent.height_px))) as source:
        return JpegTiles(source, _layout(source), glass, scale=scale)


def _file_of(path: PathLike, size: tuple[int, int]) -> str:
    """The file of the level of this size (width, height)."""
    found: list[str] = []
    for name in companions.find(path).files:
        with Source(name) as source:
            data = _header(source, LEVEL_TAGS)
        kinds = data.get("ImageType") or []
        stated = data.get("TotalPixelMatrixColumns"), data.get("TotalPixelMatrixRows")
        if "VOLUME" in kinds and stated == size:
            found.append(name)
    if len(found) != 1:
        raise Unsupported(f"{len(found)} files of a level of {size[0]}x{size[1]} px")
    return found[0]


def _header(source: Source, tags: Sequence[str]) -> Dataset:
    """Some elements before the pixel data, at which the source is left."""
    source.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = pydicom.dcmread(source, stop_before_pixels=True, specific_tags=list(tags))
            for name in tags:
                data.get(name)
            return data
    except Exception as error:  # whatever a damaged element leads to in pydicom
        raise Unsupported(f"damaged DICOM header: {type(error).__name__}") from error


def _layout(source: Source) -> Layout:
    data = _header(source, FRAME_TAGS)
    start = source.tell()
    try:
        return _stated_layout(source, data, start)
    except Unsupported:
        raise
    except Exception as error:  # as in `_header`: nested elements are decoded when asked for
        raise Unsupported(f"DICOM header: {type(error).__name__}") from error


def _stated_layout(source: Source, data: Dataset, start: int) -> Layout:
    if data.file_meta.TransferSyntaxUID != JPEGBaseline8Bit:
        raise Unsupported(f"transfer syntax {data.file_meta.TransferSyntaxUID}")
    if data.PhotometricInterpretation not in YCBCR:
        raise Unsupported(f"colour {data.PhotometricInterpretation}")
    if data.get("ConcatenationFrameOffsetNumber"):
        raise Unsupported("a part of a concatenation")
    width, height = int(data.TotalPixelMatrixColumns), int(data.TotalPixelMatrixRows)
    wide, high = int(data.Columns), int(data.Rows)
    across, down = -(-width // wide), -(-height // high)
    places, sizes = _frames(source, data, start)
    if len(places) != int(data.NumberOfFrames) or across * down > MOST_TILES:
        raise Unsupported(f"{len(places)} frames of {across}x{down} tiles")
    tiles = _tile_of_frames(data, across, down)
    offsets, byte_counts = (np.zeros(across * down, np.uint64) for _ in range(2))
    offsets[tiles], byte_counts[tiles] = places, sizes
    head = jpeg_stream.head(b"", ycbcr=YCBCR[data.PhotometricInterpretation])
    stream = jpeg_stream.Completion(head, wide, high)
    return Layout(
        width=width,
        height=height,
        tile_width=wide,
        tile_height=high,
        offsets=offsets,
        byte_counts=byte_counts,
        completed=lambda item: stream.completed(_value(item)),
    )


def _value(item: bytes) -> bytes:
    """The value of an item that is the only fragment of its frame."""
    if item[:4] != ITEM or int.from_bytes(item[4:ITEM_BYTES], "little") != len(item) - ITEM_BYTES:
        raise jpeg_stream.BadStream("not one fragment of the size in the table of offsets")
    return item[ITEM_BYTES:]


def _tile_of_frames(data: Dataset, across: int, down: int) -> npt.NDArray[np.intp]:
    """The tile that each frame is, counted row by row."""
    frames, kind = int(data.NumberOfFrames), data.get("DimensionOrganizationType")
    if kind not in (FULL, SPARSE):
        raise Unsupported(f"frames organised as {kind}")
    if kind == FULL and frames != across * down:  # OpenSlide reads no gap in them
        raise Unsupported(f"{frames} frames of {across * down} tiles")
    groups = data.get("PerFrameFunctionalGroupsSequence") or []
    if kind == FULL and not any("PlanePositionSlideSequence" in group for group in groups):
        return np.arange(frames)
    positions = [group.PlanePositionSlideSequence[0] for group in groups]
    names = "ColumnPositionInTotalImagePixelMatrix", "RowPositionInTotalImagePixelMatrix"
    first = np.array([[position[name].value for name in names] for position in positions]) - 1
    places, rests = np.divmod(first, (int(data.Columns), int(data.Rows)))
    tiles = np.asarray(places[:, 1] * across + places[:, 0], np.intp)
    outside = (places < 0).any() or (places >= (across, down)).any()
    if rests.any() or outside or len(np.unique(tiles)) != len(tiles) or len(tiles) != frames:
        raise Unsupported("frames that are not one on each of some tiles")
    return tiles


def _frames(source: Source, data: Dataset, start: int) -> tuple[Numbers, Numbers]:
    """Offsets and sizes of the items of the frames, each with its head."""
    if source.at(start, ELEMENT_BYTES) != PIXEL_DATA:
        raise Unsupported("pixel data that are not encapsulated")
    source.seek(start + ELEMENT_BYTES)
    table = np.array(encaps.parse_basic_offsets(source), np.uint64)
    first = source.tell()
    if data.get("ExtendedOffsetTable"):
        table = np.frombuffer(data.ExtendedOffsetTable, "<u8")
    if not len(table):
        table = np.array(encaps.parse_fragments(source)[1], np.uint64) - np.uint64(first)
    if len(table) == 0 or table[0] or (np.diff(table.astype(np.int64)) <= ITEM_BYTES).any():
        raise Unsupported("an impossible table of offsets")
    last = first + int(table[-1])
    length = int.from_bytes(source.at(last + 4, 4), "little") + ITEM_BYTES
    return table + np.uint64(first), np.diff(table, append=table[-1] + np.uint64(length))
