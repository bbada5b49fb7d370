"""Stacks of which something is lost, and files that are no stack: fused and counted, or refused."""

import shutil

import damage
import make_stack
import numpy as np
import pytest
import tifffile
from fused_stacks import fuse, measured, refused, slides_of, verdict
from grossing.zstack import planes
from PIL import Image
from scores import psnr


def test_planes_that_cannot_be_opened_are_refused_by_name(stack_files, tmp_path):
    (tmp_path / "empty.tif").touch()
    (tmp_path / "text.tif").write_text("no slide")
    for name, code in (("gone", "file_missing"), ("empty", "unreadable"), ("text", "unsupported")):
        paths = [stack_files / "0.tif", tmp_path / f"{name}.tif", stack_files / "2.tif"]
        message = refused(fuse(paths, tmp_path / "a.tif"), tmp_path / "a.tif", code)
        assert message.startswith("plane 1: ")
        assert str(tmp_path) not in message


def test_a_tiff_that_is_no_stack_is_refused(stack_files, stack_pictures, tmp_path):
    (tmp_path / "text.tif").write_text("This is not a TIFF.")
    for path, code, remedy in (
        (tmp_path / "gone.tif", "file_missing", "correct `path`"),
        (tmp_path / "text.tif", "unsupported", "its number in z_plane, or save the stack as"),
        (stack_files / "0.tif", "unsupported", "its number in z_plane, or save the stack as"),
    ):
        fused = fuse([path], tmp_path / "a.tif", names=())
        refused(fused, tmp_path / "a.tif", code)
        assert remedy in fused.record.refusal.remedy


def test_pages_of_another_size_are_no_planes(stack_pictures, tmp_path):
    """A thumbnail after the first page, as scanners write it, and a label."""
    pages = [Image.fromarray(picture) for picture in stack_pictures]
    extra = [pages[0].resize((130, 120)), pages[0].resize((90, 120))]
    order = [pages[0], extra[0], pages[1], pages[2], extra[1]]
    order[0].save(tmp_path / "p.tif", save_all=True, append_images=order[1:])
    fused = fuse([tmp_path / "p.tif"], tmp_path / "a.tif", names=(), given_mpp=0.5)
    assert fused.record.refusal is None
    assert [plane.plane for plane in fused.record.planes] == ["0", "2", "3"]
    assert {block.plane for block in fused.blocks} == {0, 2, 3}
    make_stack.write_pages(stack_pictures, tmp_path / "same.tif", mpp=0.5)
    fuse([tmp_path / "same.tif"], tmp_path / "b.tif", names=())
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


def test_more_pages_than_are_read_are_refused_as_that(tmp_path):
    few = [Image.new("L", (40, 30))] * 257
    few[0].save(tmp_path / "p.tif", save_all=True, append_images=few[1:])
    fused = fuse([tmp_path / "p.tif"], tmp_path / "a.tif", names=())
    assert refused(fused, tmp_path / "a.tif", "unsupported") == "more than 256 pages"


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
def test_a_page_that_lost_a_tile_is_fused_and_counted(stack_pictures, sharp, tmp_path, page):
    """Also where it is the middle page, which tells where tissue is."""
    damaged_pages(stack_pictures, tmp_path / "p.tif", page, [50])
    fused = fuse([tmp_path / "p.tif"], tmp_path / "a.tif", names=())
    assert fused.record.refusal is None, fused.record.refusal
    assert 0 < fused.record.fused.substituted_blocks <= 4
    assert fused.record.fused.lost_blocks == 0
    assert psnr(make_stack.region(tmp_path / "a.tif"), sharp) > 25


def test_a_middle_page_that_mostly_does_not_decode_is_refused(stack_pictures, tmp_path):
    damaged_pages(stack_pictures, tmp_path / "p.tif", 1, range(80))
    fused = fuse([tmp_path / "p.tif"], tmp_path / "a.tif", names=())
    message = refused(fused, tmp_path / "a.tif", "unreadable")
    assert message.startswith("plane 1: ")
    assert message.endswith("% of the picture do not decode")


def same_tiles_lost(stack_files, folder, tiles):
    for number in range(3):
        damage.destroy_tiles(stack_files / f"{number}.tif", folder / f"{number}.tif", tiles)
    return slides_of(folder)


def test_places_that_no_plane_shows_make_a_slide_salvaged(stack_files, tmp_path):
    paths = same_tiles_lost(stack_files, tmp_path, [(1, 1)])
    fused = fuse(paths, tmp_path / "a.tif")
    assert fused.record.fused.lost_blocks == 4  # of 120 px, in a tile of 240 px
    record = measured(tmp_path / "a.tif", fused.record)
    damaged = fused.record.fused.lost_blocks + fused.record.fused.substituted_blocks
    lost_fraction = record.measures.areas.overview_lost_fraction
    assert lost_fraction == pytest.approx(damaged / len(fused.blocks), abs=1e-4)
    assert verdict(record).reasons[-1] == "salvaged"
    picture = make_stack.region(tmp_path / "a.tif")
    assert picture[300:420, 300:420].min() > 250


