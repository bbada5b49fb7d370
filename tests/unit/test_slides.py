"""Opening and reading slides: whitelisted facts, resolution and its source, words of the reader."""

import damage
import make_slide
import numpy as np
import openslide
import pytest
from grossing.slide import opening
from grossing.support.errors import SlideError

PROPERTIES = {"openslide.mpp-x": "0.25", "openslide.mpp-y": "0.25"}


def test_facts_of_the_real_slide(real_slide):
    with opening.Slide(real_slide) as slide:
        facts, columns = opening.facts(slide), opening.description(slide)
    assert (facts.mpp, facts.mpp_source, facts.bounds) == (0.499, "file", (0, 0, 2220, 2967))
    assert (columns["vendor"], columns["objective"]) == ("aperio", 20)


def test_no_free_text_of_the_scanner_is_read(real_slide):
    with opening.Slide(real_slide) as slide:
        told = str(opening.description(slide)) + str(opening.facts(slide))
        texts = [
            slide.handle.properties[k] for k in ("aperio.User", "aperio.Date", "aperio.Filename")
        ]
    assert all(text not in told for text in texts)


def test_pixels_equal_read_region(real_slide):
    with opening.Slide(real_slide) as slide, openslide.OpenSlide(real_slide) as reference:
        ours = slide.read(0, 700, 1800, 301, 222, (255, 255, 255))
        theirs = np.asarray(reference.read_region((700, 1800), 0, (301, 222)).convert("RGB"))
    assert np.array_equal(ours, theirs)


def test_outside_the_picture_is_glass(real_slide):
    with opening.Slide(real_slide) as slide:
        ours = slide.read(0, 2200, 2900, 100, 100, (1, 2, 3))
    assert (ours[80:, 40:] == (1, 2, 3)).all()


@pytest.mark.parametrize(
    ("properties", "given", "infer", "expected"),
    [
        (PROPERTIES, None, False, (0.25, 0.25, "file")),
        (PROPERTIES, 0.5, False, (0.5, 0.5, "sheet")),
        ({"openslide.objective-power": "40"}, None, True, (0.25, 0.25, "objective")),
        (
            {
                "tiff.XResolution": "40000",
                "tiff.YResolution": "20000",
                "tiff.ResolutionUnit": "centimeter",
            },
            None,
            False,
            (0.25, 0.5, "tiff"),
        ),
        (
            {
                "tiff.XResolution": "50800",
                "tiff.YResolution": "50800",
                "tiff.ResolutionUnit": "inch",
            },
            None,
            False,
            (0.5, 0.5, "tiff"),
        ),
    ],
)
def test_resolution_and_its_source(properties, given, infer, expected):
    assert opening._resolution(properties, given, infer) == expected


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({}, "mpp_missing"),
        ({"openslide.objective-power": "40"}, "mpp_missing"),
        ({"openslide.mpp-x": "0", "openslide.mpp-y": "0"}, "mpp_missing"),
        ({"openslide.mpp-x": "nan", "openslide.mpp-y": "1"}, "mpp_missing"),
        ({"openslide.mpp-x": "352.78", "openslide.mpp-y": "352.78"}, "mpp_out_of_range"),
        ({"openslide.mpp-x": "0.25", "openslide.mpp-y": "0.01"}, "mpp_out_of_range"),
    ],
)
def test_no_or_absurd_resolution_is_refused_with_a_remedy(properties, code):
    with pytest.raises(SlideError, match="cohort sheet") as refused:
        opening._resolution(properties, None, False)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("content", "code"),
    [(None, "file_missing"), (b"", "unreadable"), (b"no slide", "unsupported")],
)
def test_unusable_files_say_what_they_are(tmp_path, content, code):
    path = tmp_path / "a.svs"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SlideError) as refused:
        opening.Slide(path)
    assert refused.value.code == code
    assert refused.value.remedy


@pytest.mark.parametrize("side", [3000, 20_000, 200_000, 2**31 - 1])
def test_an_index_that_lies_is_refused_before_anything_is_read(tmp_path, real_slide, side):
    make_slide.make_slide(real_slide, tmp_path / "a.svs", 1500, 1200)
    damage.absurd_dimensions(tmp_path / "a.svs", tmp_path / "b.svs", side_px=side)
    with pytest.raises(SlideError) as refused, opening.Slide(tmp_path / "b.svs") as slide:
        opening.check_index(slide)
    assert refused.value.code == "unreadable"
    assert str(tmp_path) not in str(refused.value)


def test_more_pixels_than_bytes_can_hold_are_refused(tmp_path, real_slide):
    damage.absurd_dimensions(real_slide, tmp_path / "a.svs", side_px=100_000)
    with (
        pytest.raises(SlideError, match="cannot hold"),
        opening.Slide(tmp_path / "a.svs") as s,
    ):
        opening.check_index(s)


@pytest.mark.parametrize(
    ("downsamples", "wanted", "level"),
    [([1, 4, 16], 2, 0), ([1, 4.0001, 16], 4, 1), ([1, 2, 4], 3.9, 1), ([1, 4, 16], 0.5, 0)],
)
def test_level_is_the_coarsest_that_is_fine_enough(downsamples, wanted, level):
    assert opening.level_for(downsamples, wanted) == level
