"""Stacks as files: planes that are slides or pages, registration, refusals, the fused slide."""

import dataclasses
import shutil
from pathlib import Path

import cv2
import damage
import make_stack
import numpy as np
import openslide
import pytest
import stages
import tifffile
from grossing.cohort import decide
from grossing.slide.stack_record import StackRecord
from grossing.support import tables
from grossing.zstack import fused_slide, fusion, planes
from grossing.zstack.block_grid import BlockGrid
from grossing.zstack.options import FocusStackOptions
from PIL import Image
from scores import psnr
from stages import CONFIG, CRITERIA

OPTIONS = FocusStackOptions(**stages.section("focus_stack"))


@pytest.fixture(scope="module")
def sharp(real_slide):
    return np.ascontiguousarray(make_stack.region(real_slide)[1200:2400, 500:1800])


@pytest.fixture(scope="module")
def truth(sharp):
    return make_stack.heights(*sharp.shape[:2], 3, waves=0.4)


@pytest.fixture(scope="module")
def pictures(sharp, truth):
    return make_stack.defocused(sharp, truth, 3)


@pytest.fixture(scope="module")
def files(pictures, tmp_path_factory):
    folder = tmp_path_factory.mktemp("planes")
    for number, picture in enumerate(pictures):
        make_stack.write_plane(picture, folder / f"{number}.tif", quality=95)
    make_stack.write_pages(pictures, folder / "pages.tif")
    return folder


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


def slides_of(files):
    return [files / f"{number}.tif" for number in range(3)]


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


def test_planes_that_are_slides(files, sharp, truth, pictures, tmp_path):
    fused = fuse(slides_of(files), tmp_path / "a.tif")
    assert fused.record.refusal is None
    assert fused.record.fused.block_px == 120  # half a stored tile, near 64 um
    check_fused(fused, tmp_path / "a.tif", sharp, truth, pictures)


def test_planes_that_are_pages_of_one_tiff(files, sharp, truth, pictures, tmp_path):
    fused = fuse([files / "pages.tif"], tmp_path / "a.tif", names=())
    assert fused.record.refusal is None
    assert [plane.plane for plane in fused.record.planes] == ["0", "1", "2"]
    check_fused(fused, tmp_path / "a.tif", sharp, truth, pictures)


def test_files_of_a_stack_are_read_back_as_they_were(files, tmp_path):
    paths = {name: tmp_path / f"a.{name}" for name in ("heatmap", "blocks", "facts")}
    for names in (("0", "1", "2"), ("0", "1", "gone")):
        stack = fuse([files / f"{name}.tif" for name in names], tmp_path / "a.tif", names=names)
        stack.write(type("To", (), {name: str(path) for name, path in paths.items()}))
        assert StackRecord.read(paths["facts"]) == stack.record
        table = tables.read(paths["blocks"])
        assert table.column("plane").to_pylist() == [block.plane for block in stack.blocks]
        assert set(table.column("slide_id").to_pylist()) <= {"heap"}
        with Image.open(paths["heatmap"]) as picture:
            assert picture.size == stack.heatmap.shape[1::-1]


def test_the_same_planes_give_the_same_bytes(files, tmp_path):
    one, two = (fuse(slides_of(files), tmp_path / f"{name}.tif") for name in "ab")
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    assert one.record == two.record
    assert one.blocks == two.blocks


def test_streaming_equals_the_library_call(files, tmp_path):
    """The file holds, but for JPEG, what `fuse_planes` makes of the planes in memory."""
    fused = fuse(slides_of(files), tmp_path / "a.tif")
    decoded = [make_stack.region(path) for path in slides_of(files)]
    side = fused.record.fused.block_px
    shape = BlockGrid(*decoded[0].shape[1::-1], side).shape
    shares = np.array([block.tissue_fraction for block in fused.blocks]).reshape(shape)
    picture, chosen = fusion.fuse_planes(decoded, side, tissue_fraction=shares)
    assert [block.plane for block in fused.blocks] == chosen.ravel().tolist()
    assert psnr(make_stack.region(tmp_path / "a.tif"), picture) > 34


def refused(fused, output, code):
    assert fused.record.refusal.code == code
    assert fused.blocks == ()
    assert fused.record.refusal.remedy
    with openslide.OpenSlide(output) as slide:
        assert slide.dimensions == (1, 1)
    return fused.record.refusal.message


