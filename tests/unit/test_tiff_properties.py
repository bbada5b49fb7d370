"""Slides whose tags OpenSlide ignores or shows wrongly: measured whole, refused with the cause."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import odd_tiff
import openslide
import pytest
import pyvips
from grossing.cohort import decide
from grossing.measure import colours
from grossing.slide import facts, opening, tiff_properties
from grossing.support.errors import SlideError
from grossing.support.records import Refusal
from PIL import Image
from stages import CRITERIA, measured

REGION = (slice(900, 2100), slice(300, 1500))
GREY_PAGE: dict[str, Any] = {"photometric": "minisblack"}


@pytest.fixture(scope="module")
def picture(real_slide: Path) -> np.ndarray:
    """(1200, 1200, 3) of the real slide: tissue and some glass."""
    with openslide.OpenSlide(real_slide) as slide:
        whole = np.asarray(slide.read_region((0, 0), 0, slide.dimensions).convert("RGB"))
    return np.ascontiguousarray(whole[REGION])


def refusal(path: Path, stain: str = "") -> Refusal:
    found = measured(path, stain=stain).record.refusal
    assert found is not None
    assert found.remedy
    return found


def is_tiled(path: Path, stain: str = "") -> bool:
    verdict = decide.slide(measured(path, stain=stain).record, CRITERIA)
    return verdict.status in decide.TILED


def oriented(path: Path, picture: np.ndarray, value: int) -> Path:
    return odd_tiff.write(path, [picture], extratags=[(274, "H", 1, value, True)])


# Orientation


@pytest.mark.parametrize("value", range(2, 9))
def test_a_turned_or_mirrored_picture_is_refused(
    picture: np.ndarray, tmp_path: Path, value: int
) -> None:
    found = refusal(oriented(tmp_path / "a.tif", picture, value))
    assert found.code == "unsupported_orientation"
    assert f"Orientation is {value}" in found.message


@pytest.mark.parametrize("value", [0, 1, 9])
def test_other_values_of_orientation_mean_nothing(
    picture: np.ndarray, tmp_path: Path, value: int
) -> None:
    assert is_tiled(oriented(tmp_path / "a.tif", picture, value))


def test_the_orientation_of_a_jpeg_and_of_a_smaller_level_counts(
    picture: np.ndarray, tmp_path: Path
) -> None:
    half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    levels = [picture, np.asarray(half, np.uint8)]
    path = odd_tiff.write(tmp_path / "a.tif", levels, extratags=[(274, "H", 1, 1, True)])
    assert is_tiled(path)
    assert refusal(odd_tiff.with_tag(path, 274, 3, page=1)).code == "unsupported_orientation"


def test_the_remedies_for_orientation_work(picture: np.ndarray, tmp_path: Path) -> None:
    path = oriented(tmp_path / "a.tif", picture, 3)
    turned = pyvips.Image.new_from_file(str(path)).autorot()
    options = {"tile": True, "pyramid": True, "compression": "jpeg", "Q": 90}
    turned.tiffsave(str(tmp_path / "turned.tif"), **options)
    assert is_tiled(tmp_path / "turned.tif")
    with openslide.OpenSlide(tmp_path / "turned.tif") as slide:
        shown = np.asarray(slide.read_region((0, 0), 0, (1200, 1200)).convert("RGB"), int)
    assert np.abs(shown - picture[::-1, ::-1]).mean() < 5  # about 40 where it is not turned
    assert is_tiled(odd_tiff.with_tag(path, 274, 1))


# Samples


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("f2", "16-bit floating point samples"),
        ("f4", "32-bit floating point samples"),
        ("f8", "64-bit floating point samples"),
        ("i1", "8-bit signed samples"),
        ("u4", "32-bit samples"),
    ],
)
def test_samples_that_are_not_shown_as_they_are_meant_are_refused(
    picture: np.ndarray, tmp_path: Path, kind: str, message: str
) -> None:
    found = refusal(odd_tiff.write(tmp_path / "a.tif", [(picture // 2).astype(kind)]))
    assert (found.code, found.message) == ("unsupported_samples", message)


@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha", "unspecified"])
def test_alpha_that_is_0_everywhere_is_not_a_blank_slide(
    picture: np.ndarray, tmp_path: Path, kind: str
) -> None:
    clear = np.dstack([picture, np.zeros_like(picture[..., :1])])
    found = refusal(odd_tiff.write(tmp_path / "a.tif", [clear], extrasamples=[kind]))
    assert (found.code, "alpha" in found.message) == ("unsupported_samples", True)


def test_a_slide_without_any_stored_tile_was_not_scanned(
    picture: np.ndarray, tmp_path: Path
) -> None:
    path = odd_tiff.without_tiles(odd_tiff.write(tmp_path / "a.tif", [picture]))
    assert refusal(path).code == "nothing_scanned"


def test_five_samples_are_refused(picture: np.ndarray, tmp_path: Path) -> None:
    five = np.dstack([picture, picture[..., :2]])
    path = odd_tiff.write(tmp_path / "a.tif", [five], extrasamples=["unspecified"] * 2)
    assert refusal(path).message == "5 samples per pixel"


def test_what_is_unusual_and_shown_rightly_is_used(picture: np.ndarray, tmp_path: Path) -> None:
    opaque = np.dstack([picture, np.full_like(picture[..., :1], 255)])
    ink = np.asarray(Image.fromarray(picture).convert("CMYK"))
    palette = Image.fromarray(picture).quantize(256)
    colours_of = np.zeros((3, 256), np.uint16)
    entries = np.array(palette.getpalette(), np.uint16).reshape(-1, 3).T * 257
    colours_of[:, : entries.shape[1]] = entries
    planes = np.ascontiguousarray(picture.transpose(2, 0, 1))
    unusual: dict[str, tuple[np.ndarray, dict[str, Any]]] = {
        "u16": (picture.astype(np.uint16) * 257, {}),
        "alpha": (opaque, {"extrasamples": ["unassalpha"]}),
        "cmyk": (ink, {"photometric": "separated"}),
        "planar": (planes, {"planarconfig": "separate"}),
        "palette": (np.asarray(palette), {"photometric": "palette", "colormap": colours_of}),
    }
    for name, (stored, options) in unusual.items():
        path = odd_tiff.write(tmp_path / f"{name}.tif", [stored], **options)
        assert is_tiled(path), name
        with openslide.OpenSlide(path) as slide:
            shown = np.asarray(slide.read_region((0, 0), 0, (1200, 1200)).convert("RGB"), int)
        assert np.abs(shown - picture).mean() < 5, name


# Colour


def test_grey_is_refused_in_brightfield_only(picture: np.ndarray, tmp_path: Path) -> None:
    grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
    one = odd_tiff.write(tmp_path / "one.tif", [grey], **GREY_PAGE)
    assert refusal(one).message == "not colour: one grey channel"
    assert measured(one, stain="DAPI").record.refusal is None
    three = odd_tiff.write(tmp_path / "three.tif", [np.dstack([grey] * 3)])
    assert refusal(three).code == "unsupported_colour"
    channels = [picture[..., band] for band in range(3)]
    path = odd_tiff.write(tmp_path / "pages.tif", channels, subfiletype=0, **GREY_PAGE)
    assert refusal(path).message == "not colour: 3 pages of one grey channel each"


def test_glass_alone_is_not_taken_for_grey(tmp_path: Path) -> None:
    blank = np.full((600, 600, 3), 240, np.uint8)
    blank[:100] = 0
    found = measured(odd_tiff.write(tmp_path / "a.tif", [blank]))
    assert found.record.refusal is None


@pytest.mark.parametrize("planes", ["contig", "separate"])
def test_three_samples_called_grey_are_refused_until_the_tag_is_corrected(
    picture: np.ndarray, tmp_path: Path, planes: str
) -> None:
    stored = picture if planes == "contig" else picture.transpose(2, 0, 1)
    stored = np.ascontiguousarray(stored)
    path = odd_tiff.write(tmp_path / "a.tif", [stored], planarconfig=planes, **GREY_PAGE)
    found = refusal(path)
    assert (found.code, "tiffset -s 262 2" in found.remedy) == ("unsupported_colour", True)


@pytest.mark.parametrize("space", ["cielab", "icclab"])
def test_other_colour_spaces_are_refused(picture: np.ndarray, tmp_path: Path, space: str) -> None:
    found = refusal(odd_tiff.write(tmp_path / "a.tif", [picture], photometric=space))
    assert found.code == "unsupported_colour"


@pytest.mark.parametrize("markers", [True, False])
@pytest.mark.parametrize("keep_rgb", [True, False])
def test_a_tag_that_contradicts_the_jpeg_data_is_refused_until_it_is_corrected(
    picture: np.ndarray, tmp_path: Path, keep_rgb: bool, markers: bool
) -> None:
    wrong = "ycbcr" if keep_rgb else "rgb"
    path = odd_tiff.write_jpeg(
        tmp_path / "a.svs", picture, wrong, markers=markers, keep_rgb=keep_rgb
    )
    found = refusal(path)
    assert (found.code, "wrong colour space" in found.message) == ("unsupported_colour", True)
    number = 2 if keep_rgb else 6
    assert f"{number} " in found.remedy
    assert is_tiled(odd_tiff.with_tag(path, 262, number))


def test_ycbcr_samples_shown_as_rgb_are_seen_in_any_codec(
    picture: np.ndarray, tmp_path: Path
) -> None:
    ycbcr = np.ascontiguousarray(cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb)[..., [0, 2, 1]])
    assert refusal(odd_tiff.write(tmp_path / "a.tif", [ycbcr])).code == "unsupported_colour"


def test_without_glass_the_markers_of_the_data_count(picture: np.ndarray) -> None:
    tissue = np.full((100, 100, 3), (150, 60, 140), np.uint8)
    everywhere = np.ones((100, 100), bool)
    assert colours.misread(tissue, everywhere, None) is None
    assert colours.misread(tissue, everywhere, "they differ") == "they differ"
    assert colours.misread(picture, np.ones(picture.shape[:2], bool), "they differ") is None


# Files that are not read by tags


def test_a_tiff_in_strips_is_named(picture: np.ndarray, tmp_path: Path) -> None:
    path = odd_tiff.write(tmp_path / "a.tif", [picture], tile=None)
    assert refusal(path).message == "a TIFF in strips, not in tiles"


def test_a_tiff_whose_directory_was_not_copied_is_not_called_one_in_strips(
    picture: np.ndarray, tmp_path: Path
) -> None:
    path = odd_tiff.write(tmp_path / "a.tif", [picture])
    path.write_bytes(path.read_bytes()[:8] + bytes(path.stat().st_size - 8))
    assert "strips" not in refusal(path).message


@pytest.mark.parametrize("number", [6, 34712, 34887, 50001, 60000])
def test_a_compression_is_named(picture: np.ndarray, tmp_path: Path, number: int) -> None:
    found = refusal(odd_tiff.with_tag(odd_tiff.write(tmp_path / "a.tif", [picture]), 259, number))
    assert found.code == "unsupported_compression"
    names = {34712: "34712 (JPEG2000)", 50001: "50001 (WEBP)"}
    assert names.get(number, str(number)) in found.message


def test_damaged_directories_are_left_to_openslide(picture: np.ndarray, tmp_path: Path) -> None:
    """Every byte of the directory in turn: whatever happens is a verdict."""
    path = oriented(tmp_path / "a.tif", picture[:300, :300], 1)
    with opening.Slide(path) as slide:
        file = facts.file_facts(slide)
    with odd_tiff.opened(path) as tiff:
        start = tiff.pages[0].offset
    data = path.read_bytes()
    seen = set()
    for at in range(start, min(start + 200, len(data))):
        damaged = bytearray(data)
        damaged[at] ^= 0xFF
        path.write_bytes(damaged)
        try:
            seen.add(tiff_properties.check(path, file, dark=False).contradiction)
        except SlideError as error:
            seen.add(error.code)
    assert seen > {None, "unsupported_colour"}
    other = tmp_path / "a.txt"
    other.write_text("no TIFF")
    assert tiff_properties.check(other, file, dark=False) == tiff_properties.TiffProperties()
    assert not tiff_properties.is_in_strips(other)


def test_real_slides_have_none_of_it(real_slide: Path) -> None:
    with opening.Slide(real_slide) as slide:
        found = tiff_properties.check(real_slide, facts.file_facts(slide), dark=False)
    assert found == tiff_properties.TiffProperties()


# depth


@pytest.mark.parametrize(("bits", "stain"), [(10, ""), (12, ""), (14, ""), (12, "DAPI")])
def test_few_bits_in_samples_of_16_are_told_with_how_to_stretch_them(
    picture: np.ndarray, tmp_path: Path, bits: int, stain: str
) -> None:
    deep = picture.astype(np.uint16) << (bits - 8)
    found = refusal(odd_tiff.write(tmp_path / "a.tif", [deep]), stain)
    assert found.code == "unsupported_samples"
    assert f"values below {1 << bits}" in found.message
    assert f"{1 / (1 << bits - 8):g} 0 --uchar" in found.remedy


def test_all_of_16_bits_and_a_dark_slide_of_8_bits_are_judged(
    picture: np.ndarray, tmp_path: Path
) -> None:
    assert is_tiled(odd_tiff.write(tmp_path / "a.tif", [picture.astype(np.uint16) << 8]))
    dark = measured(odd_tiff.write(tmp_path / "b.tif", [picture >> 4])).record
    assert decide.slide(dark, CRITERIA).reasons == ("not_brightfield=15<90",)


@pytest.mark.parametrize("shape", [(3, 3), (3, 900), (900, 3)])
def test_a_few_pixels_are_called_that(
    picture: np.ndarray, tmp_path: Path, shape: tuple[int, int]
) -> None:
    found = refusal(odd_tiff.write(tmp_path / "a.tif", [picture[: shape[0], : shape[1]]]))
    assert found.code == "nothing_scanned"
    assert f"{shape[1]}x{shape[0]} px are too few" in found.message
