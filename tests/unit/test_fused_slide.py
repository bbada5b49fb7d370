"""Stacks as files: planes that are slides or pages, registration, the fused slide."""

import dataclasses
from pathlib import Path

import cv2
import make_stack
import numpy as np
import openslide
import pytest
import stages
from fused_stacks import fuse, measured, refused, slides_of, verdict
from grossing.cohort import decide
from grossing.slide.stack_record import StackRecord
from grossing.support import tables
from grossing.zstack import fusion
from grossing.zstack.block_grid import BlockGrid
from PIL import Image
from scores import psnr
from stages import CRITERIA


def check_fused(fused, path, sharp, truth, pictures):
    with openslide.OpenSlide(path) as slide:
        assert slide.dimensions == sharp.shape[1::-1]
        assert slide.level_count > 1
        assert float(slide.properties["openslide.mpp-x"]) == pytest.approx(0.499, rel=1e-3)
        assert slide.properties["openslide.level[0].tile-width"] == "256"
        picture = np.asarray(slide.read_region((0, 0), 0, slide.dimensions).convert("RGB"))
    assert psnr(picture, sharp) > max(psnr(plane, sharp) for plane in pictures) + 2
    side = fused.record.fused.block_px
    wrong = 0
    for block in (block for block in fused.blocks if block.tissue_fraction > 0.5):
        x, y = block.x_level0_px, block.y_level0_px
        wrong += abs(truth[y : y + side, x : x + side].mean() - block.plane) > 0.75
    assert wrong <= 0.03 * len(fused.blocks)
    assert sum(plane.blocks for plane in fused.record.planes) == fused.record.fused.tissue_blocks
    assert fused.record.fused.measured_blocks <= fused.record.fused.tissue_blocks
    assert [(block.row, block.col) for block in fused.blocks] == sorted(
        (block.row, block.col) for block in fused.blocks
    )
    assert fused.heatmap.shape[1] > 400


def test_planes_that_are_slides(stack_files, sharp, truth, stack_pictures, tmp_path):
    fused = fuse(slides_of(stack_files), tmp_path / "a.tif")
    assert fused.record.refusal is None
    assert fused.record.fused.block_px == 120  # half a stored tile, near 64 um
    check_fused(fused, tmp_path / "a.tif", sharp, truth, stack_pictures)


def test_planes_that_are_pages_of_one_tiff(stack_files, sharp, truth, stack_pictures, tmp_path):
    fused = fuse([stack_files / "pages.tif"], tmp_path / "a.tif", names=())
    assert fused.record.refusal is None
    assert [plane.plane for plane in fused.record.planes] == ["0", "1", "2"]
    check_fused(fused, tmp_path / "a.tif", sharp, truth, stack_pictures)


def test_files_of_a_stack_are_read_back_as_they_were(stack_files, tmp_path):
    paths = {name: tmp_path / f"a.{name}" for name in ("heatmap", "blocks", "facts")}
    for names in (("0", "1", "2"), ("0", "1", "gone")):
        stack = fuse(
            [stack_files / f"{name}.tif" for name in names], tmp_path / "a.tif", names=names
        )
        stack.write(type("To", (), {name: str(path) for name, path in paths.items()}))
        assert StackRecord.read(paths["facts"]) == stack.record
        table = tables.read(paths["blocks"])
        assert table.column("plane").to_pylist() == [block.plane for block in stack.blocks]
        assert set(table.column("slide_id").to_pylist()) <= {"heap"}
        with Image.open(paths["heatmap"]) as picture:
            assert picture.size == stack.heatmap.shape[1::-1]


def test_the_same_planes_give_the_same_bytes(stack_files, tmp_path):
    one, two = (fuse(slides_of(stack_files), tmp_path / f"{name}.tif") for name in "ab")
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    assert one.record == two.record
    assert one.blocks == two.blocks


def test_streaming_equals_the_library_call(stack_files, tmp_path):
    """The file holds, but for JPEG, what `fuse_planes` makes of the planes in memory."""
    fused = fuse(slides_of(stack_files), tmp_path / "a.tif")
    decoded = [make_stack.region(path) for path in slides_of(stack_files)]
    side = fused.record.fused.block_px
    shape = BlockGrid(*decoded[0].shape[1::-1], side).shape
    shares = np.array([block.tissue_fraction for block in fused.blocks]).reshape(shape)
    picture, chosen = fusion.fuse_planes(decoded, side, tissue_fraction=shares)
    assert [block.plane for block in fused.blocks] == chosen.ravel().tolist()
    assert psnr(make_stack.region(tmp_path / "a.tif"), picture) > 34


