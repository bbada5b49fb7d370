"""Other scanners' layouts of JPEG tiles: OpenSlide's pixels, or OpenSlide itself."""

import contextlib
import random
import re
import struct
import subprocess
import sys
from pathlib import Path

import make_tagged_dicom
import numpy as np
import openslide
import pydicom
import pytest
import tiled_formats
from grossing.slide import facts, opening, raw_levels, readers
from grossing.slide.raw_slide import RawSlide
from grossing.support.errors import ReadError, SlideError, Unsupported
from library_modules import SCRIPTS
from pydicom import encaps

GLASS = np.array([7, 130, 240], np.uint8)
SHARED = Path(__file__).parents[3] / "shared/data/wsi"
SIZE = (1500, 1200)  # of the Leica slides


@pytest.fixture(scope="module")
def picture(real_slide):
    with openslide.OpenSlide(real_slide) as slide:
        return np.array(slide.read_region((0, 300), 0, (900, 700)).convert("RGB"))


def facts_of(path):
    with opening.Slide(path) as slide:
        return facts.file_facts(slide)


def places(width, height):
    """All of it, rectangles that leave it or lie beside it, and others anywhere."""
    pick = random.Random(width)
    yield from [(0, 0, width, height), (-70, -90, 300, 200), (width - 40, height - 30, 90, 80)]
    yield from [(width + 9, 5, 40, 40), (0, 0, 256, 256), (256, 256, 256, 256)]
    for _ in range(6):
        w, h = pick.choice([(300, 300), (512, 256), (31, 400), (1, 1)])
        yield pick.randrange(-50, width), pick.randrange(-50, height), w, h


def check_equal(path, expected=None):
    """Every level through both ways to read it; the readers' names are as `expected`."""
    file = facts_of(path)
    names = []
    with RawSlide(str(path)) as measured, opening.Slide(path) as slide:
        for level, extent in enumerate(file.levels):
            reader = readers.open_reader(path, file=file, level=level, glass=GLASS)
            general = readers.open_reader(
                path, file=file, level=level, glass=GLASS, prefer="openslide"
            )
            names.append(reader.name)
            for x, y, w, h in places(extent.width_px, extent.height_px):
                ours, theirs = reader.read(x, y, w, h), general.read(x, y, w, h)
                where = f"level {level}: {x}, {y}, {w}, {h}"
                assert np.array_equal(ours.rgb, theirs.rgb), where
                assert np.array_equal(absent_of(ours), absent_of(theirs)), where
                assert not ours.decoders_disagree
                scale = round(extent.downsample)
                place = (level, x * scale, y * scale, w, h)
                bgra = slide.read_premultiplied(*place)
                assert np.array_equal(measured.read_premultiplied(*place), bgra), where
            assert reader.tile_px == general.tile_px
            reader.close()
            general.close()
        fast = [measured._reader(level) is not None for level in range(len(file.levels))]
    if expected is not None:
        assert names == expected
    return fast


def check_that_a_lie_is_refused_or_read_alike(path, words, other):
    data = path.read_bytes()
    assert words in data
    path.write_bytes(data.replace(words, other))
    with contextlib.suppress(SlideError):
        check_equal(path)


def absent_of(region):
    return np.zeros(region.rgb.shape[:2], bool) if region.absent is None else region.absent


@pytest.mark.parametrize("missing", [(), [(1, 1), (0, 0), (3, 2)]])
def test_philips(picture, tmp_path, missing):
    path = tiled_formats.philips(tmp_path / "a.tiff", picture, missing=missing)
    file = facts_of(path)
    assert (file.vendor, file.downsamples) == ("philips", [1, 2, 4])
    assert check_equal(path, ["raw"] * 3) == [True] * 3


def test_a_philips_level_with_more_tiles_than_its_page_is_left_to_openslide(picture, tmp_path):
    """513 px are filled up to 768; half of that is 384 px, but the page has 256."""
    path = tiled_formats.philips(tmp_path / "a.tiff", picture[:513, :513], 2)
    assert facts_of(path).levels[1].width_px == 384
    assert check_equal(path, ["raw", "openslide"]) == [True, False]


@pytest.mark.parametrize("place", [(400, 300), (400.4, 300.96), (0, 0)])
def test_leica(picture, tmp_path, place):
    path = tiled_formats.leica(tmp_path / "a.scn", [(picture, place)], SIZE)
    assert facts_of(path).vendor == "leica"
    assert check_equal(path, ["raw"] * 3) == [True] * 3


