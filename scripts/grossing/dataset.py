"""Tiles for people who train: tile N of a `patch_cohort` table as an array, with its row.

Works as a PyTorch map-style dataset without importing torch, and pickles to worker processes.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from grossing import deepzoom, tables

MOST_OPEN_FILES = 64


class Tiles:
    """The tiles of a cohort by number.

    Parameters
    ----------
    table : `patch_cohort.parquet` or `.csv`
    results : the results folder; by default the one that holds the table's `cohort` folder
    split : only tiles of this split
    status : only tiles with this `qc_status_tile`; None takes all that have pixels
    product : folder of `results` that the pixels come from: "tiles", "normalized",
        "stains/hematoxylin", "stains/eosin" (grey, in three equal channels)
    transform : called with each (H, W, 3) uint8 array; its result is returned in its place

    Examples
    --------
    >>> tiles = Tiles("results/cohort/patch_cohort.parquet", split="train")  # doctest: +SKIP
    >>> pixels, row = tiles[0]  # doctest: +SKIP
    >>> loader = torch.utils.data.DataLoader(tiles, batch_size=64, num_workers=8)  # doctest: +SKIP

    Notes
    -----
    A tile is one seek and one read. The table knows where "tiles" lie; of another product, each
    zip's directory is read once.
    """

    def __init__(
        self,
        table: str | os.PathLike[str],
        *,
        results: str | os.PathLike[str] | None = None,
        split: str | None = None,
        status: str | None = "PASS",
        product: str = "tiles",
        transform: Callable[[npt.NDArray[np.uint8]], Any] | None = None,
    ) -> None:
        self.results = Path(results) if results else Path(table).resolve().parent.parent
        self.product, self.transform = product, transform
        rows = _read(Path(table))
        wanted = pc.is_valid(rows["tile_container"])
        if split is not None:
            wanted = pc.and_(wanted, pc.fill_null(pc.equal(rows["split"], split), False))
        if status is not None:
            wanted = pc.and_(wanted, pc.equal(rows["qc_status_tile"], status))
        self.rows = _filled(rows.filter(wanted).combine_chunks())
        self._files: dict[str, Any] = {}
        self._places: dict[str, dict[str, tuple[int, int]]] = {}

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    def __getitem__(self, number: int) -> tuple[Any, dict[str, Any]]:
        """Tile `number` as ((H, W, 3) uint8 RGB, its row)."""
        if not -len(self) <= number < len(self):
            raise IndexError(f"tile {number} of {len(self)}")
        row = self.rows.slice(number % len(self), 1).to_pylist()[0]
        pixels = decode(self._bytes(row), row)
        told = {name: value for name, value in row.items() if value is not None}  # as batches need
        return (self.transform(pixels) if self.transform else pixels), told

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_files": {}, "_places": {}}

    def _bytes(self, row: Mapping[str, Any]) -> bytes:
        container = self.results / self.product / Path(row["tile_container"]).name
        if row["tile_offset"] is None:
            return Path(container / row["tile_path"]).read_bytes()
        offset, size = row["tile_offset"], row["tile_bytes"]
        if self.product != "tiles":
            offset, size = self._place(container, row["tile_path"])
        file = self._files.get(str(container))
        if file is None:
            if len(self._files) >= MOST_OPEN_FILES:
                self._files.pop(next(iter(self._files))).close()
            file = self._files[str(container)] = container.open("rb", buffering=0)
        data: bytes = os.pread(file.fileno(), size, offset)
        return data

    def _place(self, container: Path, member: str) -> tuple[int, int]:
        """Offset and length of a member of a zip that the table does not describe."""
        if str(container) not in self._places:
            self._places[str(container)] = deepzoom.places(container)
        return self._places[str(container)][member]


def decode(data: bytes, row: Mapping[str, Any]) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB of an encoded tile.

    Raises
    ------
    ValueError : the bytes are no picture; the container is not the one of this table.
    """
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if picture is None:
        raise ValueError(
            f"{row['slide_id']}: {row['tile_path']} is no picture at offset {row['tile_offset']} "
            f"of {row['tile_container']}: table and container are of different runs; run again"
        )
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def _read(path: Path) -> pa.Table:
    if path.suffix == ".parquet":
        return pa.parquet.read_table(path)
    types = {field.name: field.type for field in tables.PATCH_COHORT}
    options = pa.csv.ConvertOptions(column_types=types, strings_can_be_null=True)
    return pa.csv.read_csv(path, convert_options=options)


def _filled(rows: pa.Table) -> pa.Table:
    """Null text as "", null measurements as NaN: what batches can be made of."""
    for index, field in enumerate(rows.schema):
        if pa.types.is_string(field.type):
            rows = rows.set_column(index, field.name, pc.fill_null(rows[field.name], ""))
        elif pa.types.is_floating(field.type):
            rows = rows.set_column(index, field.name, pc.fill_null(rows[field.name], float("nan")))
    return rows