def test_a_shifted_plane_is_refused_with_its_shift(stack_files, stack_pictures, tmp_path):
    make_stack.write_plane(np.roll(stack_pictures[2], (-3, 5), (0, 1)), tmp_path / "moved.tif")
    paths = [*slides_of(stack_files)[:2], tmp_path / "moved.tif"]
    message = refused(fuse(paths, tmp_path / "a.tif"), tmp_path / "a.tif", "unregistered")
    assert message == "plane 2 is shifted by 5.0, -3.0 px against plane 1 (limit 2 px)"


def test_a_shift_of_one_pixel_is_accepted_and_stated(stack_files, stack_pictures, tmp_path):
    make_stack.write_plane(np.roll(stack_pictures[2], 1, 1), tmp_path / "near.tif")
    fused = fuse([*slides_of(stack_files)[:2], tmp_path / "near.tif"], tmp_path / "a.tif")
    assert fused.record.refusal is None
    assert fused.record.planes[2].shift_x_px == pytest.approx(1, abs=0.3)


def warped(picture, matrix):
    size = picture.shape[1::-1]
    return cv2.warpAffine(
        picture, np.array(matrix, float), size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )


def with_third(stack_files, picture, tmp_path):
    """The stack with another third plane: what is recorded of it, and the slide's verdict."""
    make_stack.write_plane(picture, tmp_path / "third.tif", quality=95)
    fused = fuse([*slides_of(stack_files)[:2], tmp_path / "third.tif"], tmp_path / "a.tif").record
    assert fused.refusal is None
    shown = stages.measured(tmp_path / "a.tif", stack=fused).record
    return fused.planes[2], decide.slide(shown, CRITERIA)


def test_matched_planes_pass_with_what_was_done_in_the_record(
    stack_files, stack_pictures, tmp_path
):
    exposed = (stack_pictures[2] * np.array([0.9, 0.86, 0.95])).round().astype(np.uint8)
    moved = warped(exposed, [[1, 0, 1.5], [0, 1, -0.8]])
    plane, verdict = with_third(stack_files, moved, tmp_path)
    assert (plane.shift_x_px, plane.shift_y_px) == pytest.approx((1.5, -0.8), abs=0.1)
    found = (plane.gain_r, plane.gain_g, plane.gain_b)
    assert found == pytest.approx((1 / 0.9, 1 / 0.86, 1 / 0.95), rel=0.01)
    assert plane.shift_left_px < 0.1
    assert plane.light_left < 0.02
    assert "plane_" not in (verdict.text or "")


def test_a_turned_plane_is_reviewed_with_what_is_left_of_its_shift(
    stack_files, stack_pictures, tmp_path
):
    height, width = stack_pictures[2].shape[:2]
    turned = warped(stack_pictures[2], cv2.getRotationMatrix2D((width / 2, height / 2), 0.15, 1))
    plane, verdict = with_third(stack_files, turned, tmp_path)
    assert verdict.status == "REVIEW"
    assert f"plane_shift={plane.shift_left_px:.4g}>0.5" in verdict.reasons


def test_a_plane_of_uneven_light_is_reviewed_with_the_difference(
    stack_files, stack_pictures, tmp_path
):
    fading = np.linspace(0.7, 1.0, stack_pictures[2].shape[1])[None, :, None]
    plane, verdict = with_third(
        stack_files, (stack_pictures[2] * fading).astype(np.uint8), tmp_path
    )
    assert verdict.status == "REVIEW"
    assert f"plane_light={plane.light_left:.4g}>0.03" in verdict.reasons


def test_clipped_tissue_gets_the_light_of_the_middle_plane(stack_files, stack_pictures, tmp_path):
    brighter = (stack_pictures[2] * 1.25).clip(0, 255).astype(np.uint8)
    plane, verdict = with_third(stack_files, brighter, tmp_path)
    assert plane.gain_g == pytest.approx(1 / 1.25, rel=0.02)
    assert "plane_" not in (verdict.text or "")


def test_a_plane_without_its_own_light_is_reviewed(stack_files, stack_pictures, tmp_path):
    """Red is clipped everywhere, so that its gain is not known."""
    red = stack_pictures[2].copy()
    red[..., 0] = 255
    plane, verdict = with_third(stack_files, red, tmp_path)
    assert verdict.status == "REVIEW"
    assert f"plane_light={plane.light_left:.4g}>0.03" in verdict.reasons