def test_a_leica_area_between_two_pixels_of_a_level(picture, tmp_path):
    path = tiled_formats.leica(tmp_path / "a.scn", [(picture, (401.3, 302.7))], SIZE)
    assert check_equal(path, ["raw", "openslide", "openslide"]) == [True] * 3


def test_two_leica_areas_are_left_to_openslide(picture, tmp_path):
    areas = [(picture[:400, :400], (100, 200)), (picture[300:700, :400], (800, 600))]
    path = tiled_formats.leica(tmp_path / "a.scn", areas, SIZE)
    assert check_equal(path, ["openslide"] * 3) == [False] * 3


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
    assert check_equal(path, expected) == [name == "raw" for name in expected]


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
    assert check_equal(path, ["raw"]) == [True]


@pytest.mark.parametrize("chroma", ["4:2:2", "4:4:4"])
def test_ndpi(picture, tmp_path, chroma):
    """Levels between and below those of the file are decoded at a fraction, as by OpenSlide."""
    path = tiled_formats.ndpi(tmp_path / "a.ndpi", picture, chroma=chroma)
    file = facts_of(path)
    assert (file.vendor, file.downsamples) == ("hamamatsu", [1, 2, 4, 8, 16, 32])
    assert check_equal(path, ["raw"] * 6) == [True] * 6


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


def positions(width, height, kept):
    """Functional groups of the frames of some tiles, in this order."""
    across = -(-width // make_tagged_dicom.TILE_PX)
    for tile in kept:
        position = pydicom.Dataset()
        position.ColumnPositionInTotalImagePixelMatrix = tile % across * 256 + 1
        position.RowPositionInTotalImagePixelMatrix = tile // across * 256 + 1
        position.XOffsetInSlideCoordinateSystem = position.YOffsetInSlideCoordinateSystem = 0
        position.ZOffsetInSlideCoordinateSystem = 0
        group = pydicom.Dataset()
        group.PlanePositionSlideSequence = [position]
        yield group


def rewrite(path, change):
    """Let a function change the elements and the list of frames of a file."""
    data = pydicom.dcmread(path)
    count = int(data.NumberOfFrames)
    frames = list(encaps.generate_frames(data.PixelData, number_of_frames=count))
    data.PixelData = change(data, frames)
    data["PixelData"].VR = "OB"
    data["PixelData"].is_undefined_length = True
    pydicom.dcmwrite(path, data)
    return path


def full(data, frames):
    return encaps.encapsulate(frames, has_bot=True)


def without_offsets(data, frames):
    return encaps.encapsulate(frames, has_bot=False)


def extended(data, frames):
    joined, data.ExtendedOffsetTable, data.ExtendedOffsetTableLengths = encaps.encapsulate_extended(
        frames
    )
    return joined


def sparse(data, frames):
    """Frames in another order, some of them left out."""
    data.DimensionOrganizationType = "TILED_SPARSE"
    return positioned(data, frames, len(frames) * 2 // 3)


def positioned(data, frames, count=None):
    """TILED_FULL, and yet in another order."""
    kept = list(range(len(frames)))
    random.Random(3).shuffle(kept)
    kept = kept[:count]
    size = data.TotalPixelMatrixColumns, data.TotalPixelMatrixRows
    data.PerFrameFunctionalGroupsSequence = list(positions(*size, kept))
    data.NumberOfFrames = len(kept)
    return encaps.encapsulate([frames[tile] for tile in kept], has_bot=True)


@pytest.fixture
def series(picture, tmp_path):
    return make_tagged_dicom.make_dicom(tmp_path / "series", picture, 0.25)


@pytest.mark.parametrize(
    "change",
    [full, without_offsets, extended, sparse, positioned],
    ids=lambda f: f.__name__,
)
def test_dicom(series, change):
    for path in series.parent.iterdir():
        rewrite(path, change)
    assert check_equal(series, ["raw", "raw"]) == [True, True]


def two_fragments(data, frames):
    return encaps.encapsulate(frames, fragments_per_frame=2, has_bot=True)


def two_fragments_without_offsets(data, frames):
    return encaps.encapsulate(frames, fragments_per_frame=2, has_bot=False)


@pytest.mark.parametrize("change", [two_fragments, two_fragments_without_offsets])
def test_dicom_frames_in_fragments_are_left_to_openslide(series, change):
    rewrite(series, change)
    reader = readers.open_reader(series, file=facts_of(series), level=0, glass=GLASS)
    assert reader.name == "openslide"


def test_frames_that_are_missing_are_left_to_openslide(series):
    def change(data, frames):
        data.NumberOfFrames = len(frames) - 1
        return encaps.encapsulate(frames[:-1], has_bot=True)

    rewrite(series, change)
    reader = readers.open_reader(series, file=facts_of(series), level=0, glass=GLASS)
    assert reader.name == "openslide"


def test_a_level_in_two_files_is_left_to_openslide(series):
    """A copy here; a concatenation is told by the same."""
    series.with_name("copy.dcm").write_bytes(series.read_bytes())
    assert check_equal(series, ["openslide", "raw"]) == [False, True]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NumberOfFrames", 7),
        ("DimensionOrganizationType", "TILED"),
        ("Columns", 128),
        ("PhotometricInterpretation", "RGB"),
        ("TotalPixelMatrixColumns", 2000),
    ],
)
def test_a_dicom_header_that_lies(series, name, value):
    """OpenSlide refuses the slide, or both read the same."""

    def change(data, frames):
        setattr(data, name, value)
        return encaps.encapsulate(frames, has_bot=True)

    rewrite(series, change)
    try:
        file = facts_of(series)
    except SlideError:
        return
    level = next(k for k, each in enumerate(file.levels) if each.width_px > 450)
    reader, general = (
        readers.open_reader(series, file=file, level=level, glass=GLASS, prefer=prefer)
        for prefer in ("auto", "openslide")
    )
    for place in [(0, 0, 300, 300), (300, 400, 300, 300), (600, 500, 256, 200)]:
        try:
            theirs = general.read(*place).rgb
        except ReadError:
            with pytest.raises(ReadError):
                reader.read(*place)
        else:
            np.testing.assert_array_equal(reader.read(*place).rgb, theirs)


