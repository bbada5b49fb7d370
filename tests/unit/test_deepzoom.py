"""DeepZoom containers: libvips' names, byte-identity, nothing half-written."""

import resource
import zipfile

import cv2
import numpy as np
import pytest
import pyvips
from grossing.support import images
from grossing.tiles import deepzoom

TILE = 64
GLASS = np.array([240, 238, 241], np.uint8)


def picture(columns, rows, seed=0):
    small = np.random.default_rng(seed).integers(0, 255, (rows * 8, columns * 8, 3), np.uint8)
    return cv2.resize(small, (columns * TILE, rows * TILE), interpolation=cv2.INTER_CUBIC)


def add(pyramid, column, row, tile):
    tile = np.ascontiguousarray(tile)
    return pyramid.add(column, row, pyramid._encode(tile), deepzoom.half_size(tile))


def write(path, image, places, container=deepzoom.ZipContainer, suffix="png"):
    rows, columns = image.shape[0] // TILE, image.shape[1] // TILE
    pyramid = deepzoom.Pyramid(
        container(path),
        name="TCGA-1.b",
        width=columns * TILE,
        height=rows * TILE,
        tile_px=TILE,
        suffix=suffix,
        glass=GLASS,
        encode=images.encoder(format=suffix, quality=85, chroma="420"),
    )
    members = {}
    with pyramid:
        for column, row in sorted(places, key=lambda place: deepzoom.z_order(*place)):
            tile = image[row * TILE :, column * TILE :][:TILE, :TILE]
            members[column, row] = add(pyramid, column, row, tile)
    return members


def all_places(image):
    return [(c, r) for r in range(image.shape[0] // TILE) for c in range(image.shape[1] // TILE)]


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (8, 8), (9, 2)])
def test_names_and_pixels_are_those_of_dzsave(tmp_path, size):
    image = picture(*size)
    write(tmp_path / "ours.zip", image, all_places(image))
    pyvips.Image.new_from_array(image).dzsave(
        str(tmp_path / "vips.zip"),
        imagename="TCGA-1.b",
        tile_size=TILE,
        overlap=0,
        container="zip",
        suffix=".png",
    )
    ours, vips = (zipfile.ZipFile(tmp_path / f"{n}.zip") for n in ("ours", "vips"))
    names = {name for name in vips.namelist() if not name.endswith("vips-properties.xml")}
    assert set(ours.namelist()) == names
    assert ours.read("TCGA-1.b.dzi") == vips.read("TCGA-1.b.dzi")
    for name in names - {"TCGA-1.b.dzi"}:
        a, b = (cv2.imdecode(np.frombuffer(z.read(name), np.uint8), 1) for z in (ours, vips))
        assert a.shape == b.shape, name
        level = int(name.split("/")[1])
        if level >= max(int(n.split("/")[1]) for n in names if "/" in n) - 1:
            assert np.abs(a.astype(int) - b).max() <= 1, name


def test_sparse_tiles_are_a_subset_with_glass_between_them(tmp_path):
    image = picture(8, 8)
    write(tmp_path / "all.zip", image, all_places(image))
    write(tmp_path / "few.zip", image, [(0, 0), (5, 6), (7, 7)])
    everything, few = (zipfile.ZipFile(tmp_path / f"{n}.zip") for n in ("all", "few"))
    assert set(few.namelist()) < set(everything.namelist())
    full = "TCGA-1.b_files/9/5_6.png"
    assert few.read(full) == everything.read(full)
    below = cv2.imdecode(np.frombuffer(few.read("TCGA-1.b_files/8/0_0.png"), np.uint8), 1)
    assert (below[40:, 40:] == GLASS[::-1]).all()
    assert not (below[:32, :32] == GLASS[::-1]).all()


def test_offsets_lead_to_the_stored_bytes(tmp_path):
    image = picture(5, 3)
    members = write(tmp_path / "a.zip", image, all_places(image))
    raw = (tmp_path / "a.zip").read_bytes()
    archive = zipfile.ZipFile(tmp_path / "a.zip")
    for member in members.values():
        data = raw[member.offset : member.offset + member.bytes]
        assert data == archive.read(member.path)
    assert all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())


def test_equal_tiles_give_equal_files(tmp_path):
    image = picture(5, 3)
    for name in ("a", "b"):
        write(tmp_path / f"{name}.zip", image, all_places(image), suffix="jpeg")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_the_zip_is_that_of_the_standard_library(tmp_path):
    members = {f"Prob\u00e9_files/{n}.jpeg": bytes([n]) * 100_000 * n for n in range(9)}
    ours = deepzoom.ZipContainer(tmp_path / "ours.zip")
    for name, data in members.items():
        ours.add(name, data)
    ours.finish()
    with zipfile.ZipFile(tmp_path / "plain.zip", "w") as plain:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            plain.writestr(info, data)
    assert (tmp_path / "ours.zip").read_bytes() == (tmp_path / "plain.zip").read_bytes()


def test_a_full_disk_leaves_nothing_behind(tmp_path):
    image = picture(5, 3)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError):
            write(tmp_path / "a.zip", image, all_places(image))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_holds_the_same_members(tmp_path):
    image = picture(5, 3)
    write(tmp_path / "a.zip", image, all_places(image))
    write(tmp_path / "a", image, all_places(image), deepzoom.DirectoryContainer)
    archive = zipfile.ZipFile(tmp_path / "a.zip")
    files = [path for path in (tmp_path / "a").rglob("*") if path.is_file()]
    assert {str(path.relative_to(tmp_path / "a")) for path in files} == set(archive.namelist())
    assert all(
        path.read_bytes() == archive.read(str(path.relative_to(tmp_path / "a"))) for path in files
    )


@pytest.mark.parametrize("container", [deepzoom.ZipContainer, deepzoom.DirectoryContainer])
def test_a_failure_leaves_nothing_behind(tmp_path, container):
    pyramid = deepzoom.Pyramid(
        container(tmp_path / "a"),
        name="a",
        width=TILE,
        height=TILE,
        tile_px=TILE,
        suffix="png",
        glass=GLASS,
        encode=images.png,
    )
    with pytest.raises(RuntimeError), pyramid:
        add(pyramid, 0, 0, picture(1, 1))
        raise RuntimeError("out of space")
    assert list(tmp_path.iterdir()) == []


def test_open_canvases_do_not_grow_with_the_slide(tmp_path):
    image = picture(64, 2)
    pyramid = deepzoom.Pyramid(
        deepzoom.ZipContainer(tmp_path / "a.zip"),
        name="a",
        width=64 * TILE,
        height=2 * TILE,
        tile_px=TILE,
        suffix="jpeg",
        glass=GLASS,
        encode=images.encoder(format="jpeg", quality=85, chroma="420"),
    )
    most = 0
    with pyramid:
        for column, row in sorted(all_places(image), key=lambda place: deepzoom.z_order(*place)):
            tile = image[row * TILE :, column * TILE :][:TILE, :TILE]
            add(pyramid, column, row, tile)
            most = max(most, len(pyramid._open))
    assert most <= pyramid.top_level
