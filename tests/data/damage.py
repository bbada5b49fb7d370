"""Damaged copies of a TIFF slide, each broken in exactly one way."""

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

import tifffile
from svs import (
    IMAGE_LENGTH,
    IMAGE_WIDTH,
    LONG,
    TILE_BYTE_COUNTS,
    TILE_OFFSETS,
    TYPE_CODE,
    Entry,
    first_directory,
)

TILE_WIDTH = 322


def truncate(src: Path, dst: Path, keep_fraction: float) -> None:
    """Keep only the first part of the file, as a broken copy does."""
    data = Path(src).read_bytes()
    Path(dst).write_bytes(data[: int(len(data) * keep_fraction)])


def destroy_tiles(
    src: Path, dst: Path, tiles: int | Iterable[tuple[int, int]]
) -> list[tuple[int, int]]:
    """Overwrite the JPEG data of level-0 tiles; the index stays right.

    Parameters
    ----------
    src, dst : the slide and its damaged copy
    tiles : (column, row) of each tile, or how many: then the largest ones, which show tissue

    Returns
    -------
    (column, row) of each destroyed tile, in reading order
    """
    data = bytearray(Path(src).read_bytes())
    entries = first_directory(data)
    offsets, sizes = (entries[tag].values(data) for tag in (TILE_OFFSETS, TILE_BYTE_COUNTS))
    (width,), (tile_px,) = (entries[tag].values(data) for tag in (IMAGE_WIDTH, TILE_WIDTH))
    columns = -(-width // tile_px)
    if isinstance(tiles, int):
        by_size = sorted(range(len(sizes)), key=lambda index: -sizes[index])
        chosen = sorted(by_size[:tiles])
    else:
        chosen = sorted(row * columns + column for column, row in tiles)
    for index in chosen:
        data[offsets[index] : offsets[index] + sizes[index]] = b"\x5a" * sizes[index]
    Path(dst).write_bytes(data)
    return [(index % columns, index // columns) for index in chosen]


def reverse_tiles(src: Path, dst: Path) -> None:
    """Show the tiles of level 0 in reverse order; each of them decodes."""
    data = bytearray(Path(src).read_bytes())
    entries = first_directory(data)
    for entry in (entries[TILE_OFFSETS], entries[TILE_BYTE_COUNTS]):
        code = f"<{entry.count}{TYPE_CODE[entry.kind]}"
        struct.pack_into(code, data, entry.value_offset, *reversed(list(entry.values(data))))
    Path(dst).write_bytes(data)


def lie_offsets(src: Path, dst: Path) -> None:
    """Move every level-0 tile offset beyond the end of the file."""
    data = bytearray(Path(src).read_bytes())
    entry = first_directory(data)[TILE_OFFSETS]
    beyond = [offset + len(data) for offset in entry.values(data)]
    code = f"<{entry.count}{TYPE_CODE[entry.kind]}"
    struct.pack_into(code, data, entry.value_offset, *beyond)
    Path(dst).write_bytes(data)


def absurd_dimensions(src: Path, dst: Path, side_px: int = 2**31 - 1) -> None:
    """Claim a level 0 of `side_px` by `side_px` pixels; anything up to 2**32 - 1 can be claimed."""
    data = bytearray(Path(src).read_bytes())
    entries = first_directory(data)
    for tag in (IMAGE_WIDTH, IMAGE_LENGTH):
        _claim(data, entries[tag], side_px)
    Path(dst).write_bytes(data)


def _claim(data: bytearray, entry: Entry, value: int) -> None:
    struct.pack_into("<H", data, entry.entry_offset + 2, LONG)
    struct.pack_into("<I", data, entry.value_offset, value)


def claim_values(
    src: Path, dst: Path, tag: int, values: Sequence[int], kind: int | None = None
) -> Path:
    """Other values for a tag of the first directory, as many as it had; returns `dst`.

    Parameters
    ----------
    kind : the tag's type as the copy claims it; None leaves it
    """
    data = bytearray(Path(src).read_bytes())
    entry = first_directory(data)[tag]
    form = f"<{len(values)}{TYPE_CODE[entry.kind]}"
    struct.pack_into(form, data, entry.value_offset, *values)
    if kind is not None:
        struct.pack_into("<H", data, entry.entry_offset + 2, kind)
    Path(dst).write_bytes(data)
    return dst


def tile_places(src: Path) -> list[tuple[int, int]]:
    """Offset and length of each level-0 tile's bytes."""
    data = Path(src).read_bytes()
    tags = first_directory(data)
    offsets, sizes = (tags[tag].values(data) for tag in (TILE_OFFSETS, TILE_BYTE_COUNTS))
    return list(zip(offsets, sizes, strict=True))


def replace_tile(src: Path, dst: Path, index: int, stream: bytes) -> Path:
    """Another stream, appended to the file, as one tile of level 0; returns `dst`."""
    places = tile_places(src)
    places[index] = (Path(src).stat().st_size, len(stream))
    Path(dst).write_bytes(Path(src).read_bytes() + stream)
    offsets, sizes = zip(*places, strict=True)
    claim_values(dst, dst, TILE_OFFSETS, offsets)
    return claim_values(dst, dst, TILE_BYTE_COUNTS, sizes)


def tile_stream(src: Path, index: int) -> bytes:
    """The bytes of one tile of level 0."""
    offset, size = tile_places(src)[index]
    return Path(src).read_bytes()[offset : offset + size]


def empty_tiles(src: Path, dst: Path, indices: Iterable[int], page: int = 0) -> Path:
    """No bytes for some tiles of a page, as scanners leave out what they did not scan."""
    chosen = set(indices)
    Path(dst).write_bytes(Path(src).read_bytes())
    with tifffile.TiffFile(dst, mode="r+") as tiff:
        tags = tiff.pages[page].tags
        for tag in (TILE_OFFSETS, TILE_BYTE_COUNTS):
            values = tags[tag].value
            tags[tag].overwrite([0 if i in chosen else value for i, value in enumerate(values)])
    return dst


def destroy_page(src: Path, dst: Path, page: int) -> Path:
    """Overwrite the data of all tiles of a page; returns `dst`."""
    data = bytearray(Path(src).read_bytes())
    with tifffile.TiffFile(src) as tiff:
        places = zip(tiff.pages[page].dataoffsets, tiff.pages[page].databytecounts, strict=True)
        for offset, size in places:
            data[offset : offset + size] = b"\x5a" * size
    Path(dst).write_bytes(data)
    return dst
