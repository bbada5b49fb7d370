"""The engine `dzsave`: the complete viewer pyramid, of the same tiles as the default engine's."""

import zipfile

import damage
import pytest
from scores import psnr
from stages import PNG, cut, decoded, measured, members


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
    assert archive.namelist() == sorted(archive.namelist())  # not as its threads finished
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
