"""Make a DICOM whole-slide series of one file per level, from nothing but bytes.

Explicit VR, little endian, JPEG frames in reading order (TILED_FULL), encapsulated.
"""

import io
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

ROOT = "1.2.826.0.1.3680043.10.1557"
WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
TILE_PX = 256
_LONG_HEAD = ("OB", "OW", "SQ", "UN", "UT")
_NUMBERS = {"US": "H", "UL": "I", "FD": "d", "FL": "f"}

#: tag -> (VR, value); the value of a sequence is a list of such mappings
Dataset = Mapping[int, tuple[str, Any]]


def make_dicom(
    folder: Path, rgb: np.ndarray, mpp: float, *, levels: int = 2, extra: Dataset | None = None
) -> Path:
    """Write a series; returns the file of level 0.

    Parameters
    ----------
    rgb : (H, W, 3) uint8, level 0
    mpp : um per pixel of level 0
    levels : each half the side of the one before
    extra : further elements of every file
    """
    folder.mkdir(parents=True, exist_ok=True)
    for level in range(levels):
        size = (rgb.shape[1] >> level, rgb.shape[0] >> level)
        picture = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
        data = _level(picture, mpp * rgb.shape[1] / size[0], level, extra or {})
        (folder / f"{level}.dcm").write_bytes(data)
    return folder / "0.dcm"


def _level(picture: np.ndarray, mpp: float, level: int, extra: Dataset) -> bytes:
    instance = f"{ROOT}.4.{level + 1}"
    meta = _encoded(
        {
            0x00020001: ("OB", b"\0\1"),
            0x00020002: ("UI", WHOLE_SLIDE),
            0x00020003: ("UI", instance),
            0x00020010: ("UI", JPEG_BASELINE),
            0x00020012: ("UI", f"{ROOT}.1"),
        }
    )
    size = _encoded({0x00020000: ("UL", len(meta))})
    frames = _frames(picture)
    data = _elements(picture, mpp, level, instance, len(frames)) | dict(extra)
    return bytes(128) + b"DICM" + size + meta + _encoded(data) + _pixel_data(frames)


def _elements(
    picture: np.ndarray, mpp: float, level: int, instance: str, frames: int
) -> dict[int, tuple[str, Any]]:
    height, width = picture.shape[:2]
    kind = f"DERIVED\\PRIMARY\\VOLUME\\{'RESAMPLED' if level else 'NONE'}"
    measures = {0x00180050: ("DS", "0.001"), 0x00280030: ("DS", f"{mpp / 1e3:g}\\{mpp / 1e3:g}")}
    shared = {
        0x00289110: ("SQ", [measures]),
        0x00400710: ("SQ", [{0x00089007: ("CS", kind)}]),
    }
    light = {
        0x00080100: ("SH", "111744"),
        0x00080102: ("SH", "DCM"),
        0x00080104: ("LO", "Brightfield illumination"),
    }
    return {
        0x00080008: ("CS", kind),
        0x00080016: ("UI", WHOLE_SLIDE),
        0x00080018: ("UI", instance),
        0x00080060: ("CS", "SM"),
        0x0020000D: ("UI", f"{ROOT}.2"),
        0x0020000E: ("UI", f"{ROOT}.3"),
        0x00200013: ("IS", str(level + 1)),
        0x00200052: ("UI", f"{ROOT}.5"),
        0x00209311: ("CS", "TILED_FULL"),
        0x00280002: ("US", 3),
        0x00280004: ("CS", "YBR_FULL_422"),
        0x00280006: ("US", 0),
        0x00280008: ("IS", str(frames)),
        0x00280010: ("US", TILE_PX),
        0x00280011: ("US", TILE_PX),
        0x00280100: ("US", 8),
        0x00280101: ("US", 8),
        0x00280102: ("US", 7),
        0x00280103: ("US", 0),
        0x00480001: ("FL", width * mpp / 1e3),
        0x00480002: ("FL", height * mpp / 1e3),
        0x00480003: ("FL", 0.001),
        0x00480006: ("UL", width),
        0x00480007: ("UL", height),
        0x00480105: ("SQ", [{0x00220016: ("SQ", [light]), 0x00480106: ("SH", "1")}]),
        0x00480302: ("UL", 1),
        0x00480303: ("UL", 1),
        0x52009229: ("SQ", [shared]),
    }


def _frames(picture: np.ndarray) -> list[bytes]:
    below, right = (-side % TILE_PX for side in picture.shape[:2])
    whole = np.pad(picture, ((0, below), (0, right), (0, 0)), mode="edge")
    frames = []
    for y in range(0, whole.shape[0], TILE_PX):
        for x in range(0, whole.shape[1], TILE_PX):
            stream = io.BytesIO()
            tile = Image.fromarray(whole[y : y + TILE_PX, x : x + TILE_PX])
            tile.save(stream, "JPEG", quality=85, subsampling=1)
            frames.append(stream.getvalue() + b"\0" * (stream.tell() % 2))
    return frames


def _pixel_data(frames: list[bytes]) -> bytes:
    """An encapsulated element of undefined length: a table of offsets, then one item per frame."""
    starts, position = [], 0
    for frame in frames:
        starts.append(position)
        position += 8 + len(frame)
    table = struct.pack(f"<{len(starts)}I", *starts)
    items = b"".join(_item(part) for part in (table, *frames))
    head = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFF)
    return head + items + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


def _item(data: bytes) -> bytes:
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(data)) + data


def _encoded(data: Dataset) -> bytes:
    parts = []
    for tag in sorted(data):
        kind, value = data[tag]
        raw = _raw(kind, value)
        head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, kind.encode())
        long_head = kind in _LONG_HEAD
        parts.append(head + struct.pack("<HI" if long_head else "<H", *_length(long_head, raw)))
        parts.append(raw)
    return b"".join(parts)


def _length(long_head: bool, raw: bytes) -> tuple[int, ...]:
    return (0, len(raw)) if long_head else (len(raw),)


def _raw(kind: str, value: Any) -> bytes:
    """A value of even length."""
    if kind == "SQ":
        return b"".join(_item(_encoded(item)) for item in value)
    if kind in _NUMBERS:
        return struct.pack("<" + _NUMBERS[kind], value)
    raw = value if isinstance(value, bytes) else value.encode("ascii")
    return bytes(raw + (b"\0" if kind in ("UI", "OB") else b" ") * (len(raw) % 2))
