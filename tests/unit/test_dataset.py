"""The reader for training: tile N with its row, from zip or directory, in worker processes."""

import multiprocessing
import pickle
import shutil
import zipfile
from itertools import cycle, islice

import cv2
import numpy as np
import pytest
from grossing import dataset
from grossing.columns import splits
from grossing.support import images, tables
from grossing.training import pictures
from stages import CONFIG
from training_cohort import altered, first, run


def test_tile_and_row_belong_together(zipped, real_slide):
    tiles = dataset.Tiles(zipped / "p.parquet")
    assert 10 < len(tiles) < 100
    pixels, row = tiles[3]
    assert pixels.shape == (256, 256, 3) and pixels.dtype == np.uint8
    assert row["qc_status_tile"] == "PASS" and row["split"] == "train"
    archive = zipfile.ZipFile(zipped.parent / "tiles" / "A.1.zip")
    assert np.array_equal(pixels, pictures.decode(archive.read(row["tile_path"])))
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


@pytest.fixture(scope="module")
def mixed(zipped, tmp_path_factory):
    """A table whose tiles belong to slides of every status, label, stain and split."""
    number = tables.read(zipped / "p.parquet").num_rows
    columns = {
        "qc_status": ["PASS", "REVIEW", "FAIL", "PASS"],
        "qc_status_tile": ["PASS", "PASS", "PASS", "FAIL"],
        "label": ["tumor", "normal", None],
        "stain": ["H&E", "Ki67"],
        "split": ["train", "val", "test", "train", "train"],
    }
    cycled = {name: list(islice(cycle(values), number)) for name, values in columns.items()}
    path = tmp_path_factory.mktemp("mixed") / "cohort/p.parquet"
    altered(zipped / "p.parquet", path, **cycled)
    return altered(path, path.with_suffix(".csv")), tables.read(path).to_pylist()


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"tile_status": None},
        {"tile_status": "FAIL"},
        {"status": "FAIL"},
        {"status": ("REVIEW", "FAIL")},
        {"status": None, "tile_status": None},
        {"status": "ERROR"},
        {"label": "tumor"},
        {"label": ["tumor", "normal"]},
        {"stain": "Ki67", "split": ("val", "test")},
        {"split": "train", "label": "normal", "status": None, "tile_status": None},
        {"split": []},
    ],
    ids=str,
)
def test_filters_take_one_value_or_several(mixed, filters):
    table, rows = mixed
    wanted = {"status": ("PASS", "REVIEW"), "tile_status": "PASS"} | filters
    names = {"status": "qc_status", "tile_status": "qc_status_tile"}
    for name, value in wanted.items():
        values = (value,) if isinstance(value, str) else value
        if values is not None:
            rows = [row for row in rows if row[names.get(name, name)] in values]
    expected = [(row["slide_id"], row["tile_col"], row["tile_row"]) for row in rows]
    for path in (table, table.with_suffix(".parquet")):
        served = dataset.Tiles(path, **filters).rows.to_pylist()
        assert [(row["slide_id"], row["tile_col"], row["tile_row"]) for row in served] == expected


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"split": "Train"}, r"split 'Train' is unknown.*'test', 'train', 'val'"),
        ({"split": ["train", "dev"]}, r"split 'dev' is unknown.*'test', 'train', 'val'"),
        ({"label": ""}, r"label '' is unknown.*'normal', 'tumor'"),
        ({"stain": "HE"}, r"stain 'HE' is unknown.*'H&E', 'Ki67'"),
        ({"status": "pass"}, r"qc_status 'pass' is unknown.*'PASS', 'REVIEW', 'FAIL', 'ERROR'"),
        ({"tile_status": "REVIEW"}, r"qc_status_tile 'REVIEW' is unknown.*'PASS', 'FAIL'"),
    ],
    ids=str,
)
def test_a_value_that_no_row_has_is_refused_with_the_known_ones(mixed, filters, message):
    with pytest.raises(ValueError, match=message):
        dataset.Tiles(mixed[0], **filters)


def test_a_filter_on_a_column_without_values_says_that_it_is_empty(zipped):
    with pytest.raises(ValueError, match=r"label 'tumor' is unknown.*none: the column is empty"):
        dataset.Tiles(zipped / "p.parquet", label="tumor")


def assigned(folder, *rows):
    """`splits.csv` with slide_id, split and fold of some slides."""
    columns = ("slide_id", "split", "fold")
    made = [dict(zip(columns, row, strict=True)) | {"qc_status": "PASS"} for row in rows]
    tables.write_csv(tables.from_rows(made, splits.SCHEMA), folder / "splits.csv")
    return folder / "splits.csv"