def test_a_plane_too_dark_is_refused_with_its_light(stack_files, stack_pictures, tmp_path):
    make_stack.write_plane((stack_pictures[2] * 0.4).astype(np.uint8), tmp_path / "dark.tif")
    paths = [*slides_of(stack_files)[:2], tmp_path / "dark.tif"]
    message = refused(fuse(paths, tmp_path / "a.tif"), tmp_path / "a.tif", "planes_differ")
    assert message.startswith("plane 2 is 0.4")
    assert message.endswith("as plane 1 (limit 2)")


@pytest.mark.parametrize("level", [0, 243, 255])
def test_an_empty_middle_plane_is_no_blank_slide(stack_files, stack_pictures, tmp_path, level):
    make_stack.write_plane(np.full_like(stack_pictures[1], level), tmp_path / "empty.tif")
    one, _, three = slides_of(stack_files)
    fused = fuse([one, tmp_path / "empty.tif", three], tmp_path / "a.tif")
    message = refused(fused, tmp_path / "a.tif", "unregistered")
    assert message == "plane 1 shows no tissue and plane 0 does"


def test_another_picture_is_refused(stack_files, sharp, tmp_path):
    make_stack.write_plane(np.ascontiguousarray(sharp[::-1]), tmp_path / "other.tif")
    paths = [*slides_of(stack_files)[:2], tmp_path / "other.tif"]
    message = refused(fuse(paths, tmp_path / "a.tif"), tmp_path / "a.tif", "unregistered")
    assert message == "plane 2 shows something else than plane 1, or is too blurred to compare"


def test_planes_of_other_size_or_resolution_are_refused(stack_files, stack_pictures, tmp_path):
    make_stack.write_plane(np.ascontiguousarray(stack_pictures[2][:-240]), tmp_path / "small.tif")
    make_stack.write_plane(stack_pictures[2], tmp_path / "coarse.tif", mpp=0.6)
    for name, size in (("small", "1300x960 px of 0.499 um"), ("coarse", "1300x1200 px of 0.6 um")):
        paths = [*slides_of(stack_files)[:2], tmp_path / f"{name}.tif"]
        message = refused(fuse(paths, tmp_path / "a.tif"), tmp_path / "a.tif", "planes_differ")
        assert message == f"plane 0 has 1300x1200 px of 0.499 um, plane 2 has {size}"


def test_the_resolution_is_that_of_the_planes(stack_pictures, tmp_path):
    """The fused file is ours: what it says of its resolution is not the scanner's word."""
    for number, picture in enumerate(stack_pictures):
        image = make_stack._image(picture, 0.5).copy(yres=1000 / 0.6)
        image.tiffsave(
            str(tmp_path / f"{number}.tif"), tile=True, tile_width=240, tile_height=240,
            compression="jpeg", resunit="cm",
        )  # fmt: skip
    fused = fuse(slides_of(tmp_path), tmp_path / "a.tif")
    record = measured(tmp_path / "a.tif", fused.record)
    plain = measured(tmp_path / "1.tif", None)
    assert record.resolution == plain.resolution
    assert record.file.objective == plain.file.objective
    assert record.resolution.anisotropic
    fine = dataclasses.replace(record.resolution, mpp=0.5)
    judged = verdict(dataclasses.replace(record, resolution=fine))
    assert judged.reasons[-1] == "anisotropic"


def test_a_resolution_from_the_objective_stays_one(real_slide, tmp_path):
    for number in range(2):
        silent = Path(real_slide).read_bytes().replace(b"|MPP = ", b"|XPP = ")
        (tmp_path / f"{number}.svs").write_bytes(silent)
    paths = [tmp_path / "0.svs", tmp_path / "1.svs"]
    fused = fuse(paths, tmp_path / "a.tif", names=("0", "1"), mpp_from_objective=True)
    record = measured(tmp_path / "a.tif", fused.record)
    assert (record.resolution.mpp_source, record.file.objective) == ("objective", 20)


def test_a_blank_stack_is_fused_without_a_look(tmp_path):
    glass = np.full((600, 700, 3), 243, np.uint8)
    for number in range(3):
        make_stack.write_plane(glass, tmp_path / f"{number}.tif")
    fused = fuse(slides_of(tmp_path), tmp_path / "a.tif")
    assert fused.record.refusal is None
    assert fused.record.fused.measured_blocks == 0
    assert {block.plane for block in fused.blocks} == {1}
    assert {plane.shift_x_px for plane in fused.record.planes} == {None}
