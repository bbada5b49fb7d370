"""What a slide's file states: whitelisted facts, resolution and where it comes from."""

import math

import damage
import make_slide
import pytest
from grossing.slide import facts, opening
from grossing.slide.record import Bounds
from grossing.support.errors import SlideError

PROPERTIES = {"openslide.mpp-x": "0.25", "openslide.mpp-y": "0.25"}


def test_facts_of_the_real_slide(real_slide):
    with opening.Slide(real_slide) as slide:
        file, resolution = facts.file_facts(slide), facts.resolution(slide)
    assert (file.vendor, file.objective, file.bounds) == ("aperio", 20, Bounds(0, 0, 2220, 2967))
    assert (resolution.mpp, resolution.mpp_source) == (0.499, "file")
    assert not resolution.anisotropic


@pytest.mark.parametrize("side", [3000, 20_000])
def test_a_level_that_has_another_shape_than_level_0_is_not_trusted(tmp_path, real_slide, side):
    make_slide.make_slide(real_slide, tmp_path / "a.svs", 1500, 1200)
    damage.absurd_dimensions(tmp_path / "a.svs", tmp_path / "b.svs", side_px=side)
    for name, trusted in (("a", True), ("b", False)):
        with opening.Slide(tmp_path / f"{name}.svs") as slide:
            file = facts.file_facts(slide)
        assert len(file.levels) > 1
        assert {level.trusted for level in file.levels[1:]} == {trusted}
        assert file.levels[0].trusted
        assert [d < math.inf for d in file.downsamples[1:]] == [trusted] * len(file.levels[1:])


def test_no_free_text_of_the_scanner_is_read(real_slide):
    with opening.Slide(real_slide) as slide:
        stated = str(facts.file_facts(slide)) + str(facts.resolution(slide))
        properties = slide.handle.properties
        texts = [properties[f"aperio.{name}"] for name in ("User", "Date", "Filename")]
    assert all(text and text not in stated for text in texts)


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
    assert facts._resolution(properties, given, infer) == expected


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
        facts._resolution(properties, None, False)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("downsamples", "wanted", "level"),
    [([1, 4, 16], 2, 0), ([1, 4.0001, 16], 4, 1), ([1, 2, 4], 3.9, 1), ([1, 4, 16], 0.5, 0)],
)
def test_level_is_the_coarsest_that_is_fine_enough(downsamples, wanted, level):
    assert facts.level_for(downsamples, wanted) == level
