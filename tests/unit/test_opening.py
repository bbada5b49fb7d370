"""Opening slides: pixels as OpenSlide gives them; unusable files with the reader's words."""

import damage
import make_slide
import numpy as np
import openslide
import pytest
from grossing.slide import opening
from grossing.support.errors import SlideError


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


@pytest.mark.parametrize(
    ("content", "kind", "remedy"),
    [
        (b"<!DOCTYPE html>\n<html><body>Please log in", "an HTML page", "download"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a", "Git LFS", "git lfs pull"),
        (b"PK\x03\x04" + bytes(600), "a ZIP archive", "unpack"),
        (b"\x1f\x8b\x08" + bytes(600), "a gzip archive", "unpack"),
        (b"MM\0*\0\0\0\x08" + bytes(600), "a big-endian TIFF", "little-endian"),
        (bytes(600), "starts with zeros", "copy the slide again"),
        (b"no slide", "Unsupported", "convert"),
        (b"MM\0+" + bytes(600), "Unsupported", "convert"),
    ],
)
def test_a_file_that_is_no_slide_is_named(tmp_path, content, kind, remedy):
    path = tmp_path / "a.svs"
    path.write_bytes(content)
    with pytest.raises(SlideError) as refused:
        opening.Slide(path)
    assert kind in refused.value.message
    assert remedy in refused.value.remedy


@pytest.mark.parametrize("side", [200_000, 2**31 - 1])
def test_an_index_that_lies_is_refused_before_anything_is_read(tmp_path, real_slide, side):
    make_slide.make_slide(real_slide, tmp_path / "a.svs", 1500, 1200)
    damage.absurd_dimensions(tmp_path / "a.svs", tmp_path / "b.svs", side_px=side)
    with pytest.raises(SlideError) as refused, opening.Slide(tmp_path / "b.svs") as slide:
        opening.check_size(slide)
    assert refused.value.code == "unreadable"
    assert str(tmp_path) not in str(refused.value)


def test_more_pixels_than_bytes_can_hold_are_refused(tmp_path, real_slide):
    damage.absurd_dimensions(real_slide, tmp_path / "a.svs", side_px=100_000)
    with (
        pytest.raises(SlideError, match="cannot hold"),
        opening.Slide(tmp_path / "a.svs") as s,
    ):
        opening.check_size(s)