def test_places_that_no_plane_shows_are_black_on_a_dark_field(stack_files, tmp_path):
    paths = same_tiles_lost(stack_files, tmp_path, [(1, 1)])
    fused = fuse(paths, tmp_path / "a.tif", given_stain="fluorescence")
    assert fused.record.fused.lost_blocks == 4
    assert make_stack.region(tmp_path / "a.tif")[300:420, 300:420].max() < 5


def test_a_stack_that_lost_more_than_half_everywhere_is_refused(stack_pictures, tmp_path):
    """The tissue is whole, and so are the coarse levels: only writing finds what is lost."""
    for number, picture in enumerate(stack_pictures):
        canvas = np.full((2400, 2400, 3), 243, np.uint8)
        canvas[:1200, :1300] = picture
        make_stack.write_plane(canvas, tmp_path / f"whole_{number}.tif")
        lost = [(column, row) for column in range(10) for row in range(10) if max(column, row) > 5]
        damage.destroy_tiles(tmp_path / f"whole_{number}.tif", tmp_path / f"{number}.tif", lost)
    fused = fuse(slides_of(tmp_path), tmp_path / "a.tif")
    message = refused(fused, tmp_path / "a.tif", "unreadable")
    assert message == "256 of 400 blocks do not decode in any plane"


def test_pages_without_a_resolution_need_the_sheets(stack_pictures, tmp_path):
    make_stack.write_pages(
        [p[:, :, 0].copy() for p in stack_pictures], tmp_path / "p.tif", mpp=352.78
    )
    message = refused(
        fuse([tmp_path / "p.tif"], tmp_path / "a.tif", names=()), tmp_path / "a.tif", "mpp_missing"
    )
    assert message == "plane 0: the file does not state a usable resolution"
    fused = fuse([tmp_path / "p.tif"], tmp_path / "a.tif", names=(), given_mpp=0.5)
    assert fused.record.refusal is None
    assert fused.record.resolution.mpp == 0.5


def test_pages_of_16_bits_are_refused(stack_pictures, tmp_path):
    wide = [p[:, :, 0].astype(np.uint16) * 100 for p in stack_pictures]
    pages = planes.pyvips.Image.arrayjoin(
        [make_stack._image(p, 0.5) for p in wide], across=1
    ).copy()
    pages.set_type(planes.pyvips.GValue.gint_type, "page-height", len(wide[0]))
    pages.tiffsave(str(tmp_path / "p.tif"))
    fused = fuse([tmp_path / "p.tif"], tmp_path / "a.tif", names=())
    message = refused(fused, tmp_path / "a.tif", "unsupported")
    assert message == "plane 0: 1 channels of type ushort"


def test_places_where_one_plane_is_damaged_come_from_another(stack_files, sharp, tmp_path):
    shutil.copyfile(stack_files / "1.tif", tmp_path / "damaged.tif")
    damage.destroy_tiles(stack_files / "1.tif", tmp_path / "damaged.tif", 2)
    paths = [stack_files / "0.tif", tmp_path / "damaged.tif", stack_files / "2.tif"]
    fused = fuse(paths, tmp_path / "a.tif")
    assert fused.record.refusal is None
    assert fused.record.fused.substituted_blocks >= 2
    assert fused.record.fused.lost_blocks == 0
    assert verdict(measured(tmp_path / "a.tif", fused.record)).reasons[-1] == "salvaged"
    assert psnr(make_stack.region(tmp_path / "a.tif"), sharp) > 25


def test_a_plane_that_mostly_does_not_decode_is_refused(stack_files, tmp_path):
    damage.destroy_tiles(stack_files / "2.tif", tmp_path / "damaged.tif", 26)
    paths = [*slides_of(stack_files)[:2], tmp_path / "damaged.tif"]
    message = refused(fuse(paths, tmp_path / "a.tif"), tmp_path / "a.tif", "unreadable")
    assert "plane 2: " in message
    assert "places do not decode" in message


def test_a_refused_stack_is_an_unusable_slide(tmp_path):
    fused = fuse([tmp_path / f"{n}.tif" for n in range(3)], tmp_path / "a.tif")
    record = measured(tmp_path / "a.tif", fused.record, given_mpp=0.5)
    assert not record.readable
    assert (record.refusal.code, record.refusal.message) == (
        "file_missing",
        "plane 0: no such file",
    )
    assert record.identity.content_hash is None
