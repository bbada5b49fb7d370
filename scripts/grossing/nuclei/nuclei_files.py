"""The nuclei of a slide, written part by part: a table, and outlines for QuPath."""

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Self

import pyarrow.parquet
import shapely

from grossing.columns import nuclei as columns
from grossing.nuclei.nucleus import Nucleus, geometries
from grossing.support import files, tables
from grossing.support.types import PathLike

ROWS_PER_GROUP = 50_000


class NucleiFiles:
    """Writes the nuclei of a slide in parts, whole files or none.

    Parameters
    ----------
    table : Parquet file with the columns of `nuclei`
    geojson : detections for QuPath; if None, none are written, and those of an earlier run beside
        the table (`A.geojson` beside `A.parquet`) are removed

    Attributes
    ----------
    count : nuclei that were added
    """

    def __init__(self, table: PathLike, geojson: PathLike | None = None) -> None:
        self._paths = table, geojson
        self._stack = contextlib.ExitStack()
        self._waiting: list[tuple[int, Nucleus]] = []
        self._json: BinaryIO | None = None
        self.count = 0

    @property
    def wants_outlines(self) -> bool:
        return self._json is not None

    def __enter__(self) -> Self:
        table, geojson = self._paths
        path = self._stack.enter_context(files.replacing(table))
        parquet = pyarrow.parquet.ParquetWriter(path, tables.stated(columns.SCHEMA))
        self._parquet = self._stack.enter_context(parquet)
        if geojson is not None:
            path = self._stack.enter_context(files.replacing(geojson))
            self._json = self._stack.enter_context(path.open("wb"))
            self._json.write(b'{"type": "FeatureCollection", "features": [')
        else:
            files.remove(Path(table).with_suffix(".geojson"))
        return self

    def __exit__(self, failure: type[BaseException] | None, *rest: object) -> None:
        if failure is None:
            self._flush()
            if self._json is not None:
                self._json.write(b"\n]}\n")
        self._stack.__exit__(failure, *rest)  # type: ignore[arg-type]

    def add(self, nuclei: Sequence[Nucleus], outlines: Sequence[shapely.Polygon] = ()) -> None:
        """Add nuclei, which are numbered here, and (`wants_outlines`) outlines in level-0 px."""
        first = self.count + 1
        self.count += len(nuclei)
        self._waiting += enumerate(nuclei, first)
        if len(self._waiting) >= ROWS_PER_GROUP:
            self._flush()
        if self._json is not None:
            pairs = zip(nuclei, geometries(outlines), strict=True)
            for number, (nucleus, geometry) in enumerate(pairs, first):
                start = "\n" if number == 1 else ",\n"
                feature = json.dumps(nucleus.to_feature(number, geometry))
                self._json.write((start + feature).encode())

    def _flush(self) -> None:
        rows = [nucleus.to_row(number) for number, nucleus in self._waiting]
        self._parquet.write_table(tables.from_rows(rows, columns.SCHEMA))
        self._waiting = []
