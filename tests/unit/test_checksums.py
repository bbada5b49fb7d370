"""Stored tiles whose deflate stream is broken are refused, and only these."""

import numpy as np
import pytest
import tifffile
from grossing.slide import facts, opening, readers
from grossing.support.errors import ReadError

SIDE, COUNT = 256, 3
GLASS = np.array([240, 240, 240], np.uint8)


def write(path, compression):
    rgb = np.random.default_rng(0).integers(0, 256, (SIDE * COUNT, SIDE * COUNT, 3), np.uint8)
    rgb[: SIDE // 2] //= 16
    tifffile.imwrite(
        path, rgb, tile=(SIDE, SIDE), photometric="rgb", compression=compression, metadata=None
    )
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[0]
        return list(zip(page.dataoffsets, page.databytecounts, strict=True)), page.compression


def refused(path, **options):
    with opening.Slide(path) as slide:
        file = facts.file_facts(slide)
    reader = readers.open_reader(path, file=file, level=0, glass=GLASS, **options)
    found = []
    for tile in range(COUNT * COUNT):
        try:
            reader.read(tile % COUNT * SIDE, tile // COUNT * SIDE, SIDE, SIDE)
        except ReadError:
            found.append(tile)
    reader.close()
    return found


def damage(path, start, data):
    with open(path, "r+b") as file:
        file.seek(start)
        file.write(data)


def test_measuring_refuses_them_too(tmp_path):
    path = str(tmp_path / "slide.tif")
    offset, length = write(path, "zlib")[0][4]
    damage(path, offset + length // 2, bytes(200))
    with opening.Slide(path) as slide:
        for x, y in [(0, 0), (SIDE - 50, 0), (2 * SIDE, 2 * SIDE)]:
            slide.read_premultiplied(0, x, y, 50, 50)
        with pytest.raises(ReadError, match="checksum"):
            slide.read_premultiplied(0, SIDE - 50, SIDE, 51, 50)
        slide.read_premultiplied(0, SIDE - 50, SIDE, 50, 50)


@pytest.mark.parametrize("prefer", ["auto", "openslide"])
def test_exactly_the_tiles_with_a_broken_stream_are_refused(tmp_path, prefer):
    path = str(tmp_path / "slide.tif")
    stored, compression = write(path, "zlib")
    assert compression in (8, 32946)
    assert refused(path, prefer=prefer) == []
    for tile in (1, 5):
        offset, length = stored[tile]
        damage(path, offset + length // 2, bytes(200))
    damage(path, stored[7][0] + stored[7][1] - 4, b"none")  # the checksum alone
    assert refused(path, prefer=prefer) == [1, 5, 7]


def test_a_slide_all_of_whose_streams_are_broken_has_no_tile(tmp_path):
    path = str(tmp_path / "slide.tif")
    for offset, length in write(path, "zlib")[0]:
        damage(path, offset + length // 2, bytes(200))
    assert refused(path) == list(range(COUNT * COUNT))


def test_the_older_number_of_deflate_is_checked_too(tmp_path):
    path = str(tmp_path / "slide.tif")
    stored, _ = write(path, "zlib")
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tiff.pages[0].tags["Compression"].overwrite(32946)
    assert refused(path) == []
    damage(path, stored[4][0] + stored[4][1] // 2, bytes(200))
    assert refused(path) == [4]
