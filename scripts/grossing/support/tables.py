"""How tables are made of rows, written and read."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from grossing.support import files, versions


def from_rows(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """A table of the schema's columns, in its order; a key that a row lacks is null."""
    return pa.Table.from_pylist(rows, schema)


def write_parquet(table: pa.Table, path: str | os.PathLike[str]) -> None:
    """Write under a temporary name, then rename; the file states what it is made with."""
    with files.replacing(path) as temporary:
        pa.parquet.write_table(
            table.replace_schema_metadata(stated(table.schema).metadata), temporary
        )


def stated(schema: pa.Schema) -> pa.Schema:
    """The schema with the libraries of this process, in place of those of tables it is made of."""
    return schema.with_metadata({versions.MADE_WITH: json.dumps(versions.used())})


def made_with(path: str | os.PathLike[str]) -> dict[str, str]:
    """Libraries and versions that a Parquet file was made with; empty where it does not say."""
    found: dict[str, str] = json.loads(
        (pa.parquet.read_schema(path).metadata or {}).get(versions.MADE_WITH.encode(), b"{}")
    )
    return found


def write_csv(table: pa.Table, path: str | os.PathLike[str]) -> None:
    """Write under a temporary name, then rename; null values are empty."""
    with files.replacing(path) as temporary:
        pa.csv.write_csv(table, temporary, csv_options())


def csv_options() -> pa.csv.WriteOptions:
    """How all CSV files are written."""
    return pa.csv.WriteOptions(quoting_style="needed")


def read_csv(path: str | os.PathLike[str], schema: pa.Schema) -> pa.Table:
    """A CSV file as a table of the schema's columns; empty values are null."""
    options = pa.csv.ConvertOptions(column_types=schema, null_values=[""], strings_can_be_null=True)
    return pa.csv.read_csv(path, convert_options=options).select(schema.names)


def read(path: str | os.PathLike[str], columns: Iterable[str] | None = None) -> pa.Table:
    """A Parquet file as a table; `pyarrow.parquet.read_table` loads the library of data sets."""
    with pa.parquet.ParquetFile(path) as file:
        return file.read(list(columns) if columns else None)
