"""Raw JPEG tiles equal OpenSlide's pixels, and hostile files are refused."""

import contextlib
import dataclasses
import os
import random
import struct
import tracemalloc

import cv2
import damage
import make_slide
import numpy as np
import odd_tiff
import openslide
import pytest
import pyvips
import simplejpeg
import svs
import tifffile
from grossing.slide import (
    facts,
    jpeg_stream,
    jpeg_tiles,
    opening,
    raw_tiff,
    readers,
    rounded_levels,
    tiff_directory,
)
from grossing.support.errors import ReadError

GLASS = np.array([7, 130, 240], np.uint8)
WIDTH, HEIGHT = 1100, 940
VARIANTS = [
    {"tile_px": 240, "subsampling": "444", "photometric": "rgb"},
    {"tile_px": 240, "subsampling": "422", "pyramid_factor": 2},
    {"tile_px": 256, "subsampling": "422", "bigtiff": True},
    {"tile_px": 256, "subsampling": "444"},
    {"tile_px": 512, "subsampling": "420", "quality": 90},
]


def facts_of(path):
    with opening.Slide(path) as slide:
        return facts.file_facts(slide)


def raw_of(path, level=0, **options):
    extent = facts_of(path).levels[level]
    return raw_tiff.RawTiffReader(path, extent.width_px, extent.height_px, GLASS, **options)


def general_of(path, level=0):
    return readers.OpenSlideReader(path, level, facts_of(path).downsamples[level], GLASS)


def chosen(path, level=0, **options):
    return readers.open_reader(path, file=facts_of(path), level=level, glass=GLASS, **options)


