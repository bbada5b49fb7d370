"""Small runs to train from, and what PyTorch's DataLoader asks of a dataset, without PyTorch."""

import itertools
import multiprocessing
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from grossing.cohort import collect
from grossing.cohort.patch_writer import PatchWriter
from grossing.columns import patch_cohort
from grossing.support import images, tables
from grossing.tiles import deepzoom
from grossing.training import pictures
from stages import CONFIG, PNG, cut, measured, write_rows

VERDICT = {"slide_id": "A.1", "qc_status": "PASS", "qc_reasons": None, "split": "train"}


def run(
    folder: Path,
    slide: Path,
    container: str,
    options: dict[str, Any] = PNG,
    most: int = 10**6,
    **verdict: str,
) -> Path:
    """Tiles of one slide and their judged table `p` (.parquet, .csv); the folder of the table."""
    (folder / "tiles").mkdir(parents=True)
    target = folder / collect.CONTAINERS[container].format(slide_id="A.1")
    rows = cut(slide, measured(slide), target, options | {"container": container})
    write_rows(rows, folder / "A.1.parquet")
    patches = (folder / "cohort/p.parquet", folder / "cohort/p.csv")
    with PatchWriter(*patches, csv_rows_max=most) as writer:
        collect.tiles(
            pa.Table.from_pylist([VERDICT | verdict]),
            collect.TileTables.from_paths([folder / "A.1.parquet"]),
            writer,
            limits=CONFIG["thresholds"],
            container=container,
        )
    return folder / "cohort"


def altered(table: Path, path: Path, **columns: list[Any]) -> Path:
    """A copy of a table with other values in some columns."""
    rows = tables.read(table).to_pylist()
    for name, values in columns.items():
        for row, value in zip(rows, values, strict=True):
            row[name] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    made = tables.from_rows(rows, patch_cohort.SCHEMA)
    (tables.write_parquet if path.suffix == ".parquet" else tables.write_csv)(made, path)
    return path


def inverted(folder: Path, source: Path) -> Path:
    """The tiles below `folder` inverted, as a product that lies beside a copy of them."""
    (folder / "tiles").mkdir(parents=True)
    shutil.copy(source, folder / "tiles")
    archive = zipfile.ZipFile(source)
    sink = deepzoom.ZipContainer(folder / "normalized/A.1.zip")
    for name in archive.namelist():
        data = archive.read(name)
        sink.add(name, images.png(255 - pictures.decode(data)) if name.endswith("png") else data)
    sink.finish()
    return folder


def first(tiles: Any) -> int:
    """Sum of the first tile."""
    return int(tiles[0][0].sum())


class DataLoader:
    """Batches as PyTorch makes them of a map-style dataset: by worker processes, in order."""

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        sampler: Any,
        num_workers: int,
        multiprocessing_context: str = "fork",
    ) -> None:
        self.dataset, self.sampler = dataset, sampler
        self.batch_size, self.num_workers = batch_size, num_workers
        self.context = multiprocessing_context

    def __iter__(self) -> Iterator[Any]:
        numbers = iter(self.sampler)
        batches = iter(lambda: list(itertools.islice(numbers, self.batch_size)), [])
        context: Any = multiprocessing.get_context(self.context)
        with context.Pool(self.num_workers, _keep, (self.dataset,)) as pool:
            for fetched in pool.imap(_fetch, batches):
                pixels, rows = zip(*fetched, strict=True)
                yield np.stack(pixels), {name: [row[name] for row in rows] for name in rows[0]}


_KEPT: list[Any] = []  # in a worker: the dataset


def _keep(dataset: Any) -> None:
    _KEPT[:] = [dataset]


def _fetch(numbers: list[int]) -> list[Any]:
    return list(_KEPT[0].__getitems__(numbers))
