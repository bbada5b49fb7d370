"""Raw JPEG tiles equal OpenSlide's pixels, or are left to OpenSlide."""

import dataclasses

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
    jpeg_stream,
    jpeg_tiles,
    raw_tiff,
    readers,
    rounded_levels,
    tiff_directory,
)
from two_readers import GLASS, HEIGHT, WIDTH, check_equal, chosen, facts_of, general_of, raw_of

VARIANTS = [
    {"tile_px": 240, "subsampling": "444", "photometric": "rgb"},
    {"tile_px": 240, "subsampling": "422", "pyramid_factor": 2},
    {"tile_px": 256, "subsampling": "422", "bigtiff": True},
    {"tile_px": 256, "subsampling": "444"},
    {"tile_px": 512, "subsampling": "420", "quality": 90},
]


@pytest.fixture(scope="module", params=VARIANTS, ids=str)
def variant(request, tmp_path_factory, real_slide):
    path = tmp_path_factory.mktemp("variant") / "v.svs"
    make_slide.make_slide(real_slide, path, WIDTH, HEIGHT, tissue_fraction=0.6, **request.param)
    return path, request.param


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
