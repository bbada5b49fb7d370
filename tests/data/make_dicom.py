"""Small DICOM slides, written byte by byte: a level of JPEG frames per file, in any encoding.

A folder `dicom_series(folder, ["IM1", "IM2"])` is a slide that OpenSlide reads.
"""

import io
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
TILE_PX = 256
UNDEFINED = 0xFFFFFFFF
_LONG = ("OB", "SQ")


def element(tag: int, vr: str, value: str | int | bytes, *, implicit: bool = False) -> bytes:
    """One data element of a defined length."""
    if isinstance(value, int):
        value = struct.pack({"US": "<H", "UL": "<I"}[vr], value)
    elif isinstance(value, str):
        value = value.encode()
        value += (b"\0" if vr == "UI" else b" ") * (len(value) % 2)
    return _start(tag, vr, len(value), implicit) + value


def sequence(tag: int, *items: bytes, defined: bool = False, implicit: bool = False) -> bytes:
    """A sequence whose own length and those of its items are defined, or are not."""
    if defined:
        body = b"".join(_delimiter(0xE000, len(item)) + item for item in items)
        return _start(tag, "SQ", len(body), implicit) + body
    ended = (_delimiter(0xE000, UNDEFINED) + item + _delimiter(0xE00D, 0) for item in items)
    return _start(tag, "SQ", UNDEFINED, implicit) + b"".join(ended) + _delimiter(0xE0DD, 0)


def header(syntax: str, data: bytes, instance: str = "1.2.3") -> bytes:
    """A DICOM file of some data elements."""
    meta = (
        element(0x00020001, "OB", b"\0\1")
        + element(0x00020002, "UI", WHOLE_SLIDE)
        + element(0x00020003, "UI", instance)
        + element(0x00020010, "UI", syntax)
    )
    return b"\0" * 128 + b"DICM" + element(0x00020000, "UL", len(meta)) + meta + data


def dicom_series(
    folder: Path,
    names: Sequence[str],
    rgb: np.ndarray | None = None,
    *,
    series: str = "1.2.826.1",
    mpp: float = 0.5,
) -> list[Path]:
    """A slide with a level per file, each half as large as the one before.

    Parameters
    ----------
    rgb : (H, W, 3) uint8, level 0; a plain picture of 1024 x 1024 px by default
    """
    level = np.full((1024, 1024, 3), (200, 120, 180), np.uint8) if rgb is None else rgb
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, name in enumerate(names):
        instance = f"{series}.{number + 1}"
        data = _level(level, instance, series, mpp * 2**number, original=number == 0)
        (folder / name).write_bytes(header(JPEG_BASELINE, data, instance))
        paths.append(folder / name)
        level = level[::2, ::2]
    return paths


def _level(rgb: np.ndarray, instance: str, series: str, mpp: float, *, original: bool) -> bytes:
    height, width = rgb.shape[:2]
    frames = [
        _jpeg(rgb[y : y + TILE_PX, x : x + TILE_PX])
        for y in range(0, height, TILE_PX)
        for x in range(0, width, TILE_PX)
    ]
    other = element(0x0020000E, "UI", "9.9.9")  # of another series, inside a sequence
    spacing = element(0x00280030, "DS", f"{mpp / 1e3}\\{mpp / 1e3}")
    kind = "NONE" if original else "RESAMPLED"
    return b"".join(
        (
            element(0x00080008, "CS", f"DERIVED\\PRIMARY\\VOLUME\\{kind}"),
            element(0x00080016, "UI", WHOLE_SLIDE),
            element(0x00080018, "UI", instance),
            sequence(0x00081115, other),
            element(0x0020000D, "UI", "1.2.826"),
            element(0x0020000E, "UI", series),
            element(0x00209311, "CS", "TILED_FULL"),
            element(0x00280002, "US", 3),
            element(0x00280004, "CS", "YBR_FULL_422"),
            element(0x00280006, "US", 0),
            element(0x00280008, "IS", str(len(frames))),
            element(0x00280010, "US", TILE_PX),
            element(0x00280011, "US", TILE_PX),
            element(0x00280100, "US", 8),
            element(0x00280101, "US", 8),
            element(0x00280102, "US", 7),
            element(0x00280103, "US", 0),
            element(0x00480006, "UL", width),
            element(0x00480007, "UL", height),
            sequence(0x52009229, sequence(0x00289110, spacing)),
            _start(0x7FE00010, "OB", UNDEFINED, implicit=False),
            _delimiter(0xE000, 0),
            *(_delimiter(0xE000, len(frame)) + frame for frame in frames),
            _delimiter(0xE0DD, 0),
        )
    )


def _start(tag: int, vr: str, length: int, implicit: bool) -> bytes:
    number = struct.pack("<HH", tag >> 16, tag & 0xFFFF)
    if implicit:
        return number + struct.pack("<I", length)
    if vr in _LONG:
        return number + vr.encode() + struct.pack("<HI", 0, length)
    return number + vr.encode() + struct.pack("<H", length)


def _delimiter(number: int, length: int) -> bytes:
    return struct.pack("<HHI", 0xFFFE, number, length)


def _jpeg(tile: np.ndarray) -> bytes:
    fill = ((0, TILE_PX - tile.shape[0]), (0, TILE_PX - tile.shape[1]), (0, 0))
    buffer = io.BytesIO()
    picture = Image.fromarray(np.pad(tile, fill, mode="edge"))
    picture.save(buffer, "JPEG", quality=90, subsampling=1)
    data = buffer.getvalue()
    return data + b"\0" * (len(data) % 2)
