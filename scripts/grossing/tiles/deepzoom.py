"""DeepZoom pyramids of sparse tiles, written tile by tile in Z-order into one container.

Only the open canvases of one path from the leaf to the root are held, so memory does not grow with
the slide.
"""

import contextlib
import io
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

import cv2
import numpy as np
import numpy.typing as npt

from grossing.support import files

WRITTEN_AT_ONCE = 1 << 18  # bytes
_EPOCH = (1980, 1, 1, 0, 0, 0)
_DZI = """<?xml version="1.0" encoding="UTF-8"?>
<Image xmlns="http://schemas.microsoft.com/deepzoom/2008"
  Format="{suffix}"
  Overlap="0"
  TileSize="{tile_px}"
  >
  <Size 
    Height="{height}"
    Width="{width}"
  />
</Image>
"""  # noqa: W291 (as libvips writes it, byte for byte)

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Member:
    """Where a written tile is stored: `offset` is None outside a zip."""

    path: str
    offset: int | None
    bytes: int


class Container(Protocol):
    """What tiles are written to; nothing exists under the final name before `finish`."""

    path: Path

    def add(self, name: str, data: bytes) -> Member: ...
    def finish(self) -> None: ...
    def discard(self) -> None: ...


class ZipContainer:
    """A stored (uncompressed) zip without dates: equal tiles give equal bytes.

    `ZipFile` alone writes each header twice, with two jumps in the file: twice the CPU time.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._temporary = files.temporary_for(self.path)
        self._file = io.BufferedWriter(io.FileIO(self._temporary, "w"), WRITTEN_AT_ONCE)
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_STORED)

    def add(self, name: str, data: bytes) -> Member:
        info = zipfile.ZipInfo(name, _EPOCH)
        info.external_attr = 0o644 << 16
        info.CRC, info.file_size = zlib.crc32(data), len(data)
        info.compress_size, info.header_offset = len(data), self._zip.start_dir
        header = info.FileHeader(zip64=False)
        self._file.write(header)
        self._file.write(data)
        self._zip.filelist.append(info)
        self._zip.start_dir += len(header) + len(data)
        return Member(name, info.header_offset + len(header), len(data))

    def finish(self) -> None:
        self._zip.close()
        self._file.close()
        os.replace(self._temporary, self.path)

    def discard(self) -> None:
        for each in (self._zip, self._file):
            with contextlib.suppress(OSError):  # on a full disk what is left cannot be written
                each.close()
        files.remove(self._temporary)


class DirectoryContainer:
    """The same members as plain files below one directory."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._temporary = files.temporary_for(self.path)
        self._temporary.mkdir(parents=True)

    def add(self, name: str, data: bytes) -> Member:
        target = self._temporary / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return Member(name, None, len(data))

    def finish(self) -> None:
        files.remove(self.path)
        os.replace(self._temporary, self.path)

    def discard(self) -> None:
        files.remove(self._temporary)


def container_at(path: str | os.PathLike[str], kind: str) -> Container:
    """A new container: `kind` is zip or directory."""
    return ZipContainer(path) if kind == "zip" else DirectoryContainer(path)


def read_size(path: str | os.PathLike[str], name: str) -> tuple[int, int]:
    """Width and height in px that the `.dzi` of a finished container states."""
    if os.path.isdir(path):
        text = Path(path, f"{name}.dzi").read_text(encoding="utf-8")
    else:
        with zipfile.ZipFile(path) as container:
            text = container.read(f"{name}.dzi").decode()
    sides = dict(re.findall(r'(Height|Width)="([0-9]+)"', text))
    return int(sides["Width"]), int(sides["Height"])


def z_order(column: int, row: int) -> int:
    """Position of a tile on the Z-order curve: the children of a pyramid tile are adjacent."""
    code = 0
    for bit in range(max(column, row).bit_length()):
        code |= (column >> bit & 1) << 2 * bit | (row >> bit & 1) << 2 * bit + 1
    return code


class Pyramid:
    """Full-resolution tiles in, all DeepZoom levels out.

    Parameters
    ----------
    container : where the members go
    name : of the picture (`{name}.dzi`, `{name}_files/`)
    width, height : of the picture, px
    tile_px : side of a tile, even
    suffix : of the members, `jpeg` or `png`
    glass : (3,) colour where there is no tile; () for pictures of one channel
    encode : picture to bytes
    """

    def __init__(
        self,
        container: Container,
        *,
        name: str,
        width: int,
        height: int,
        tile_px: int,
        suffix: str,
        glass: npt.NDArray[np.uint8],
        encode: Callable[[Pixels], bytes],
    ) -> None:
        self._container, self._name, self._suffix = container, name, suffix
        self._tile_px, self._encode = tile_px, encode
        self._blank = np.empty((tile_px, tile_px, *glass.shape), np.uint8)
        self._blank[:] = glass
        self._sizes = list(_level_sizes(width, height))
        self.top_level = len(self._sizes) - 1
        self._open: dict[int, tuple[int, int, Pixels]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        if failure is not None:
            self._container.discard()
            return
        try:
            self._finish()
        except BaseException:
            self._container.discard()
            raise

    def member_name(self, level: int, column: int, row: int) -> str:
        return f"{self._name}_files/{level}/{column}_{row}.{self._suffix}"

    def add(self, column: int, row: int, data: bytes, half: Pixels) -> Member:
        """A tile of the full resolution in Z-order: its encoded bytes, its half-size picture."""
        member = self._container.add(self.member_name(self.top_level, column, row), data)
        self._place(self.top_level - 1, column, row, half)
        return member

    def _place(self, level: int, column: int, row: int, half: Pixels) -> None:
        """Put a child's half-size picture into its parent; closes the parent before it."""
        if level < 0:
            return
        at = (column // 2, row // 2)
        if level in self._open and self._open[level][:2] != at:
            self._close(level)
        if level not in self._open:
            self._open[level] = (*at, self._blank.copy())
        side = self._tile_px // 2
        x, y = column % 2 * side, row % 2 * side
        self._open[level][2][y : y + side, x : x + side] = half

    def _close(self, level: int) -> None:
        column, row, canvas = self._open.pop(level)
        width, height = self._sizes[level]
        w = min(self._tile_px, width - column * self._tile_px)
        h = min(self._tile_px, height - row * self._tile_px)
        picture = np.ascontiguousarray(canvas[:h, :w])
        self._container.add(self.member_name(level, column, row), self._encode(picture))
        self._place(level - 1, column, row, half_size(canvas))

    def _finish(self) -> None:
        for level in range(self.top_level - 1, -1, -1):
            if level in self._open:
                self._close(level)
        width, height = self._sizes[-1]
        text = _DZI.format(suffix=self._suffix, tile_px=self._tile_px, height=height, width=width)
        self._container.add(f"{self._name}.dzi", text.encode())
        self._container.finish()


def half_size(picture: Pixels) -> Pixels:
    """Mean of 2x2 pixels; (H, W, 3) or (H, W) uint8 with even sides."""
    side = (picture.shape[1] // 2, picture.shape[0] // 2)
    return np.asarray(cv2.resize(picture, side, interpolation=cv2.INTER_AREA), np.uint8)


def _level_sizes(width: int, height: int) -> Iterator[tuple[int, int]]:
    """Sizes of all levels, 1x1 first, as libvips counts them (halved and rounded up)."""
    levels = max(width - 1, height - 1).bit_length()
    for level in range(levels + 1):
        shift = levels - level
        yield -(-width >> shift), -(-height >> shift)
