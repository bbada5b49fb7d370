"""Tiled TIFFs that are damaged, lie or are hostile: lost where OpenSlide loses them, or refused."""

import contextlib
import os
import random
import struct
import tracemalloc

import damage
import numpy as np
import pytest
import svs
from grossing.slide import raw_tiff, tiff_directory
from grossing.support.errors import ReadError
from two_readers import GLASS, HEIGHT, WIDTH, check_equal, chosen, general_of, raw_of


def test_destroyed_tiles_are_lost_exactly_where_openslide_loses_them(plain, tmp_path):
    path = tmp_path / "d.svs"
    lost = damage.destroy_tiles(plain, path, [(1, 1), (3, 2)])
    raw, reader = raw_of(path), chosen(path)
    assert reader.name == "raw"
    for row in range(-(-HEIGHT // 256)):
        for column in range(-(-WIDTH // 256)):
            place = (column * 256 + 3, row * 256 + 3, 60, 60)
            if (column, row) in lost:
                for each in (raw, reader, general_of(path)):
                    with pytest.raises(ReadError):
                        each.read(*place)
            else:
                assert np.array_equal(raw.read(*place).rgb, reader.read(*place).rgb)


def test_a_missing_tile_is_glass(plain, tmp_path):
    places = damage.tile_places(plain)
    sizes = [0 if index == 1 else size for index, (_, size) in enumerate(places)]
    path = damage.claim_values(plain, tmp_path / "m.svs", svs.TILE_BYTE_COUNTS, sizes)
    check_equal(raw_of(path), general_of(path), WIDTH, HEIGHT)
    region = raw_of(path).read(200, 5, 100, 300)
    expected = np.zeros((300, 100), bool)
    expected[:251, 56:] = True
    assert np.array_equal(region.absent, expected)
    assert (region.rgb[expected] == GLASS).all()
    with pytest.raises(tiff_directory.Unsupported, match="missing tiles"):
        raw_of(path, 1)
    assert chosen(path, 1).name == "openslide"


def test_offsets_beyond_the_file_do_not_read(plain, tmp_path):
    damage.lie_offsets(plain, tmp_path / "l.svs")
    for reader in (raw_of(tmp_path / "l.svs"), chosen(tmp_path / "l.svs")):
        with pytest.raises(ReadError):
            reader.read(0, 0, 100, 100)


@pytest.mark.parametrize("side_px", [65_000, 2**31 - 1, 4_000_000_000])
def test_absurd_dimensions_are_refused(side_px, plain, tmp_path):
    damage.absurd_dimensions(plain, tmp_path / "x.svs", side_px)
    with pytest.raises(tiff_directory.Unsupported):
        raw_tiff.RawTiffReader(tmp_path / "x.svs", side_px, side_px, GLASS)


@pytest.mark.parametrize(
    ("tag", "value"),
    [(322, 0), (322, 60_000), (323, 65_535), (259, 33003), (284, 2), (277, 4), (262, 1)],
)
def test_pages_of_other_kinds_are_refused(tag, value, plain, tmp_path):
    path = damage.claim_values(plain, tmp_path / "t.svs", tag, [value])
    with pytest.raises(tiff_directory.Unsupported):
        raw_tiff.RawTiffReader(path, WIDTH, HEIGHT, GLASS)


def test_a_count_of_tiles_that_the_file_cannot_hold(plain, tmp_path):
    data = bytearray(plain.read_bytes())
    entry = svs.first_directory(data)[svs.TILE_OFFSETS]
    for count in (2**22, 2**32 - 1):
        struct.pack_into("<I", data, entry.entry_offset + 4, count)
        (tmp_path / "c.svs").write_bytes(data)
        with pytest.raises(tiff_directory.Unsupported):
            raw_tiff.RawTiffReader(tmp_path / "c.svs", WIDTH, HEIGHT, GLASS)


def test_a_chain_of_pages_that_loops(plain, tmp_path):
    data = bytearray(plain.read_bytes())
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * count, first)
    (tmp_path / "loop.svs").write_bytes(data)
    with pytest.raises(tiff_directory.Unsupported, match="does not end"):
        raw_tiff.RawTiffReader(tmp_path / "loop.svs", WIDTH, HEIGHT, GLASS)


def test_a_chain_of_pages_that_breaks_off(plain, tmp_path):
    data = bytearray(plain.read_bytes())
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    for offset in (len(data) + 1, len(data) - 1):
        struct.pack_into("<I", data, first + 2 + 12 * count, offset)
        (tmp_path / "off.svs").write_bytes(data)
        with pytest.raises(
            tiff_directory.Unsupported, match=r"breaks off after \d|damaged directory"
        ):
            raw_tiff.RawTiffReader(tmp_path / "off.svs", WIDTH, HEIGHT, GLASS)


def test_a_list_of_tiles_longer_than_any_slide_is_not_read(plain, tmp_path):
    data = bytearray(plain.read_bytes())
    entry = svs.first_directory(data)[svs.TILE_OFFSETS]
    struct.pack_into("<I", data, entry.entry_offset + 4, 2**24)
    (tmp_path / "c.svs").write_bytes(data)
    os.truncate(tmp_path / "c.svs", 2**28)
    tracemalloc.start()
    with pytest.raises(tiff_directory.Unsupported, match="a tag of 67108864 bytes"):
        raw_tiff.RawTiffReader(tmp_path / "c.svs", WIDTH, HEIGHT, GLASS)
    assert tracemalloc.get_traced_memory()[1] < 2e6
    tracemalloc.stop()


def test_what_tifffile_says_of_a_damaged_file_is_not_logged(plain, tmp_path, caplog):
    path = damage.claim_values(plain, tmp_path / "t.svs", svs.TILE_OFFSETS, [0], kind=200)
    with pytest.raises(tiff_directory.Unsupported, match="0 offsets"):
        raw_tiff.RawTiffReader(path, WIDTH, HEIGHT, GLASS)
    assert not caplog.records


def test_a_tile_that_claims_to_be_huge_is_not_decoded(plain, tmp_path):
    data, places = plain.read_bytes(), damage.tile_places(plain)
    stream = bytearray(data[places[0][0] : sum(places[0])])
    frame = stream.index(b"\xff\xc0")
    struct.pack_into(">HH", stream, frame + 5, 65_000, 65_000)
    path = damage.replace_tile(plain, tmp_path / "bomb.svs", 0, bytes(stream))
    reader = raw_of(path)
    tracemalloc.start()
    with pytest.raises(ReadError, match="65000x65000"):
        reader.read(0, 0, 256, 256)
    assert tracemalloc.get_traced_memory()[1] < 2e6
    tracemalloc.stop()


def test_a_progressive_tile_is_read_through_openslide(plain, tmp_path):
    rgb = general_of(plain).read(0, 0, 256, 256).rgb
    stream = svs.io.BytesIO()
    svs.Image.fromarray(rgb).save(stream, "JPEG", progressive=True)
    path = damage.replace_tile(plain, tmp_path / "progressive.svs", 0, stream.getvalue())
    place = (10, 10, 200, 200)
    with pytest.raises(ReadError, match="marker c2"):
        raw_of(path).read(*place)
    reader = chosen(path, places=[(600, 600)])
    assert reader.name == "raw"
    region = reader.read(*place)
    assert np.array_equal(region.rgb, general_of(path).read(*place).rgb)
    assert region.decoders_disagree and not reader.read(600, 600, 50, 50).decoders_disagree


def test_a_reader_is_fast_although_it_refuses_a_compared_place(plain, tmp_path):
    """Else none of the tiles that only OpenSlide decodes would be marked."""
    whole = damage.tile_stream(plain, 0)
    padded = whole[:-2] + bytes([18] * 50) + whole[-2:]
    path = damage.replace_tile(plain, tmp_path / "one.svs", 0, padded)
    with pytest.raises(ReadError, match="extraneous"):
        raw_of(path).read(0, 0, 9, 9)
    reader = chosen(path, places=[(0, 0), (300, 300), (600, 600)])
    assert reader.name == "raw"
    assert reader.read(0, 0, 256, 256).decoders_disagree
    assert chosen(path, places=[(0, 0), (100, 0), (0, 0)]).name == "openslide"


def test_broken_directories_are_refused_and_nothing_else_happens(plain, tmp_path):
    """Every other outcome than pixels, `Unsupported` or `ReadError` fails the test."""
    whole = plain.read_bytes()
    tags = svs.first_directory(whole)
    start = min(entry.entry_offset for entry in tags.values()) - 2
    pick = random.Random(5)
    path = tmp_path / "broken.svs"
    for attempt in range(150):
        data = bytearray(whole[: pick.randrange(len(whole))] if attempt % 3 == 0 else whole)
        for _ in range(pick.randrange(1, 6)):
            where = pick.choice([pick.randrange(8), start + pick.randrange(12 * len(tags) + 6)])
            if where < len(data):
                data[where] = pick.randrange(256)
        path.write_bytes(data)
        try:
            reader = raw_tiff.RawTiffReader(path, WIDTH, HEIGHT, GLASS)
        except tiff_directory.Unsupported:
            continue
        for place in [(0, 0, 300, 300), (WIDTH - 9, HEIGHT - 9, 9, 9)]:
            with contextlib.suppress(ReadError):
                assert reader.read(*place).rgb.shape == (place[3], place[2], 3)
        reader.close()


def test_what_is_no_tiff(tmp_path):
    for content in (b"", b"II", b"PK\x03\x04" * 9, b"II\x2a\0\xff\xff\xff\xff"):
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(tiff_directory.Unsupported):
            raw_tiff.RawTiffReader(tmp_path / "x", WIDTH, HEIGHT, GLASS)
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "absent", tmp_path, tmp_path / "pipe"):
        with pytest.raises(tiff_directory.Unsupported, match="regular"):
            raw_tiff.RawTiffReader(path, WIDTH, HEIGHT, GLASS)
