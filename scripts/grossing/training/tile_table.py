"""The rows of `patch_cohort` that are trained from: read, filtered, without nulls, joined."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from grossing.columns import patch_cohort

STATUSES = ("PASS", "REVIEW", "FAIL", "ERROR")
TILE_STATUSES = ("PASS", "FAIL")
#: the column of a joined table that names the cohort of a row
COHORT = "cohort"

Values = str | int | Sequence[str | int] | None


def read(path: Path) -> pa.Table:
    """A `patch_cohort` table of this version, `.parquet` or `.csv`.

    Raises
    ------
    ValueError : a column is missing: the table was made by another version.
    """
    if path.suffix == ".parquet":
        rows = pa.parquet.read_table(path)
    else:
        types = {field.name: field.type for field in patch_cohort.SCHEMA}
        rows = pa.csv.read_csv(path, convert_options=_options(types))
    if missing := [n for n in patch_cohort.SCHEMA.names if n not in rows.column_names]:
        raise ValueError(f"{path} has no column {missing[0]}: make it with this version")
    return rows


def with_splits(rows: pa.Table, path: Path) -> pa.Table:
    """The rows with split and fold of `splits.csv`; ValueError where a slide is not in it."""
    types = {"slide_id": pa.string(), "split": pa.string(), "fold": pa.int64()}
    options = _options(types, include_columns=list(types))
    given = pa.csv.read_csv(path, convert_options=options).combine_chunks()
    row_of = pc.index_in(rows["slide_id"], value_set=given["slide_id"])
    if row_of.null_count:
        slide_id = rows.filter(pc.is_null(row_of))["slide_id"][0]
        raise ValueError(f"{path} has no slide {slide_id}: use that of the run of the table")
    found = given.take(row_of)
    index = rows.column_names.index("split")
    rows = rows.set_column(index, rows.schema.field("split"), found["split"])
    return rows.append_column("fold", found["fold"])


def matching(rows: pa.Table, filters: Mapping[str, Values]) -> pa.Table:
    """The rows that have pixels and, in each column, one of the values of its filter.

    Raises
    ------
    ValueError : a value that no row can have; with the known ones.
    """
    chosen = pc.is_valid(rows["tile_container"])
    for column, values in filters.items():
        if values is not None:
            chosen = pc.and_(chosen, _having(rows, column, values))
    return rows.filter(chosen).combine_chunks()


def _having(rows: pa.Table, column: str, value: str | int | Sequence[str | int]) -> pa.ChunkedArray:
    values = [value] if isinstance(value, (str, int)) else list(value)
    closed = {"qc_status": STATUSES, "qc_status_tile": TILE_STATUSES}
    known: Sequence[str | int] = closed.get(column, ())
    if not known:
        known = sorted(filter(None, pc.unique(rows[column]).to_pylist()))
    if unknown := [each for each in values if each not in known]:
        listed = ", ".join(map(repr, known)) or "none: the column is empty"
        raise ValueError(f"{column} {unknown[0]!r} is unknown in this table; it has {listed}")
    return pc.is_in(rows[column], value_set=pa.array(values, rows[column].type))


def require_normalized(rows: pa.Table) -> None:
    """Raises ValueError where a row has no `stain_status`: its slide was not normalised."""
    missing = rows.filter(pc.is_null(rows["stain_status"]))["slide_id"]
    if len(missing):
        raise ValueError(
            f"{missing[0]}: the run of this table made no 'normalized' tiles (stain_status is "
            "null): run again with stain.enabled: true and a stain.method, or use 'tiles'"
        )


def filled(rows: pa.Table) -> pa.Table:
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


def joined(tables: Mapping[str, pa.Table]) -> pa.Table:
    """The rows of several cohorts, filled, with the name of each in the column `cohort`.

    Raises
    ------
    ValueError : a table is of several cohorts already.
    """
    named = []
    for cohort, rows in tables.items():
        if COHORT in rows.column_names:
            raise ValueError(f"{cohort!r} has several cohorts already: join all of them at once")
        names = pa.repeat(pa.scalar(cohort), rows.num_rows)
        named.append(rows.append_column(COHORT, names))
    return filled(pa.concat_tables(named, promote_options="permissive").combine_chunks())


def _options(types: Mapping[str, pa.DataType], **more: list[str]) -> pa.csv.ConvertOptions:
    return pa.csv.ConvertOptions(
        column_types=types, strings_can_be_null=True, null_values=[""], **more
    )