def rectangles(width, height, tile_px):
    """Whole tiles, their unions, odd ones, single pixels, and such that leave the picture."""
    pick = random.Random(width)
    yield from [(0, 0, width, height), (0, 0, tile_px, tile_px), (tile_px, 0, tile_px, tile_px)]
    yield from [(width - 1, height - 1, 1, 1), (width - 50, height - 70, 90, 80)]
    yield (width // 2, height // 2, width, 3)
    for _ in range(12):
        w, h = pick.choice([(300, 300), (2 * tile_px, tile_px), (31, 400), (1, 1)])
        yield pick.randrange(width), pick.randrange(height), w, h


def inside(x, y, w, h, width, height):
    """How much of a rectangle lies in the picture: OpenSlide calls the rest absent."""
    return max(0, min(h, height - y)), max(0, min(w, width - x))


def check_equal(raw, general, width, height, tile_px=256):
    for place in rectangles(width, height, tile_px):
        ours, theirs = raw.read(*place), general.read(*place)
        np.testing.assert_array_equal(ours.rgb, theirs.rgb, err_msg=str(place))
        rows, columns = inside(*place, width, height)
        gaps = [absent_of(each)[:rows, :columns] for each in (ours, theirs)]
        np.testing.assert_array_equal(*gaps, err_msg=str(place))


def absent_of(region):
    shape = region.rgb.shape[:2]
    return np.zeros(shape, bool) if region.absent is None else region.absent


@pytest.fixture(scope="module", params=VARIANTS, ids=str)
def variant(request, tmp_path_factory, real_slide):
    path = tmp_path_factory.mktemp("variant") / "v.svs"
    make_slide.make_slide(real_slide, path, WIDTH, HEIGHT, tissue_fraction=0.6, **request.param)
    return path, request.param


@pytest.fixture(scope="module")
def plain(tmp_path_factory, real_slide):
    path = tmp_path_factory.mktemp("plain") / "p.svs"
    make_slide.make_slide(real_slide, path, WIDTH, HEIGHT, tissue_fraction=0.6)
    return path


def test_every_encoding_equals_openslide(variant):
    path, options = variant
    for level, extent in enumerate(facts_of(path).levels):
        raw, general = raw_of(path, level), general_of(path, level)
        check_equal(raw, general, extent.width_px, extent.height_px, options["tile_px"])
        assert chosen(path, level).name == "raw"


def test_the_real_slide_equals_openslide(real_slide):
    check_equal(raw_of(real_slide), general_of(real_slide), 2220, 2967, 240)
    assert chosen(real_slide).name == "raw"
    assert chosen(real_slide, prefer="openslide").name == "openslide"


@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("quality", [75, 95])  # libvips halves the colour resolution below 90
def test_files_of_libvips_equal_openslide(tmp_path, real_slide, bigtiff, quality):
    rgb = general_of(real_slide).read(300, 300, 500, 420).rgb
    path = tmp_path / "a.tif"
    pyvips.Image.new_from_array(rgb).tiffsave(
        str(path),
        tile=True,
        tile_width=128,
        tile_height=128,
        compression="jpeg",
        Q=quality,
        bigtiff=bigtiff,
    )
    reader = raw_tiff.RawTiffReader(path, 500, 420, GLASS)
    check_equal(reader, general_of(path), 500, 420, 128)
    assert chosen(path).name == "raw"
    assert np.abs(reader.read(0, 0, 500, 420).rgb.astype(int) - rgb).mean() < 6


def write_tiles(path, rgb, **options):
    """JPEG tiles of 128 px by tifffile, which writes any byte order but has no JPEG encoder."""
    height, width = rgb.shape[:2]
    corners = [(y, x) for y in range(0, height, 128) for x in range(0, width, 128)]
    tiles = [np.ascontiguousarray(rgb[y : y + 128, x : x + 128]) for y, x in corners]
    streams = iter([simplejpeg.encode_jpeg(tile, quality=90) for tile in tiles])
    form = {"shape": rgb.shape, "dtype": rgb.dtype, "tile": (128, 128), "compression": "zlib"}
    tifffile.imwrite(path, streams, photometric="rgb", metadata=None, **form, **options)
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tiff.pages[0].tags[259].overwrite(7)
        tiff.pages[0].tags[262].overwrite(6)


def test_big_endian_tiles_equal_openslide(tmp_path, real_slide):
    """In a BigTIFF: OpenSlide opens no other that is big-endian."""
    path = tmp_path / "a.tif"
    rgb = general_of(real_slide).read(300, 300, 384, 256).rgb
    write_tiles(path, rgb, byteorder=">", bigtiff=True)
    assert path.read_bytes()[:4] == b"MM\0\x2b"
    check_equal(raw_tiff.RawTiffReader(path, 384, 256, GLASS), general_of(path), 384, 256, 128)
    assert chosen(path).name == "raw"


@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_pages_as_large_as_the_first(byteorder, bigtiff, tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif", byteorder=byteorder, bigtiff=bigtiff) as tiff:
        for width in (70, 70, 35, 70):
            tiff.write(np.zeros((50, width), np.uint8))
    assert tiff_directory.equal_pages(tmp_path / "a.tif") == [0, 1, 3]


def test_a_rounded_level_has_its_whole_factor_and_its_own_pixels(tmp_path, real_slide):
    """In both readers: OpenSlide itself would mix neighbours."""
    for width, height in ((1101, 742), (1103, 459)):
        path = tmp_path / "odd.svs"
        make_slide.make_slide(real_slide, path, width, height, tissue_fraction=0.6)
        assert facts_of(path).downsamples == [1, 4]
        check_equal(raw_of(path, 1), general_of(path, 1), width // 4, height // 4)
        assert [chosen(path, level).name for level in (0, 1)] == ["raw", "raw"]


def test_a_fractional_downsample_is_left_to_openslide(tmp_path, real_slide):
    path = tmp_path / "odd.tif"
    rgb = general_of(real_slide).read(300, 300, 500, 400).rgb
    odd_tiff.write(path, [rgb, rgb[:160, :200]], mpp=0.5)
    assert facts_of(path).downsamples == [1, 2.5]
    assert chosen(path, 1).name == "openslide"


def test_an_unknown_openslide_is_left_as_it_is(tmp_path, real_slide, monkeypatch):
    """The factor is set in memory whose layout is known of certain versions only."""
    monkeypatch.setattr(openslide, "__library_version__", "9.0.0")
    path = tmp_path / "odd.svs"
    make_slide.make_slide(real_slide, path, 1101, 942, tissue_fraction=0.6)
    assert facts_of(path).downsamples[1] != 4
    raw, general = raw_of(path, 1), general_of(path, 1)
    assert not readers.agrees(raw, general, [(100, 100, 100, 100)])
    assert [chosen(path, level).name for level in (0, 1)] == ["raw", "openslide"]


@pytest.mark.parametrize(
    ("whole", "level", "stated", "expected"),
    [
        ((12001, 12001), (3000, 3000), 4.0003, 4),
        ((12003, 9001), (3001, 2251), 3.999, 4),  # rounded up
        ((20003, 261), (1250, 16), 16.16, 16),  # long and narrow
        ((12001, 12001), (3072, 3072), 3.907, None),  # padded to stored tiles
        ((12001, 12001), (3000, 3072), 3.95, None),
        ((12000, 9000), (4800, 3600), 2.5, None),
        ((1741, 1489), (872, 745), 1.998, None),  # two pixels too many
    ],
)
def test_which_levels_are_rounded(whole, level, stated, expected):
    assert rounded_levels.factor(whole, level, stated) == expected


def test_other_pixels_are_left_to_openslide(plain, monkeypatch):
    head = jpeg_stream.head
    monkeypatch.setattr(jpeg_stream, "head", lambda tables, ycbcr: head(tables, ycbcr=not ycbcr))
    assert chosen(plain).name == "openslide"


def test_other_vendors_are_left_to_openslide(plain):
    file = dataclasses.replace(facts_of(plain), vendor="ventana")
    assert readers.open_reader(plain, file=file, level=0, glass=GLASS).name == "openslide"


def test_compared_places_lie_in_the_picture(plain, monkeypatch):
    seen = []
    monkeypatch.setattr(readers, "agrees", lambda raw, general, places: seen.extend(places) or True)
    chosen(plain, places=[(x, 50) for x in range(0, 5000, 10)]).close()
    assert 2 <= len(seen) <= readers.CHECKED_PLACES + 1
    for x, y, w, h in seen:
        assert x >= 0 and y >= 0 and x + w <= WIDTH and y + h <= HEIGHT
    assert seen[-1] == (WIDTH - 256, HEIGHT - 256, 256, 256)


def test_thumbnail_label_and_macro_are_never_read(real_slide):
    with openslide.OpenSlide(real_slide) as slide:
        sizes = [picture.size for picture in slide.associated_images.values()]
    assert len(sizes) == 3
    for width, height in sizes:
        with pytest.raises(tiff_directory.Unsupported, match="0 tiled pages"):
            raw_tiff.RawTiffReader(real_slide, width, height, GLASS)


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


def test_no_tile_is_decoded_twice_on_an_unaligned_grid(real_slide, monkeypatch):
    calls = []
    decode = simplejpeg.decode_jpeg
    monkeypatch.setattr(
        jpeg_tiles.simplejpeg, "decode_jpeg", lambda *a, **k: calls.append(1) or decode(*a, **k)
    )
    reader = raw_of(real_slide)
    for top in range(0, 2967, 500):
        for left in range(0, 2220, 500):
            reader.read(left, top, min(500, 2220 - left), min(500, 2967 - top))
    assert len(calls) == 10 * 13


def test_what_is_read_can_be_written_over(plain):
    reader = raw_of(plain)
    part, whole = (100, 100, 300, 300), (0, 0, 256, 256)
    before = reader.read(*part).rgb, reader.read(*whole).rgb
    kept = [each.copy() for each in before]
    for each in before:
        each[:] = 0
    assert np.array_equal(reader.read(*part).rgb, kept[0])
    assert np.array_equal(reader.read(*whole).rgb, kept[1])


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
@pytest.mark.parametrize("place", [(120, 240, 480, 720), (240, 240, 240, 240), (12, 24, 1200, 60)])
def test_reduced_is_what_is_read_and_shrunk(factor, place, real_slide):
    windows = [(slice(5, 15), slice(0, place[2])), (slice(0, place[3]), slice(115, 125))]
    rgb = raw_of(real_slide).read(*place).rgb
    size = place[2] // factor, place[3] // factor
    reduced = raw_of(real_slide).reduced(*place, factor, windows)
    expected = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(reduced.rgb, expected)
    for window, lines in zip(windows, reduced.lines, strict=True):
        np.testing.assert_array_equal(lines, rgb[window])


def test_what_cannot_be_reduced_tile_by_tile_is_none(real_slide, plain, tmp_path):
    reader = raw_of(real_slide)
    assert reader.reduced(120, 120, 480, 480, 2) is not None
    assert reader.reduced(121, 120, 480, 480, 2) is None  # pixels on two stored tiles
    assert reader.reduced(120, 120, 480, 481, 2) is None
    assert reader.reduced(2220 - 240, 0, 480, 480, 2) is None  # leaves the picture
    sizes = [0 if index == 1 else size for index, (_, size) in enumerate(damage.tile_places(plain))]
    path = damage.claim_values(plain, tmp_path / "m.svs", svs.TILE_BYTE_COUNTS, sizes)
    assert raw_of(path).reduced(0, 0, 512, 512, 2) is None  # a tile that is not stored
    assert raw_of(path).reduced(0, 256, 512, 512, 2) is not None


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_scaled_pixels_are_close_to_the_mean(scale, real_slide):
    reader, full = raw_of(real_slide, scale=scale), raw_of(real_slide)
    x, y, side = 101, 77, 64
    box = full.read(x * scale, y * scale, side * scale, side * scale).rgb.astype(float)
    mean = box.reshape(side, scale, side, scale, 3).mean(axis=(1, 3))
    assert np.abs(reader.read(x, y, side, side).rgb - mean).mean() < 1.5
    width, height = -(-2220 // scale), -(-2967 // scale)
    assert (reader.read(width - 1, height - 1, 3, 3).rgb[1:, 1:] == GLASS).all()


def test_scales_that_do_not_divide_a_tile(tmp_path, real_slide):
    for scale in (3, 16):
        with pytest.raises(tiff_directory.Unsupported, match="at 1/"):
            raw_of(real_slide, scale=scale)
