"""Tiles for training: tile N of a `patch_cohort` table as an array, with its row.

Works as a PyTorch map-style dataset without importing torch, and pickles to worker processes. Needs
NumPy, PyArrow and OpenCV alone.
"""

import math
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from grossing.columns import patch_cohort

MOST_OPEN_FILES = 64
LOCAL_HEADER_BYTES = 30  # before the name of a member of a zip
MADE_BY = {"normalized": "stain", "stains/hematoxylin": "stains", "stains/eosin": "stains"}
PRODUCTS = ("tiles", *MADE_BY)
USABLE = ("PASS", "REVIEW")
STATUSES = ("PASS", "REVIEW", "FAIL", "ERROR")
TILE_STATUSES = ("PASS", "FAIL")

#: one value, or several of which each row has one; None takes all rows
Filter = str | Sequence[str] | None


class Tiles:
    """The tiles of a cohort by number: those that pass, of slides that are PASS or REVIEW.

    Parameters
    ----------
    table : `patch_cohort.parquet` or `.csv`
    results : the results folder; by default the one that holds the table's `cohort` folder
    splits : `splits.csv` of the run; its `split` replaces that of the sheet, its `fold` is added
    fold : only tiles of slides of this fold, or one of these; needs `splits`
    split, label, stain : only tiles whose row has this value, or one of these
    status : only tiles of slides whose final status (`qc_status`) is this, or one of these
    tile_status : only tiles with this `qc_status_tile`; None takes all that have pixels
    product : folder of `results` that the pixels come from: "tiles", "normalized",
        "stains/hematoxylin", "stains/eosin" (grey, in three equal channels; H&E slides alone)
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

    All rows have the same keys, as batches need: null text is "", a null number NaN, and a whole
    number that is null in all rows is left out.

    Raises
    ------
    ValueError : unknown product, or a value of a filter that no row has (the message lists the
        known ones); a product that the run of the table did not make, or, when a tile is read, one
        of another run than the tiles (compared where these are in `results` too).
    """

    def __init__(
        self,
        table: str | os.PathLike[str],
        *,
        results: str | os.PathLike[str] | None = None,
        splits: str | os.PathLike[str] | None = None,
        split: Filter = None,
        fold: int | Sequence[int] | None = None,
        label: Filter = None,
        stain: Filter = None,
        status: Filter = USABLE,
        tile_status: Filter = "PASS",
        product: str = "tiles",
        transform: Callable[[npt.NDArray[np.uint8]], Any] | None = None,
    ) -> None:
        if product not in PRODUCTS:
            raise ValueError(f"product {product!r} is unknown; use one of {', '.join(PRODUCTS)}")
        self.results = Path(results) if results else Path(table).resolve().parent.parent
        self.product, self.transform = product, transform
        rows = _read(Path(table))
        if missing := [n for n in patch_cohort.SCHEMA.names if n not in rows.column_names]:
            raise ValueError(f"{table} has no column {missing[0]}: make it with this version")
        if splits:
            rows = _with_splits(rows, Path(splits))
        elif fold is not None:
            raise ValueError("fold: give splits too, the path of the run's splits.csv")
        chosen = pc.is_valid(rows["tile_container"])
        filters = {"split": split, "label": label, "stain": stain, "fold": fold}
        for column, wanted in filters.items():
            chosen = pc.and_(chosen, _matching(rows, column, wanted))
        chosen = pc.and_(chosen, _matching(rows, "qc_status", status, STATUSES))
        chosen = pc.and_(chosen, _matching(rows, "qc_status_tile", tile_status, TILE_STATUSES))
        rows = rows.filter(chosen).combine_chunks()
        if product == "normalized":
            _require_normalized(rows)
        self.rows = _filled(rows)
        self._columns = [
            n for n in rows.column_names if self.rows[n].null_count < len(self) or not self
        ]
        self._files: dict[str, Any] = {}
        self._places: dict[str, dict[str, tuple[int, int]] | None] = {}

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    def __getitem__(self, number: int) -> tuple[Any, dict[str, Any]]:
        """Tile `number` as ((H, W, 3) uint8 RGB, its row)."""
        if not -len(self) <= number < len(self):
            raise IndexError(f"tile {number} of {len(self)}")
        row = self.rows.slice(number % len(self), 1).to_pylist()[0]
        container = self.results / self.product / Path(row["tile_container"]).name
        pixels = decode(self._bytes(container, row), row | {"tile_container": str(container)})
        row = {name: row[name] for name in self._columns}
        return (self.transform(pixels) if self.transform else pixels), row

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_files": {}, "_places": {}}

    def _bytes(self, container: Path, row: Mapping[str, Any]) -> bytes:
        place = row["tile_offset"], row["tile_bytes"]
        if self.product != "tiles":
            place = self._place(container, row)
        if place[0] is None:
            return Path(container / row["tile_path"]).read_bytes()
        file = self._files.get(str(container))
        if file is None:
            if len(self._files) >= MOST_OPEN_FILES:
                self._files.pop(next(iter(self._files))).close()
            file = self._files[str(container)] = container.open("rb", buffering=0)
        data: bytes = os.pread(file.fileno(), place[1], place[0])
        return data

    def _place(self, container: Path, row: Mapping[str, Any]) -> tuple[int | None, int]:
        """Offset and length of a member that the table does not describe; None in a folder.

        Raises
        ------
        ValueError : the container or the member is missing or from another run than the tiles.
        """
        slide_id, member, key = row["slide_id"], row["tile_path"], str(container)
        section = MADE_BY[self.product]
        remedy = f"delete {container} and run again with {section}.enabled: true"
        if key not in self._places:
            made = _dzi(container, slide_id)
            expected = _dzi(self.results / row["tile_container"], slide_id)
            if made is None or expected not in (None, made):
                raise ValueError(
                    f"{slide_id}: product {self.product!r} is missing, broken or of another run "
                    f"than the tiles: {remedy}"
                )
            self._places[key] = None if container.is_dir() else _members(container)
        places = self._places[key]
        if places is None and (container / member).exists():
            return None, 0
        if section == "stains" and math.isnan(row["hematoxylin_od"]):
            remedy = "the slide is of another stain than H&E: leave its rows out of the table"
        if places is None or member not in places:
            raise ValueError(f"{slide_id}: product {self.product!r} has no {member}: {remedy}")
        return places[member]