def test_assigned_splits_and_folds_replace_those_of_the_sheet(zipped, tmp_path):
    number = tables.read(zipped / "p.parquet").num_rows
    ids = list(islice(cycle(["a", "b", "c"]), number))
    table = altered(zipped / "p.parquet", tmp_path / "cohort/p.parquet", slide_id=ids)
    path = assigned(tmp_path, ("c", "new", None), ("a", "train", 1), ("b", "train", 2))

    def chosen(**filters):
        rows = dataset.Tiles(table, splits=path, **filters).rows.to_pylist()
        return {(row["slide_id"], row["split"]) for row in rows}

    assert chosen(split="train", fold=[1, 2]) == {("a", "train"), ("b", "train")}
    assert chosen(fold=2) == {("b", "train")}
    assert chosen(split="new") == {("c", "new")}
    with pytest.raises(ValueError, match=r"fold 3 is unknown in this table; it has 1, 2"):
        chosen(fold=3)


def test_splits_of_another_run_are_refused(zipped, tmp_path):
    path = assigned(tmp_path, ("other", "train", None))
    with pytest.raises(ValueError, match=r"splits.csv has no slide A.1"):
        dataset.Tiles(zipped / "p.parquet", splits=path)
    with pytest.raises(ValueError, match=r"fold: give splits too"):
        dataset.Tiles(zipped / "p.parquet", fold=1)


def test_a_table_of_another_version_is_refused(zipped, tmp_path):
    old = tables.read(zipped / "p.parquet").drop_columns(["qc_status"])
    for name, write in (("p.parquet", tables.write_parquet), ("p.csv", tables.write_csv)):
        write(old, tmp_path / name)
        with pytest.raises(ValueError, match=rf"{name} has no column qc_status: make it with"):
            dataset.Tiles(tmp_path / name)


def test_worker_processes_read_by_themselves(zipped):
    tiles = dataset.Tiles(zipped / "p.parquet", transform=np.ascontiguousarray)
    expected = first(tiles)
    assert pickle.loads(pickle.dumps(tiles))[0][0].sum() == expected
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        assert pool.map(first, [tiles, tiles]) == [expected, expected]


def read_in(process, tiles):
    """Sum of the first tile, read by a process that is forked or spawned."""
    with multiprocessing.get_context(process).Pool(1) as pool:
        return pool.apply(first, (tiles,))


@pytest.mark.parametrize("process", ["fork", "spawn"])
def test_a_worker_uses_no_file_that_its_parent_opened(zipped, tmp_path, process):
    shutil.copytree(zipped.parent, tmp_path / "run")
    tiles = dataset.Tiles(tmp_path / "run/cohort/p.parquet")
    expected = first(tiles)
    assert read_in(process, tiles) == expected
    (tmp_path / "run/tiles/A.1.zip").unlink()
    assert first(tiles) == expected  # by the file that is open here
    with pytest.raises(FileNotFoundError, match=r"A\.1: .*A\.1\.zip does not exist: give"):
        read_in(process, tiles)


def test_more_slides_than_files_may_be_open(zipped, tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "MOST_OPEN_FILES", 2)
    tiles = dataset.Tiles(zipped / "p.parquet")
    containers = [f"tiles/{n % 4}.zip" for n in range(tables.read(zipped / "p.parquet").num_rows)]
    altered(zipped / "p.parquet", tmp_path / "cohort/p.parquet", tile_container=containers)
    (tmp_path / "tiles").mkdir()
    for name in containers[:4]:
        (tmp_path / name).symlink_to(zipped.parent / "tiles/A.1.zip")
    for (one, _), (other, _) in zip(
        dataset.Tiles(tmp_path / "cohort/p.parquet"), tiles, strict=True
    ):
        assert np.array_equal(one, other)


def test_rows_of_a_mixed_cohort_have_the_same_keys(zipped, tmp_path):
    """Nuclei are counted on some slides alone; batches are made of equal rows."""
    rows = tables.read(zipped / "p.parquet").num_rows
    counts = [number if number % 2 else None for number in range(rows)]
    for name in ("p.parquet", "p.csv"):
        table = altered(zipped / "p.parquet", tmp_path / name, nuclei_count=counts)
        tiles = dataset.Tiles(table, results=zipped.parent, tile_status=None)
        served = [row for _, row in tiles]
        assert len({tuple(row) for row in served}) == 1
        assert len({tuple(map(type, row.values())) for row in served}) == 1
        assert served[1]["nuclei_count"] == 1 and np.isnan(served[0]["nuclei_count"])
        assert isinstance(served[0]["tile_offset"], int)
    _, row = dataset.Tiles(zipped / "p.parquet")[0]
    assert "nuclei_count" not in row


