"""Other scanners' layouts of JPEG tiles: OpenSlide's pixels, or OpenSlide itself."""

import contextlib
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import openslide
import pytest
import tiled_formats
from grossing.slide import readers
from grossing.support.errors import ReadError, SlideError
from library_modules import SCRIPTS
from two_readers import GLASS, check_levels, facts_of

SHARED = Path(__file__).parents[3] / "shared/data/wsi"
SIZE = (1500, 1200)  # of the Leica slides


@pytest.fixture(scope="module")
def picture(real_slide):
    with openslide.OpenSlide(real_slide) as slide:
        return np.array(slide.read_region((0, 300), 0, (900, 700)).convert("RGB"))


def check_that_a_lie_is_refused_or_read_alike(path, words, other):
    data = path.read_bytes()
    assert words in data
    path.write_bytes(data.replace(words, other))
    with contextlib.suppress(SlideError):
        check_levels(path)


@pytest.mark.parametrize("missing", [(), [(1, 1), (0, 0), (3, 2)]])
def test_philips(picture, tmp_path, missing):
    path = tiled_formats.philips(tmp_path / "a.tiff", picture, missing=missing)
    file = facts_of(path)
    assert (file.vendor, file.downsamples) == ("philips", [1, 2, 4])
    assert check_levels(path, ["raw"] * 3) == [True] * 3


def test_a_philips_level_with_more_tiles_than_its_page_is_left_to_openslide(picture, tmp_path):
    """513 px are filled up to 768; half of that is 384 px, but the page has 256."""
    path = tiled_formats.philips(tmp_path / "a.tiff", picture[:513, :513], 2)
    assert facts_of(path).levels[1].width_px == 384
    assert check_levels(path, ["raw", "openslide"]) == [True, False]


@pytest.mark.parametrize("place", [(400, 300), (400.4, 300.96), (0, 0)])
def test_leica(picture, tmp_path, place):
    path = tiled_formats.leica(tmp_path / "a.scn", [(picture, place)], SIZE)
    assert facts_of(path).vendor == "leica"
    assert check_levels(path, ["raw"] * 3) == [True] * 3


def test_a_leica_area_between_two_pixels_of_a_level(picture, tmp_path):
    path = tiled_formats.leica(tmp_path / "a.scn", [(picture, (401.3, 302.7))], SIZE)
    assert check_levels(path, ["raw", "openslide", "openslide"]) == [True] * 3


def test_two_leica_areas_are_left_to_openslide(picture, tmp_path):
    areas = [(picture[:400, :400], (100, 200)), (picture[300:700, :400], (800, 600))]
    path = tiled_formats.leica(tmp_path / "a.scn", areas, SIZE)
    assert check_levels(path, ["openslide"] * 3) == [False] * 3


@pytest.mark.parametrize(
    ("words", "other"),
    [
        (b'ifd="1"', b'ifd="2"'),
        (b'ifd="1"', b'ifd="9"'),
        (b'<view sizeX="3', b'<view sizeX="0'),
        (b'offsetX="100000"', b'offsetX="100003"'),
        (b'offsetX="100000"', b'offsetX="x00000"'),
        (b"<pixels", b"<pixelz"),
        (b"<scn", b"<scm"),
    ],
)
def test_a_leica_description_that_lies(picture, tmp_path, words, other):
    path = tiled_formats.leica(tmp_path / "a.scn", [(picture, (400, 300))], SIZE)
    check_that_a_lie_is_refused_or_read_alike(path, words, other)


@pytest.fixture(scope="module")
def whole_tiles(real_slide):
    with openslide.OpenSlide(real_slide) as slide:
        return np.array(slide.read_region((0, 0), 0, (1536, 2048)).convert("RGB"))


@pytest.mark.parametrize(
    ("areas", "options", "expected"),
    [
        ([], {}, ["raw"] * 3),
        ([(0, 0, 6, 8)], {}, ["raw"] * 3),
        ([(0, 0, 6, 8)], {"left_px": 400}, ["raw"] * 3),
        ([(4, 4, 2, 3)], {"left_px": 402}, ["raw", "raw", "openslide"]),
        ([(1, 2, 5, 6)], {}, ["raw", "openslide", "openslide"]),
        ([(0, 0, 3, 3), (3, 5, 3, 3)], {}, ["openslide"] * 3),
        ([(0, 0, 6, 8)], {"overlap_px": 4}, ["openslide"] * 3),
    ],
    ids=["TIFF", "all", "right", "part", "inside tiles", "two areas", "overlap"],
)
def test_ventana(whole_tiles, tmp_path, areas, options, expected):
    path = tiled_formats.ventana(tmp_path / "a.bif", whole_tiles, areas, **options)
    assert facts_of(path).vendor == "ventana"
    assert check_levels(path, expected) == [name == "raw" for name in expected]


def test_ventana_of_one_column_is_refused(whole_tiles, tmp_path):
    """OpenSlide divides by the number of joints, and finds levels of no pixel."""
    path = tiled_formats.ventana(tmp_path / "a.bif", whole_tiles, [(4, 4, 1, 3)])
    with pytest.raises(SlideError, match="a level without a pixel"):
        facts_of(path)