def _matching(
    rows: pa.Table,
    column: str,
    value: str | int | Sequence[str | int] | None,
    known: Sequence[str | int] | None = None,
) -> pa.ChunkedArray:
    """Which rows have one of the values of a filter; ValueError for a value that none can have."""
    if value is None:
        return pa.chunked_array([pa.repeat(pa.scalar(True), rows.num_rows)])
    values = [value] if isinstance(value, (str, int)) else list(value)
    if known is None:
        known = sorted(filter(None, pc.unique(rows[column]).to_pylist()))
    if unknown := [each for each in values if each not in known]:
        listed = ", ".join(map(repr, known)) or "none: the column is empty"
        raise ValueError(f"{column} {unknown[0]!r} is unknown in this table; it has {listed}")
    return pc.is_in(rows[column], value_set=pa.array(values, rows[column].type))


def _members(path: Path) -> dict[str, tuple[int, int]]:
    """Offset and length of each stored member of a zip of tiles."""
    with zipfile.ZipFile(path) as container:
        return {
            info.filename: (
                info.header_offset + LOCAL_HEADER_BYTES + len(info.filename.encode()),
                info.file_size,
            )
            for info in container.infolist()
        }


def _dzi(container: Path, slide_id: str) -> bytes | None:
    """The `.dzi` of a container, which describes its grid; None where there is none."""
    name = f"{slide_id}.dzi"
    try:
        if container.is_dir():
            return (container / name).read_bytes()
        with zipfile.ZipFile(container) as members:
            return members.read(name)
    except (FileNotFoundError, KeyError, zipfile.BadZipFile):
        return None


def decode(data: bytes, row: Mapping[str, Any]) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB of an encoded tile.

    Raises
    ------
    ValueError : the bytes do not decode: the container is not the one of this table.
    """
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if picture is None:
        raise ValueError(
            f"{row['slide_id']}: {row['tile_path']} does not decode at offset {row['tile_offset']} "
            f"of {row['tile_container']}: table and container come from different runs: "
            f"delete {row['tile_container']} and run again"
        )
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def _read(path: Path) -> pa.Table:
    if path.suffix == ".parquet":
        return pa.parquet.read_table(path)
    types = {field.name: field.type for field in patch_cohort.SCHEMA}
    options = pa.csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""])
    return pa.csv.read_csv(path, convert_options=options)


def _with_splits(rows: pa.Table, path: Path) -> pa.Table:
    """The rows with split and fold of `splits.csv`; ValueError where a slide is not in it."""
    types = {"slide_id": pa.string(), "split": pa.string(), "fold": pa.int64()}
    options = pa.csv.ConvertOptions(
        column_types=types,
        include_columns=list(types),
        strings_can_be_null=True,
        null_values=[""],
    )
    given = pa.csv.read_csv(path, convert_options=options).combine_chunks()
    row_of = pc.index_in(rows["slide_id"], value_set=given["slide_id"])
    if row_of.null_count:
        slide_id = rows.filter(pc.is_null(row_of))["slide_id"][0]
        raise ValueError(f"{path} has no slide {slide_id}: use that of the run of the table")
    found = given.take(row_of)
    index = rows.column_names.index("split")
    rows = rows.set_column(index, rows.schema.field("split"), found["split"])
    return rows.append_column("fold", found["fold"])


def _require_normalized(rows: pa.Table) -> None:
    """Raises ValueError where a row has no `stain_status`: its slide was not normalised."""
    missing = rows.filter(pc.is_null(rows["stain_status"]))["slide_id"]
    if len(missing):
        raise ValueError(
            f"{missing[0]}: the run of this table made no 'normalized' tiles (stain_status is "
            "null): run again with stain.enabled: true and a stain.method, or use 'tiles'"
        )


def _filled(rows: pa.Table) -> pa.Table:
    """Null text as "", null measurements as NaN, as batches need them.

    Whole numbers of which some are null become floats; a column of nulls alone stays as it is.
    """
    for index, field in enumerate(rows.schema):
        column = rows[field.name]
        if pa.types.is_integer(field.type) and 0 < column.null_count < len(column):
            column = column.cast(pa.float64())
        if pa.types.is_string(column.type):
            column = pc.fill_null(column, "")
        elif pa.types.is_floating(column.type):
            column = pc.fill_null(column, float("nan"))
        rows = rows.set_column(index, field.name, column)
    return rows