def test_a_shifted_plane_is_refused_with_its_shift(files, pictures, tmp_path):
    make_stack.write_plane(np.roll(pictures[2], (-3, 5), (0, 1)), tmp_path / "moved.tif")
    paths = [*slides_of(files)[:2], tmp_path / "moved.tif"]
    message = refused(fuse(paths, tmp_path / "a.tif"), tmp_path / "a.tif", "unregistered")
    assert message == "plane 2 is shifted by 5.0, -3.0 px against plane 1 (limit 2 px)"


def test_a_shift_of_one_pixel_is_accepted_and_stated(files, pictures, tmp_path):
    make_stack.write_plane(np.roll(pictures[2], 1, 1), tmp_path / "near.tif")
    fused = fuse([*slides_of(files)[:2], tmp_path / "near.tif"], tmp_path / "a.tif")
    assert fused.record.refusal is None
    assert fused.record.planes[2].shift_x_px == pytest.approx(1, abs=0.3)


def warped(picture, matrix):
    size = picture.shape[1::-1]
    return cv2.warpAffine(
        picture, np.array(matrix, float), size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )


def with_third(files, picture, tmp_path):
    """The stack with another third plane: what is recorded of it, and the slide's verdict."""
    make_stack.write_plane(picture, tmp_path / "third.tif", quality=95)
    fused = fuse([*slides_of(files)[:2], tmp_path / "third.tif"], tmp_path / "a.tif").record
    assert fused.refusal is None
    shown = stages.measured(tmp_path / "a.tif", stack=fused).record
    return fused.planes[2], decide.slide(shown, CRITERIA)


def test_matched_planes_pass_with_what_was_done_in_the_record(files, pictures, tmp_path):
    exposed = (pictures[2] * np.array([0.9, 0.86, 0.95])).round().astype(np.uint8)
    moved = warped(exposed, [[1, 0, 1.5], [0, 1, -0.8]])
    plane, verdict = with_third(files, moved, tmp_path)
    assert (plane.shift_x_px, plane.shift_y_px) == pytest.approx((1.5, -0.8), abs=0.1)
    found = (plane.gain_r, plane.gain_g, plane.gain_b)
    assert found == pytest.approx((1 / 0.9, 1 / 0.86, 1 / 0.95), rel=0.01)
    assert plane.shift_left_px < 0.1
    assert plane.light_left < 0.02
    assert "plane_" not in (verdict.text or "")


def test_a_turned_plane_is_reviewed_with_what_is_left_of_its_shift(files, pictures, tmp_path):
    height, width = pictures[2].shape[:2]
    turned = warped(pictures[2], cv2.getRotationMatrix2D((width / 2, height / 2), 0.15, 1))
    plane, verdict = with_third(files, turned, tmp_path)
    assert verdict.status == "REVIEW"
    assert f"plane_shift={plane.shift_left_px:.4g}>0.5" in verdict.reasons


def test_a_plane_of_uneven_light_is_reviewed_with_the_difference(files, pictures, tmp_path):
    fading = np.linspace(0.7, 1.0, pictures[2].shape[1])[None, :, None]
    plane, verdict = with_third(files, (pictures[2] * fading).astype(np.uint8), tmp_path)
    assert verdict.status == "REVIEW"
    assert f"plane_light={plane.light_left:.4g}>0.03" in verdict.reasons


def test_clipped_tissue_gets_the_light_of_the_middle_plane(files, pictures, tmp_path):
    brighter = (pictures[2] * 1.25).clip(0, 255).astype(np.uint8)
    plane, verdict = with_third(files, brighter, tmp_path)
    assert plane.gain_g == pytest.approx(1 / 1.25, rel=0.02)
    assert "plane_" not in (verdict.text or "")


def test_a_plane_without_its_own_light_is_reviewed(files, pictures, tmp_path):
    """Red is clipped everywhere, so that its gain is not known."""
    red = pictures[2].copy()
    red[..., 0] = 255
    plane, verdict = with_third(files, red, tmp_path)
    assert verdict.status == "REVIEW"
    assert f"plane_light={plane.light_left:.4g}>0.03" in verdict.reasons


