"""Writing `patch_cohort` slide by slide, so that memory does not grow with the cohort."""

import contextlib
import logging
from typing import Any, Self

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from grossing.columns import patch_cohort
from grossing.support import files, tables
from grossing.support.types import PathLike

ROWS_PER_GROUP = 100_000
LOG = logging.getLogger(__name__)


class PatchWriter:
    """Writes `patch_cohort` as Parquet and CSV in parts, whole files or none.

    Parameters
    ----------
    parquet, csv : paths
    csv_rows_max : with more rows the CSV holds its header only (the Parquet file holds all rows)
    """

    def __init__(
        self,
        parquet: PathLike,
        csv: PathLike,
        *,
        csv_rows_max: int,
    ) -> None:
        self._paths, self._csv_rows_max = (parquet, csv), csv_rows_max
        self._stack = contextlib.ExitStack()
        self._waiting: list[pa.Table] = []
        self._rows = self._written = 0

    def __enter__(self) -> Self:
        parquet, self._csv_path = (
            self._stack.enter_context(files.replacing(path)) for path in self._paths
        )
        self._parquet = self._stack.enter_context(
            pa.parquet.ParquetWriter(parquet, tables.stated(patch_cohort.SCHEMA))
        )
        self._csv = self._open_csv()
        return self

    def __exit__(self, failure: type[BaseException] | None, *rest: Any) -> None:
        if failure is None:
            self._flush()
        self._csv.close()
        self._stack.__exit__(failure, *rest)

    def _open_csv(self) -> pa.csv.CSVWriter:
        return pa.csv.CSVWriter(
            self._csv_path, patch_cohort.SCHEMA, write_options=tables.csv_options()
        )

    def write(self, part: pa.Table) -> None:
        self._waiting.append(part)
        self._rows += part.num_rows
        if self._rows - self._written >= ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        part = pa.concat_tables(self._waiting).combine_chunks()
        fitted = self._written <= self._csv_rows_max
        self._waiting, self._written = [], self._rows
        self._parquet.write_table(part)
        if self._written <= self._csv_rows_max:
            self._csv.write_table(part)
        elif fitted:
            LOG.warning(
                "more than %d tiles: patch_cohort.csv holds its header only", self._csv_rows_max
            )
            self._csv.close()
            self._csv = self._open_csv()
