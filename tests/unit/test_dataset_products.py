"""Training on normalised and separated tiles, and on several cohorts at once."""

import multiprocessing
import pickle
import shutil
import zipfile

import numpy as np
import pytest
from grossing import TileSampler, dataset
from grossing.support import tables
from grossing.tiles import deepzoom
from training_cohort import altered, first, inverted


@pytest.fixture
def normalized(zipped, tmp_path):
    """A results folder with normalized tiles, and its table."""
    inverted(tmp_path, zipped.parent / "tiles" / "A.1.zip")
    rows = tables.read(zipped / "p.parquet").num_rows
    return altered(
        zipped / "p.parquet", tmp_path / "cohort/p.parquet", stain_status=["normalized"] * rows
    )


def test_another_product_is_found_though_its_offsets_differ(zipped, normalized):
    raw = dataset.Tiles(zipped / "p.parquet", results=zipped.parent)
    tiles = dataset.Tiles(normalized, product="normalized")
    assert len(tiles) == len(raw)
    for (made, row), (pixels, raw_row) in zip(pickle.loads(pickle.dumps(tiles)), raw, strict=True):
        assert np.array_equal(made, 255 - pixels) and row["tile_path"] == raw_row["tile_path"]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(first, [tiles, tiles]) == [first(tiles)] * 2


def test_a_product_is_read_where_its_tiles_are_not(normalized, zipped):
    """A training machine that holds the normalized tiles alone."""
    shutil.rmtree(normalized.parent.parent / "tiles")
    pixels, _ = dataset.Tiles(normalized, product="normalized")[0]
    assert np.array_equal(pixels, 255 - dataset.Tiles(zipped / "p.parquet")[0][0])


def test_an_unknown_product_is_refused_with_the_known_ones(zipped):
    with pytest.raises(ValueError, match=r"'normalised'.*tiles, normalized, stains/hematoxylin"):
        dataset.Tiles(zipped / "p.parquet", product="normalised")


def test_normalized_tiles_that_the_run_did_not_make_are_refused(normalized):
    status = ["normalized"] * tables.read(normalized).num_rows
    status[5] = None
    altered(normalized, normalized, stain_status=status, qc_status_tile=["PASS"] * len(status))
    with pytest.raises(ValueError, match=r"A\.1.*'normalized'.*stain\.enabled"):
        dataset.Tiles(normalized, product="normalized")
    status[5] = "luminance"
    altered(normalized, normalized, stain_status=status)
    assert len(dataset.Tiles(normalized, product="normalized")) == len(status)


def another_grid(zip_path):
    """The members of a container, its `.dzi` of another picture."""
    source = zipfile.ZipFile(zip_path)
    held = {name: source.read(name) for name in source.namelist()}
    held["A.1.dzi"] = held["A.1.dzi"].replace(b'TileSize="256"', b'TileSize="512"')
    return held


def without_a_tile(zip_path):
    source = zipfile.ZipFile(zip_path)
    top = max(int(n.split("/")[1]) for n in source.namelist() if "/" in n)
    return {n: source.read(n) for n in source.namelist() if f"_files/{top}/" not in n}


@pytest.mark.parametrize("kind", ["zip", "directory"])
@pytest.mark.parametrize("stale", [another_grid, without_a_tile, None])
def test_a_product_of_another_run_is_refused(normalized, stale, kind):
    """In place of wrong pictures or a KeyError: product, slide and remedy."""
    path = normalized.parent.parent / "normalized" / "A.1.zip"
    held = stale(path) if stale else {}
    path.unlink()
    if kind == "directory":
        rows = tables.read(normalized).num_rows
        nothing = {"tile_offset": [None] * rows, "tile_container": ["tiles/A.1"] * rows}
        altered(normalized, normalized, **nothing)
        tiles = normalized.parent.parent / "tiles"
        zipfile.ZipFile(tiles / "A.1.zip").extractall(tiles / "A.1")
        path = path.with_suffix("")
    if held:
        sink = deepzoom.container_at(path, kind)
        for name, data in held.items():
            sink.add(name, data)
        sink.finish()
    tiles = dataset.Tiles(normalized, product="normalized")
    with pytest.raises(ValueError, match=r"A\.1: product 'normalized'.*delete .*/normalized/A\.1"):
        tiles[0]


def test_a_slide_of_another_stain_is_named_where_its_densities_are_asked_for(normalized):
    rows = tables.read(normalized).num_rows
    altered(normalized, normalized, hematoxylin_od=[None] * rows)
    held = without_a_tile(normalized.parent.parent / "tiles" / "A.1.zip")
    sink = deepzoom.ZipContainer(normalized.parent.parent / "stains/eosin/A.1.zip")
    for name, data in held.items():
        sink.add(name, data)
    sink.finish()
    with pytest.raises(ValueError, match=r"A\.1: product 'stains/eosin'.*another stain than H&E"):
        dataset.Tiles(normalized, product="stains/eosin")[0]


@pytest.fixture
def both(zipped, normalized):
    """Two cohorts with the same slide_id, of different products; one has counted nuclei."""
    rows = tables.read(normalized).num_rows
    altered(normalized, normalized, nuclei_count=list(range(rows)))
    raw = dataset.Tiles(zipped / "p.parquet")
    return raw, dataset.Tiles(normalized, product="normalized", transform=np.ascontiguousarray)


def test_slides_of_joined_cohorts_stay_apart(both):
    raw, other = both
    tiles = dataset.Tiles.joined({"raw": raw, "other": other})
    assert len(tiles) == 2 * len(raw)
    numbers = [0, len(raw), len(raw) - 1, -1]
    served = tiles.__getitems__(numbers)
    assert [row["cohort"] for _, row in served] == ["raw", "other"] * 2
    assert {row["slide_id"] for _, row in served} == {"A.1"}
    for place in (0, 2):
        assert np.array_equal(served[place][0], 255 - served[place + 1][0])
        assert served[place][1]["tile_path"] == served[place + 1][1]["tile_path"]
    again = pickle.loads(pickle.dumps(tiles))
    assert all(np.array_equal(again[n][0], tiles[n][0]) for n in numbers)
    assert len(TileSampler(tiles, per_slide=5)) == 10


def test_rows_of_joined_cohorts_have_the_same_keys(both):
    tiles = dataset.Tiles.joined({"raw": both[0], "other": both[1]})
    rows = [row for _, row in tiles]
    assert len({tuple((key, type(value)) for key, value in row.items()) for row in rows}) == 1
    assert np.isnan(rows[0]["nuclei_count"]) and rows[len(both[0]) + 1]["nuclei_count"] >= 1


def test_joined_cohorts_are_not_joined_again(both):
    tiles = dataset.Tiles.joined({"raw": both[0]})
    with pytest.raises(ValueError, match="'all' has several cohorts already: join all of them"):
        dataset.Tiles.joined({"all": tiles, "other": both[1]})
