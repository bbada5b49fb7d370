"""A slide of one level whose colours are not those of its own thumbnail is refused."""

from pathlib import Path

import numpy as np
import openslide
import pytest
from fuzz.variants import Variant
from grossing.measure import embedded_thumbnail
from grossing.slide import opening
from grossing.support.errors import SlideError
from stages import measured


def thumbnail(path: Path) -> np.ndarray:
    with openslide.OpenSlide(path) as slide:
        return np.asarray(slide.associated_images["thumbnail"].convert("RGB"))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_other_quantisation_tables_are_refused(real_slide: Path, tmp_path: Path, seed: int) -> None:
    path = tmp_path / "slide.svs"
    Variant("aperio_single", "tables_quantisation", seed).write(real_slide, path)
    refusal = measured(path).record.refusal
    assert refusal is not None
    assert refusal.code == "levels_disagree"
    assert "thumbnail" in refusal.message


def test_a_sound_slide_is_not(real_slide: Path) -> None:
    assert measured(real_slide).record.refusal is None


@pytest.mark.parametrize("other", ["another picture", "another field", "black"])
def test_a_thumbnail_of_something_else_says_nothing(real_slide: Path, other: str) -> None:
    shown = thumbnail(real_slide)
    overview = {
        "another picture": shown[::-1],
        "another field": np.clip(shown[: len(shown) // 2] * 0.5, 0, 255).astype(np.uint8),
        "black": np.zeros_like(shown),
    }[other]
    with opening.Slide(real_slide) as slide:
        embedded_thumbnail.check(slide, overview)


def test_the_same_picture_in_other_colours_is_refused(real_slide: Path) -> None:
    with opening.Slide(real_slide) as slide, pytest.raises(SlideError, match="thumbnail by"):
        embedded_thumbnail.check(slide, thumbnail(real_slide) // 2 + 20)
