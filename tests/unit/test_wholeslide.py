"""The whole slide through libvips: rescaled TIFF and the dzsave engine."""

import threading
import zipfile

import cv2
import damage
import make_slide
import numpy as np
import openslide
import pytest
from grossing.tiles import libvips_engine, libvips_feed
from scores import psnr
from stages import PNG, TARGET, cut, decoded, measured, members

PASSED = {"passed": True, "quality": 90, **TARGET}


@pytest.fixture(scope="module")
def at_40x(tmp_path_factory, real_slide):
    path = tmp_path_factory.mktemp("slides") / "40x.svs"
    make_slide.make_slide(real_slide, path, 3000, 2400, seed=3)
    return path


def test_rescaled_slide_opens_at_the_target_resolution(at_40x, tmp_path):
    libvips_engine.rescale(at_40x, measured(at_40x).record, tmp_path / "a.tif", **PASSED)
    with openslide.OpenSlide(tmp_path / "a.tif") as slide, openslide.OpenSlide(at_40x) as source:
        assert slide.dimensions == (1500, 1200)
        assert slide.level_count > 1
        assert float(slide.properties["openslide.mpp-x"]) == pytest.approx(0.5, rel=1e-4)
        ours = np.asarray(slide.read_region((0, 0), 0, (1500, 1200)).convert("RGB"))
        theirs = np.asarray(source.read_region((0, 0), 0, (3000, 2400)).convert("RGB"))
    assert psnr(ours, cv2.resize(theirs, (1500, 1200), interpolation=cv2.INTER_AREA)) > 30


def test_nothing_of_the_source_is_told(at_40x, tmp_path):
    libvips_engine.rescale(at_40x, measured(at_40x).record, tmp_path / "a.tif", **PASSED)
    data = (tmp_path / "a.tif").read_bytes()
    assert not any(str(value).encode() in data for value in make_slide.PERSONAL.values())
    with openslide.OpenSlide(tmp_path / "a.tif") as slide:
        assert "tiff.ImageDescription" not in slide.properties
        assert not slide.associated_images


def test_a_slide_at_the_target_keeps_its_size(real_slide, tmp_path):
    libvips_engine.rescale(real_slide, measured(real_slide).record, tmp_path / "a.tif", **PASSED)
    with openslide.OpenSlide(tmp_path / "a.tif") as slide:
        assert slide.dimensions == (2220, 2967)
        assert float(slide.properties["openslide.mpp-x"]) == pytest.approx(0.499, rel=1e-4)


def test_a_slide_that_did_not_pass_is_one_pixel(real_slide, tmp_path):
    record = measured(real_slide).record
    libvips_engine.rescale(real_slide, record, tmp_path / "a.tif", **PASSED | {"passed": False})
    with openslide.OpenSlide(tmp_path / "a.tif") as slide:
        assert slide.dimensions == (1, 1)


@pytest.mark.parametrize("container", ["zip", "directory"])
def test_both_engines_show_the_same_picture(at_40x, tmp_path, container):
    found = measured(at_40x)
    options = PNG | {"container": container}
    tissue = cut(at_40x, found, tmp_path / "tissue", options)
    whole = cut(at_40x, found, tmp_path / "whole", options | {"engine": "dzsave"})
    places = {"tile_offset", "tile_bytes"}
    assert [{k: v for k, v in row.items() if k not in places} for row in tissue] == [
        {k: v for k, v in row.items() if k not in places} for row in whole
    ]
    ours, theirs = members(tmp_path / "tissue"), members(tmp_path / "whole")
    assert set(ours) < set(theirs)
    assert ours["A.1.dzi"] == theirs["A.1.dzi"]
    for row in tissue:
        a, b = (decoded(files[row["tile_path"]]) for files in (ours, theirs))
        assert a.shape == b.shape
        assert psnr(a, b) >= 40


@pytest.mark.parametrize("chroma", [420, 444])
def test_rows_of_dzsave_lead_to_the_jpeg_bytes(at_40x, tmp_path, chroma):
    options = PNG | {"format": "jpeg", "chroma": chroma, "engine": "dzsave"}
    rows = cut(at_40x, measured(at_40x), tmp_path / "a.zip", options)
    archive = zipfile.ZipFile(tmp_path / "a.zip")
    assert not [name for name in archive.namelist() if "vips-properties" in name]
    raw = (tmp_path / "a.zip").read_bytes()
    assert rows
    for row in rows:
        data = raw[row["tile_offset"] :][: row["tile_bytes"]]
        assert data == archive.read(row["tile_path"])
        assert decoded(data).shape == (256, 256, 3)


def test_dzsave_salvages_around_damage(at_40x, tmp_path):
    damage.destroy_tiles(at_40x, tmp_path / "damaged.svs", 2)
    found = measured(tmp_path / "damaged.svs")
    whole = cut(tmp_path / "damaged.svs", found, tmp_path / "a.zip", PNG | {"engine": "dzsave"})
    tissue = cut(tmp_path / "damaged.svs", found, tmp_path / "b.zip")
    assert [row["lost"] for row in whole] == [row["lost"] for row in tissue]
    assert any(row["lost"] for row in whole)


def feeding():
    """Threads that still make bands."""
    return [t for t in threading.enumerate() if isinstance(t, libvips_feed._Feeder)]


def test_a_failing_feed_fails_the_writer_and_leaves_no_thread(tmp_path):
    def bands():
        yield np.zeros((64, 64, 3), np.uint8)
        raise RuntimeError("the disk went away")

    with (
        pytest.raises(RuntimeError, match="went away"),
        libvips_feed.image(bands(), 64, 640) as image,
    ):
        image.write_to_file(str(tmp_path / "a.tif"))
    assert not feeding()


def test_a_failing_writer_stops_the_feed(tmp_path):
    """Bands that nobody takes are not made."""
    bands = (np.zeros((64, 64, 3), np.uint8) for _ in range(1000))
    with pytest.raises(Exception, match="nowhere"), libvips_feed.image(bands, 64, 64_000) as image:
        image.write_to_file(str(tmp_path / "nowhere" / "a.tif"))
    assert not feeding()
    assert sum(1 for _ in bands) > 0