def test_a_plane_too_dark_is_refused_with_its_light(files, pictures, tmp_path):
    make_stack.write_plane((pictures[2] * 0.4).astype(np.uint8), tmp_path / "dark.tif")
    paths = [*slides_of(files)[:2], tmp_path / "dark.tif"]
    message = refused(fuse(paths, tmp_path / "a.tif"), tmp_path / "a.tif", "planes_differ")
    assert message.startswith("plane 2 is 0.4")
    assert message.endswith("as plane 1 (limit 2)")


@pytest.mark.parametrize("level", [0, 243, 255])
def test_an_empty_middle_plane_is_no_blank_slide(files, pictures, tmp_path, level):
    make_stack.write_plane(np.full_like(pictures[1], level), tmp_path / "empty.tif")
    one, _, three = slides_of(files)
    fused = fuse([one, tmp_path / "empty.tif", three], tmp_path / "a.tif")
    message = refused(fused, tmp_path / "a.tif", "unregistered")
    assert message == "plane 1 shows no tissue and plane 0 does"


def test_another_picture_is_refused(files, sharp, tmp_path):
    make_stack.write_plane(np.ascontiguousarray(sharp[::-1]), tmp_path / "other.tif")
    paths = [*slides_of(files)[:2], tmp_path / "other.tif"]
    message = refused(fuse(paths, tmp_path / "a.tif"), tmp_path / "a.tif", "unregistered")
    assert message == "plane 2 shows something else than plane 1, or is too blurred to compare"


def test_planes_of_other_size_or_resolution_are_refused(files, pictures, tmp_path):
    make_stack.write_plane(np.ascontiguousarray(pictures[2][:-240]), tmp_path / "small.tif")
    make_stack.write_plane(pictures[2], tmp_path / "coarse.tif", mpp=0.6)
    for name, size in (("small", "1300x960 px of 0.499 um"), ("coarse", "1300x1200 px of 0.6 um")):
        paths = [*slides_of(files)[:2], tmp_path / f"{name}.tif"]
        message = refused(fuse(paths, tmp_path / "a.tif"), tmp_path / "a.tif", "planes_differ")
        assert message == f"plane 0 has 1300x1200 px of 0.499 um, plane 2 has {size}"


def test_planes_that_cannot_be_opened_are_refused_by_name(files, tmp_path):
    (tmp_path / "empty.tif").touch()
    (tmp_path / "text.tif").write_text("no slide")
    for name, code in (("gone", "file_missing"), ("empty", "unreadable"), ("text", "unsupported")):
        paths = [files / "0.tif", tmp_path / f"{name}.tif", files / "2.tif"]
        message = refused(fuse(paths, tmp_path / "a.tif"), tmp_path / "a.tif", code)
        assert message.startswith("plane 1: ")
        assert str(tmp_path) not in message


def test_a_tiff_that_is_no_stack_is_refused(files, pictures, tmp_path):
    (tmp_path / "text.tif").write_text("This is not a TIFF.")
    for path, code, remedy in (
        (tmp_path / "gone.tif", "file_missing", "correct `path`"),
        (tmp_path / "text.tif", "unsupported", "its number in z_plane, or save the stack as"),
        (files / "0.tif", "unsupported", "its number in z_plane, or save the stack as"),
    ):
        fused = fuse([path], tmp_path / "a.tif", names=())
        refused(fused, tmp_path / "a.tif", code)
        assert remedy in fused.record.refusal.remedy


def test_pages_of_another_size_are_no_planes(pictures, tmp_path):
    """A thumbnail after the first page, as scanners write it, and a label."""
    pages = [Image.fromarray(picture) for picture in pictures]
    extra = [pages[0].resize((130, 120)), pages[0].resize((90, 120))]
    order = [pages[0], extra[0], pages[1], pages[2], extra[1]]
    order[0].save(tmp_path / "p.tif", save_all=True, append_images=order[1:])
    fused = fuse([tmp_path / "p.tif"], tmp_path / "a.tif", names=(), given_mpp=0.5)
    assert fused.record.refusal is None
    assert [plane.plane for plane in fused.record.planes] == ["0", "2", "3"]
    assert {block.plane for block in fused.blocks} == {0, 2, 3}
    make_stack.write_pages(pictures, tmp_path / "same.tif", mpp=0.5)
    fuse([tmp_path / "same.tif"], tmp_path / "b.tif", names=())
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