@pytest.mark.parametrize("areas", [[], [(0, 0, 6, 8)]])
def test_missing_tiles_of_ventana_are_left_to_openslide(whole_tiles, tmp_path, areas):
    """OpenSlide fails on them: they are lost, not glass."""
    path = tiled_formats.ventana(tmp_path / "a.bif", whole_tiles, areas, missing=[(1, 1)])
    reader = readers.open_reader(path, file=facts_of(path), level=0, glass=GLASS)
    assert reader.name == "openslide"
    with pytest.raises(ReadError):
        reader.read(300, 300, 20, 20)


@pytest.mark.parametrize(
    ("words", "other"),
    [
        (b'NumCols="6"', b'NumCols="5"'),
        (b'OriginX="0"', b'OriginX="7"'),
        (b'OverlapX="0"', b'OverlapX="1"'),
        (b'Pos-X="400"', b'Pos-X="40."'),
        (b'Pos-X="400"', b'Pos-X="-40"'),
        (b'Pos-Y="0"', b'Pos-Y="9"'),
        (b'AOIScanned="1"', b'AOIScanned="0"'),
        (b"<TileJointInfo", b"<TileJointInf0"),
        (b"level=1 mag=20", b"level=1 mag=10"),
        (b"level=1 mag=20", b"level=2 mag=20"),
        (b"<EncodeInfo", b"<EncodeInf0"),
    ],
)
def test_a_ventana_description_that_lies(whole_tiles, tmp_path, words, other):
    path = tiled_formats.ventana(tmp_path / "a.bif", whole_tiles, [(0, 0, 6, 8)], left_px=400)
    check_that_a_lie_is_refused_or_read_alike(path, words, other)


def test_ome(picture, tmp_path):
    """OpenSlide sees the largest level alone: the others are in SubIFDs."""
    path = tiled_formats.ome(tmp_path / "a.ome.tif", picture)
    assert facts_of(path).vendor == "generic-tiff"
    assert check_levels(path, ["raw"]) == [True]


@pytest.mark.parametrize("chroma", ["4:2:2", "4:4:4"])
def test_ndpi(picture, tmp_path, chroma):
    """Levels between and below those of the file are decoded at a fraction, as by OpenSlide."""
    path = tiled_formats.ndpi(tmp_path / "a.ndpi", picture, chroma=chroma)
    file = facts_of(path)
    assert (file.vendor, file.downsamples) == ("hamamatsu", [1, 2, 4, 8, 16, 32])
    assert check_levels(path, ["raw"] * 6) == [True] * 6


def test_an_ndpi_that_openslide_does_not_decode(picture, tmp_path):
    """Colour halved in both directions: what only the fast reader decodes is not trusted."""
    path = tiled_formats.ndpi(tmp_path / "a.ndpi", picture, chroma="4:2:0")
    reader = readers.open_reader(path, file=facts_of(path), level=0, glass=GLASS)
    assert reader.name == "openslide"


@pytest.mark.parametrize("change", ["marker", "place", "no place"])
def test_an_ndpi_whose_markers_lie(picture, tmp_path, change):
    """A restart interval that is not where the tag says is not read."""
    path = tiled_formats.ndpi(tmp_path / "a.ndpi", picture)
    file, data = facts_of(path), bytearray(path.read_bytes())
    starts = [each.end() for each in re.finditer(rb"\xff[\xd0-\xd7]", data)]
    place = data.index(struct.pack("<2I", starts[2] - 12, starts[3] - 12))
    if change == "marker":
        data[starts[2] - 1] = 0xAA
    elif change == "place":
        struct.pack_into("<I", data, place, starts[2] - 12 + 3)
    else:
        struct.pack_into("<I", data, place, 0)
    path.write_bytes(data)
    where = 3 * 128 + 5
    reader = readers.open_reader(path, file=file, level=0, glass=GLASS)
    general = readers.open_reader(path, file=file, level=0, glass=GLASS, prefer="openslide")
    assert reader.name == ("openslide" if change == "no place" else "raw")
    for each in (reader, general):
        with pytest.raises(ReadError):
            each.read(where, 0, 20, 8)
    place = (0, 100, 500, 300)
    assert np.array_equal(reader.read(*place).rgb, general.read(*place).rgb)


@pytest.mark.parametrize(
    ("name", "levels"),
    [("multiframe_camelyon.dcm", 1), ("boxes_0.dcm", 1), ("test3-DAPI.ndpi", 7)],
)
def test_real_slides(name, levels):
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"needs ../shared/data/wsi/{name}")
    assert check_levels(path, ["raw"] * levels) == [True] * levels


def test_a_tiff_does_not_wait_for_pydicom(picture, tmp_path):
    path = tiled_formats.philips(tmp_path / "a.tiff", picture)
    code = (
        "import sys; from grossing.slide.raw_slide import RawSlide; import grossing.slide.readers\n"
        "with RawSlide(sys.argv[1]) as slide: slide.read_premultiplied(0, 0, 0, 9, 9)\n"
        "sys.exit('pydicom' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, path], cwd=SCRIPTS, check=True)
