"""A stack of three focal planes, its fused slide as the workflow makes it, and its verdict."""

import openslide
import stages
from grossing.cohort import decide
from grossing.zstack import fused_slide
from grossing.zstack.options import FocusStackOptions
from stages import CONFIG, CRITERIA

OPTIONS = FocusStackOptions(**stages.section("focus_stack"))


def fuse(
    paths, output, names=("0", "1", "2"), given_mpp=None, given_stain="", mpp_from_objective=False
):
    return fused_slide.fuse(
        paths,
        names,
        output,
        slide_id="heap",
        given_mpp=given_mpp,
        given_stain=given_stain,
        mpp_from_objective=mpp_from_objective,
        focus_stack=OPTIONS,
        tissue=CONFIG["tissue"],
    )


def slides_of(folder):
    return [folder / f"{number}.tif" for number in range(3)]


def refused(fused, output, code):
    assert fused.record.refusal.code == code
    assert fused.blocks == ()
    assert fused.record.refusal.remedy
    with openslide.OpenSlide(output) as slide:
        assert slide.dimensions == (1, 1)
    return fused.record.refusal.message


def measured(path, stack, given_mpp=None, given_stain=""):
    return stages.measured(path, given_mpp, given_stain, slide_id="heap", stack=stack).record


def verdict(record):
    return decide.slide(record, CRITERIA)
