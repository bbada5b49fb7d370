"""Tiled TIFFs whose tags state something unusual, and copies with other tags."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image
from svs import JpegCodec, TiffWriter

TILE_PX = 256
MPP = 0.5


def write(path: Path, pages: Sequence[np.ndarray], mpp: float = MPP, **options: Any) -> Path:
    """An uncompressed pyramid (further pages are levels), unless options say otherwise."""
    with tifffile.TiffWriter(path) as writer:
        for number, page in enumerate(pages):
            arguments = {
                "tile": (TILE_PX, TILE_PX),
                "photometric": "rgb",
                "metadata": None,
                "subfiletype": 1 if number else 0,
                "resolution": (1e4 / mpp / 2**number,) * 2,
                "resolutionunit": "CENTIMETER",
            }
            writer.write(page, **{**arguments, **options})
    return path


def write_jpeg(
    path: Path, rgb: np.ndarray, photometric: str, *, markers: bool = True, keep_rgb: bool = False
) -> Path:
    """An Aperio slide of JPEG tiles as Pillow writes them: YCbCr with JFIF, or RGB with Adobe.

    Parameters
    ----------
    photometric : what the tag says ("rgb" or "ycbcr"), whatever the data are
    markers : keep the markers by which the data state their colour space
    keep_rgb : data without a colour transform
    """
    codec = JpegCodec(90, "444", photometric)
    codec.tables = b"\xff\xd8\xff\xd9"  # none: each stream is complete
    height, width = rgb.shape[:2]
    description = f"Aperio Image Library v12 \r\n{width}x{height} JPEG|AppMag = 20|MPP = {MPP}"
    tiles = _jpeg_tiles(rgb, markers, keep_rgb)
    with TiffWriter(path) as writer:
        writer.tiled(tiles, (width, height), TILE_PX, description, codec)
    return path


def _jpeg_tiles(rgb: np.ndarray, markers: bool, keep_rgb: bool) -> Iterator[bytes]:
    for top in range(0, rgb.shape[0], TILE_PX):
        for left in range(0, rgb.shape[1], TILE_PX):
            tile = rgb[top : top + TILE_PX, left : left + TILE_PX]
            rim = ((0, TILE_PX - tile.shape[0]), (0, TILE_PX - tile.shape[1]), (0, 0))
            stream = io.BytesIO()
            picture = Image.fromarray(np.pad(tile, rim, mode="edge"))
            picture.save(stream, "JPEG", quality=90, subsampling=0, keep_rgb=keep_rgb)
            data = stream.getvalue()
            yield data if markers else _without_markers(data)


def _without_markers(data: bytes) -> bytes:
    """Without JFIF and Adobe markers, components named 1, 2, 3."""
    out, at = bytearray(data[:2]), 2
    while True:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        segment = bytearray(data[at : at + 2 + length])
        if marker == 0xC0:
            segment[10:19:3] = b"\1\2\3"
        if marker == 0xDA:
            segment[5:11:2] = b"\1\2\3"
        if marker not in (0xE0, 0xEE):
            out += segment
        at += 2 + length
        if marker == 0xDA:
            return bytes(out + data[at:])


def opened(path: Path) -> tifffile.TiffFile:
    """A TIFF whose tags can be overwritten."""
    return tifffile.TiffFile(path, mode="r+")


def with_tag(path: Path, tag: int, value: int, page: int = 0) -> Path:
    """The same file with another value of a tag that it has."""
    with opened(path) as tiff:
        tiff.pages[page].tags[tag].overwrite(value)
    return path


def without_tiles(path: Path) -> Path:
    """The same file with a first page whose tiles all have offset and length 0."""
    with opened(path) as tiff:
        for tag in (324, 325):
            tiff.pages[0].tags[tag].overwrite([0] * len(tiff.pages[0].dataoffsets))
    return path