@pytest.mark.parametrize("label", ["NA", "NULL", "n/a", "nan"])
def test_a_label_that_reads_like_nothing_is_a_label(zipped, tmp_path, label):
    rows = tables.read(zipped / "p.parquet").num_rows
    table = altered(zipped / "p.parquet", tmp_path / "p.csv", label=[label] * rows)
    _, row = dataset.Tiles(table, results=zipped.parent)[0]
    assert (row["label"], row["scanner"]) == (label, "")


def test_rows_hold_no_none(zipped):
    """A batch cannot be made of it."""
    _, row = dataset.Tiles(zipped / "p.csv")[0]
    assert None not in row.values()


def test_a_container_of_another_run_is_named(zipped, tmp_path):
    tiles = dataset.Tiles(zipped / "p.parquet", results=tmp_path)
    with pytest.raises(FileNotFoundError, match=r"A\.1: .*does not exist.*'tiles' as results"):
        tiles[0]
    (tmp_path / "tiles").mkdir()
    (tmp_path / "tiles" / "A.1.zip").write_bytes(b"short")
    with pytest.raises(ValueError, match=r"A\.1.*delete .*tiles/A\.1\.zip and run again"):
        tiles[0]


def test_a_picture_of_another_place_is_refused_though_it_decodes(zipped, tmp_path):
    rows = tables.read(zipped / "p.parquet").to_pylist()
    turned = {name: [row[name] for row in rows[1:] + rows[:1]] for name in PLACE}
    table = altered(zipped / "p.parquet", tmp_path / "p.parquet", **turned)
    with pytest.raises(ValueError, match=r"A\.1: .* is not in its place in .*delete"):
        dataset.Tiles(table, results=zipped.parent)[0]


PLACE = ("tile_offset", "tile_bytes")


@pytest.fixture(scope="module", params=["420", "444", "dzsave"])
def jpeg(request, tmp_path_factory, real_slide):
    """A run whose tiles are JPEG, of each chroma and engine."""
    engine = "dzsave" if request.param == "dzsave" else "tissue"
    chroma = {"chroma": request.param} if engine == "tissue" else {}
    options = CONFIG["tiles"] | {"size_px": 256, "engine": engine} | chroma
    return run(tmp_path_factory.mktemp("jpeg"), real_slide, "zip", options)


def test_a_jpeg_has_the_pixels_that_opencv_decodes(jpeg):
    tiles = dataset.Tiles(jpeg / "p.parquet", tile_status=None)
    archive = zipfile.ZipFile(jpeg.parent / "tiles/A.1.zip")
    assert len(tiles) > 20
    for pixels, row in tiles:
        data = np.frombuffer(archive.read(row["tile_path"]), np.uint8)
        assert np.array_equal(pixels, cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])
        assert pixels.flags.writeable  # PyTorch warns of what it may not write to


def test_a_grey_jpeg_has_three_equal_channels(real_slide):
    grey = np.arange(64 * 50, dtype=np.uint8).reshape(64, 50)
    pixels = pictures.decode(images.jpeg(grey, quality=90))
    assert pixels.shape == (64, 50, 3) and (pixels == pixels[..., :1]).all()
    assert np.abs(pixels[..., 0].astype(int) - grey).mean() < 20


def test_a_jpeg_that_is_cut_short_is_refused(jpeg, tmp_path):
    """OpenCV would return it with a grey end."""
    sizes = [row["tile_bytes"] - 400 for row in tables.read(jpeg / "p.parquet").to_pylist()]
    table = altered(jpeg / "p.parquet", tmp_path / "p.parquet", tile_bytes=sizes)
    with pytest.raises(ValueError, match=r"A\.1: .*delete"):
        dataset.Tiles(table, results=jpeg.parent)[0]


def test_a_csv_that_would_be_too_long_keeps_its_header(tmp_path, real_slide, zipped):
    cohort = run(tmp_path, real_slide, "zip", most=5)
    lines = (cohort / "p.csv").read_text().splitlines()
    assert len(lines) == 1 and lines[0].startswith('"slide_id"')
    assert len(dataset.Tiles(cohort / "p.parquet")) == len(dataset.Tiles(zipped / "p.parquet"))