def test_more_pages_than_are_read_are_refused_as_that(tmp_path):
    few = [Image.new("L", (40, 30))] * 257
    few[0].save(tmp_path / "p.tif", save_all=True, append_images=few[1:])
    fused = fuse([tmp_path / "p.tif"], tmp_path / "a.tif", names=())
    assert refused(fused, tmp_path / "a.tif", "unsupported") == "more than 256 pages"


def measured(path, stack, given_mpp=None, given_stain=""):
    return stages.measured(path, given_mpp, given_stain, slide_id="heap", stack=stack).record


def verdict(record):
    return decide.slide(record, CRITERIA)


def damaged_pages(pictures, path, page, tiles):
    """Pages of JPEG tiles of 128 px, some of which in one page do not decode."""
    pages = planes.pyvips.Image.arrayjoin(
        [make_stack._image(p, 0.499) for p in pictures], across=1
    ).copy()
    pages.set_type(planes.pyvips.GValue.gint_type, "page-height", len(pictures[0]))
    pages.tiffsave(
        str(path), tile=True, tile_width=128, tile_height=128, compression="jpeg", resunit="cm"
    )
    with tifffile.TiffFile(path) as tiff:
        offsets, sizes = tiff.pages[page].dataoffsets, tiff.pages[page].databytecounts
    data = bytearray(path.read_bytes())
    for index in tiles:
        data[offsets[index] : offsets[index] + sizes[index]] = b"\x5a" * sizes[index]
    path.write_bytes(data)


@pytest.mark.parametrize("page", [0, 1])
def test_a_page_that_lost_a_tile_is_fused_and_counted(pictures, sharp, tmp_path, page):
    """Also where it is the middle page, which tells where tissue is."""
    damaged_pages(pictures, tmp_path / "p.tif", page, [50])
    fused = fuse([tmp_path / "p.tif"], tmp_path / "a.tif", names=())
    assert fused.record.refusal is None, fused.record.refusal
    assert 0 < fused.record.fused.substituted_blocks <= 4
    assert fused.record.fused.lost_blocks == 0
    assert psnr(make_stack.region(tmp_path / "a.tif"), sharp) > 25


def test_a_middle_page_that_mostly_does_not_decode_is_refused(pictures, tmp_path):
    damaged_pages(pictures, tmp_path / "p.tif", 1, range(80))
    fused = fuse([tmp_path / "p.tif"], tmp_path / "a.tif", names=())
    message = refused(fused, tmp_path / "a.tif", "unreadable")
    assert message.startswith("plane 1: ")
    assert message.endswith("% of the picture do not decode")


def same_tiles_lost(files, folder, tiles):
    for number in range(3):
        damage.destroy_tiles(files / f"{number}.tif", folder / f"{number}.tif", tiles)
    return slides_of(folder)


def test_places_that_no_plane_shows_make_a_slide_salvaged(files, tmp_path):
    paths = same_tiles_lost(files, tmp_path, [(1, 1)])
    fused = fuse(paths, tmp_path / "a.tif")
    assert fused.record.fused.lost_blocks == 4  # of 120 px, in a tile of 240 px
    record = measured(tmp_path / "a.tif", fused.record)
    damaged = fused.record.fused.lost_blocks + fused.record.fused.substituted_blocks
    lost_fraction = record.measures.areas.overview_lost_fraction
    assert lost_fraction == pytest.approx(damaged / len(fused.blocks), abs=1e-4)
    assert verdict(record).reasons[-1] == "salvaged"
    picture = make_stack.region(tmp_path / "a.tif")
    assert picture[300:420, 300:420].min() > 250


def test_places_that_no_plane_shows_are_black_on_a_dark_field(files, tmp_path):
    paths = same_tiles_lost(files, tmp_path, [(1, 1)])
    fused = fuse(paths, tmp_path / "a.tif", given_stain="fluorescence")
    assert fused.record.fused.lost_blocks == 4
    assert make_stack.region(tmp_path / "a.tif")[300:420, 300:420].max() < 5