def test_dicom_offsets_that_lie(series):
    """A frame that is not where the table says is not read; OpenSlide may crash on it."""
    file = facts_of(series)
    data = bytearray(series.read_bytes())
    table = data.rindex(b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff\xfe\xff\0\xe0") + 20
    (third,) = struct.unpack_from("<I", data, table + 8)
    for wrong in (third + 2, third - 8):
        struct.pack_into("<I", data, table + 8, wrong)
        series.write_bytes(data)
        reader = raw_levels.open_level(series, file, 0, GLASS, 1)
        for x in (300, 600):  # its end is not where it was, either
            with pytest.raises(ReadError):
                reader.read(x, 10, 20, 20)
        assert reader.read(0, 300, 700, 300).absent is None
    struct.pack_into("<I", data, table + 8, 0xFFFFFFFF)
    series.write_bytes(data)
    with pytest.raises(Unsupported, match="table of offsets"):
        raw_levels.open_level(series, file, 0, GLASS, 1)


def test_damaged_dicom_headers_are_refused_and_nothing_else_happens(series, picture):
    """Every other outcome than a reader or `Unsupported` fails the test."""
    file = facts_of(series)
    whole = series.read_bytes()
    end = whole.rindex(b"\xe0\x7f\x10\0OB") + 400
    pick = random.Random(5)
    for attempt in range(150):
        data = bytearray(whole[: pick.randrange(end)] if attempt % 3 == 0 else whole)
        for _ in range(pick.randrange(1, 6)):
            data[pick.randrange(132, min(end, len(data) + 133)) % len(data)] = pick.randrange(256)
        series.write_bytes(data)
        with contextlib.suppress(Unsupported):
            raw_levels.open_level(series, file, 0, GLASS, 1).close()


@pytest.mark.parametrize(
    ("name", "levels"),
    [("multiframe_camelyon.dcm", 1), ("boxes_0.dcm", 1), ("test3-DAPI.ndpi", 7)],
)
def test_real_slides(name, levels):
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"needs ../shared/data/wsi/{name}")
    assert check_equal(path, ["raw"] * levels) == [True] * levels


def test_a_tiff_does_not_wait_for_pydicom(picture, tmp_path):
    path = tiled_formats.philips(tmp_path / "a.tiff", picture)
    code = (
        "import sys; from grossing.slide.raw_slide import RawSlide; import grossing.slide.readers\n"
        "with RawSlide(sys.argv[1]) as slide: slide.read_premultiplied(0, 0, 0, 9, 9)\n"
        "sys.exit('pydicom' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, path], cwd=SCRIPTS, check=True)
