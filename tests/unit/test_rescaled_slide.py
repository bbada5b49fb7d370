"""A slide rescaled to the target resolution, as OpenSlide reads it."""

import cv2
import make_slide
import numpy as np
import openslide
import pytest
from grossing.tiles import rescaled_slide
from scores import psnr
from stages import TARGET, measured

PASSED = {"passed": True, "quality": 90, **TARGET}


def test_rescaled_slide_opens_at_the_target_resolution(at_40x, tmp_path):
    rescaled_slide.rescale(at_40x, measured(at_40x).record, tmp_path / "a.tif", **PASSED)
    with openslide.OpenSlide(tmp_path / "a.tif") as slide, openslide.OpenSlide(at_40x) as source:
        assert slide.dimensions == (1500, 1200)
        assert slide.level_count > 1
        assert float(slide.properties["openslide.mpp-x"]) == pytest.approx(0.5, rel=1e-4)
        ours = np.asarray(slide.read_region((0, 0), 0, (1500, 1200)).convert("RGB"))
        theirs = np.asarray(source.read_region((0, 0), 0, (3000, 2400)).convert("RGB"))
    assert psnr(ours, cv2.resize(theirs, (1500, 1200), interpolation=cv2.INTER_AREA)) > 30


def test_nothing_of_the_source_is_in_the_file(at_40x, tmp_path):
    rescaled_slide.rescale(at_40x, measured(at_40x).record, tmp_path / "a.tif", **PASSED)
    data = (tmp_path / "a.tif").read_bytes()
    assert not any(str(value).encode() in data for value in make_slide.PERSONAL.values())
    with openslide.OpenSlide(tmp_path / "a.tif") as slide:
        assert "tiff.ImageDescription" not in slide.properties
        assert not slide.associated_images


def test_a_slide_at_the_target_keeps_its_size(real_slide, real, tmp_path):
    rescaled_slide.rescale(real_slide, real.record, tmp_path / "a.tif", **PASSED)
    with openslide.OpenSlide(tmp_path / "a.tif") as slide:
        assert slide.dimensions == (2220, 2967)
        assert float(slide.properties["openslide.mpp-x"]) == pytest.approx(0.499, rel=1e-4)


def test_a_slide_that_did_not_pass_is_one_pixel(real_slide, real, tmp_path):
    refused = PASSED | {"passed": False}
    rescaled_slide.rescale(real_slide, real.record, tmp_path / "a.tif", **refused)
    with openslide.OpenSlide(tmp_path / "a.tif") as slide:
        assert slide.dimensions == (1, 1)
