"""DICOM slides in JPEG tiles: OpenSlide's pixels, or OpenSlide itself."""

import contextlib
import random
import struct

import make_stack
import make_tagged_dicom
import numpy as np
import pydicom
import pytest
from grossing.slide import raw_levels, readers
from grossing.support.errors import ReadError, SlideError, Unsupported
from pydicom import encaps
from two_readers import GLASS, check_levels, facts_of


@pytest.fixture(scope="module")
def picture(real_slide):
    return np.ascontiguousarray(make_stack.region(real_slide)[300:1000, :900])


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
    assert check_levels(series, ["raw", "raw"]) == [True, True]


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
    assert check_levels(series, ["openslide", "raw"]) == [False, True]


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