def test_a_stack_that_lost_more_than_half_everywhere_is_refused(pictures, tmp_path):
    """The tissue is whole, and so are the coarse levels: only writing finds what is lost."""
    for number, picture in enumerate(pictures):
        canvas = np.full((2400, 2400, 3), 243, np.uint8)
        canvas[:1200, :1300] = picture
        make_stack.write_plane(canvas, tmp_path / f"whole_{number}.tif")
        lost = [(column, row) for column in range(10) for row in range(10) if max(column, row) > 5]
        damage.destroy_tiles(tmp_path / f"whole_{number}.tif", tmp_path / f"{number}.tif", lost)
    fused = fuse(slides_of(tmp_path), tmp_path / "a.tif")
    message = refused(fused, tmp_path / "a.tif", "unreadable")
    assert message == "256 of 400 blocks do not decode in any plane"


def test_the_resolution_is_that_of_the_planes(pictures, tmp_path):
    """The fused file is ours: what it says of its resolution is not the scanner's word."""
    for number, picture in enumerate(pictures):
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


def test_pages_without_a_resolution_need_the_sheets(pictures, tmp_path):
    make_stack.write_pages([p[:, :, 0].copy() for p in pictures], tmp_path / "p.tif", mpp=352.78)
    message = refused(
        fuse([tmp_path / "p.tif"], tmp_path / "a.tif", names=()), tmp_path / "a.tif", "mpp_missing"
    )
    assert message == "plane 0: the file does not state a usable resolution"
    fused = fuse([tmp_path / "p.tif"], tmp_path / "a.tif", names=(), given_mpp=0.5)
    assert fused.record.refusal is None
    assert fused.record.resolution.mpp == 0.5


def test_pages_of_16_bits_are_refused(pictures, tmp_path):
    wide = [p[:, :, 0].astype(np.uint16) * 100 for p in pictures]
    pages = planes.pyvips.Image.arrayjoin(
        [make_stack._image(p, 0.5) for p in wide], across=1
    ).copy()
    pages.set_type(planes.pyvips.GValue.gint_type, "page-height", len(wide[0]))
    pages.tiffsave(str(tmp_path / "p.tif"))
    fused = fuse([tmp_path / "p.tif"], tmp_path / "a.tif", names=())
    message = refused(fused, tmp_path / "a.tif", "unsupported")
    assert message == "plane 0: 1 channels of type ushort"


def test_places_where_one_plane_is_damaged_come_from_another(files, sharp, tmp_path):
    shutil.copyfile(files / "1.tif", tmp_path / "damaged.tif")
    damage.destroy_tiles(files / "1.tif", tmp_path / "damaged.tif", 2)
    paths = [files / "0.tif", tmp_path / "damaged.tif", files / "2.tif"]
    fused = fuse(paths, tmp_path / "a.tif")
    assert fused.record.refusal is None
    assert fused.record.fused.substituted_blocks >= 2
    assert fused.record.fused.lost_blocks == 0
    assert verdict(measured(tmp_path / "a.tif", fused.record)).reasons[-1] == "salvaged"
    assert psnr(make_stack.region(tmp_path / "a.tif"), sharp) > 25


def test_a_plane_that_mostly_does_not_decode_is_refused(files, tmp_path):
    damage.destroy_tiles(files / "2.tif", tmp_path / "damaged.tif", 26)
    paths = [*slides_of(files)[:2], tmp_path / "damaged.tif"]
    message = refused(fuse(paths, tmp_path / "a.tif"), tmp_path / "a.tif", "unreadable")
    assert "plane 2: " in message
    assert "places do not decode" in message


def test_a_blank_stack_is_fused_without_a_look(tmp_path):
    glass = np.full((600, 700, 3), 243, np.uint8)
    for number in range(3):
        make_stack.write_plane(glass, tmp_path / f"{number}.tif")
    fused = fuse(slides_of(tmp_path), tmp_path / "a.tif")
    assert fused.record.refusal is None
    assert fused.record.fused.measured_blocks == 0
    assert {block.plane for block in fused.blocks} == {1}
    assert {plane.shift_x_px for plane in fused.record.planes} == {None}


def test_a_refused_stack_is_an_unusable_slide(tmp_path):
    fused = fuse([tmp_path / f"{n}.tif" for n in range(3)], tmp_path / "a.tif")
    record = measured(tmp_path / "a.tif", fused.record, given_mpp=0.5)
    assert not record.readable
    assert (record.refusal.code, record.refusal.message) == (
        "file_missing",
        "plane 0: no such file",
    )
    assert record.identity.content_hash is None
