"""The reader for training: tile N with its row, from zip or directory, in worker processes."""

import multiprocessing
import pickle
import sys
import zipfile

import numpy as np
import pyarrow as pa
import pytest
from grossing import collect, dataset, deepzoom, encode, tables
from test_tiles import CONFIG, PNG, cut, measured

VERDICT = {"slide_id": "A.1", "qc_status": "PASS", "qc_reasons": None, "split": "train"}


def run(folder, real_slide, container, most=10**6):
    (folder / "tiles").mkdir(parents=True)
    target = folder / collect.CONTAINERS[container].format(slide_id="A.1")
    rows = cut(real_slide, measured(real_slide), target, PNG | {"container": container})
    tables.write_parquet(tables.from_rows(rows, tables.TILE_METRICS), folder / "A.1.parquet")
    with collect.PatchWriter(
        folder / "cohort/p.parquet", folder / "cohort/p.csv", csv_rows_max=most
    ) as writer:
        collect.tiles(
            pa.Table.from_pylist([VERDICT]),
            [folder / "A.1.parquet"],
            writer,
            thresholds=CONFIG["thresholds"],
            container=container,
        )
    return folder / "cohort"


@pytest.fixture(scope="module")
def zipped(tmp_path_factory, real_slide):
    return run(tmp_path_factory.mktemp("zip"), real_slide, "zip")


def first(tiles):
    return tiles[0][0].sum()


def test_tile_and_row_belong_together(zipped, real_slide):
    tiles = dataset.Tiles(zipped / "p.parquet")
    assert 10 < len(tiles) < 100
    pixels, row = tiles[3]
    assert pixels.shape == (256, 256, 3) and pixels.dtype == np.uint8
    assert row["qc_status_tile"] == "PASS" and row["split"] == "train"
    archive = zipfile.ZipFile(zipped.parent / "tiles" / "A.1.zip")
    assert np.array_equal(pixels, dataset.decode(archive.read(row["tile_path"]), row))
    with pytest.raises(IndexError):
        tiles[len(tiles)]
    assert np.array_equal(tiles[-1][0], tiles[len(tiles) - 1][0])


def test_csv_parquet_and_directory_give_the_same(zipped, tmp_path, real_slide):
    directory = run(tmp_path, real_slide, "directory")
    sources = [
        dataset.Tiles(path)
        for path in (zipped / "p.parquet", zipped / "p.csv", directory / "p.csv")
    ]
    assert len({len(tiles) for tiles in sources}) == 1
    for a, b, c in zip(*sources, strict=True):
        assert np.array_equal(a[0], b[0]) and np.array_equal(a[0], c[0])
        assert a[1]["tile_path"] == b[1]["tile_path"] == c[1]["tile_path"]


def test_selection(zipped):
    everything = dataset.Tiles(zipped / "p.parquet", status=None)
    assert len(everything) > len(dataset.Tiles(zipped / "p.parquet"))
    assert len(dataset.Tiles(zipped / "p.parquet", split="test")) == 0


def test_worker_processes_read_by_themselves(zipped):
    tiles = dataset.Tiles(zipped / "p.parquet", transform=np.ascontiguousarray)
    expected = first(tiles)
    assert pickle.loads(pickle.dumps(tiles))[0][0].sum() == expected
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(first, [tiles, tiles]) == [expected, expected]


def test_another_product_is_found_though_its_offsets_differ(zipped, tmp_path):
    raw = dataset.Tiles(zipped / "p.parquet", results=zipped.parent)
    source = zipfile.ZipFile(zipped.parent / "tiles" / "A.1.zip")
    sink = deepzoom.ZipContainer(tmp_path / "normalized" / "A.1.zip")
    for name in source.namelist():
        data = source.read(name)
        sink.add(name, encode.png(255 - decoded(data)) if name.endswith("png") else data)
    sink.finish()
    tiles = dataset.Tiles(zipped / "p.parquet", results=tmp_path, product="normalized")
    assert len(tiles) == len(raw)
    for (made, row), (pixels, told) in zip(pickle.loads(pickle.dumps(tiles)), raw, strict=True):
        assert np.array_equal(made, 255 - pixels) and row["tile_path"] == told["tile_path"]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(first, [tiles, tiles]) == [first(tiles)] * 2


def decoded(data):
    return dataset.decode(data, {})


def test_rows_hold_no_none_and_torch_is_not_imported(zipped):
    _, row = dataset.Tiles(zipped / "p.csv")[0]
    assert None not in row.values()
    assert "torch" not in sys.modules


def test_a_container_of_another_run_is_named(zipped, tmp_path):
    tiles = dataset.Tiles(zipped / "p.parquet", results=tmp_path)
    (tmp_path / "tiles").mkdir()
    (tmp_path / "tiles" / "A.1.zip").write_bytes(b"short")
    with pytest.raises(ValueError, match=r"A\.1.*run again"):
        tiles[0]


def test_a_csv_that_would_be_too_long_keeps_its_header(tmp_path, real_slide, zipped):
    cohort = run(tmp_path, real_slide, "zip", most=5)
    lines = (cohort / "p.csv").read_text().splitlines()
    assert len(lines) == 1 and lines[0].startswith('"slide_id"')
    assert len(dataset.Tiles(cohort / "p.parquet")) == len(dataset.Tiles(zipped / "p.parquet"))
