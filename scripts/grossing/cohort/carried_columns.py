"""The columns of a sheet in the tables that have a row per row of it."""

import pyarrow as pa

from grossing.cohort.sheet import Sheet


def schema_for(sheet: Sheet, own: pa.Schema) -> pa.Schema:
    """The sheet's columns as text, then ours; ours replaces one of the sheet of the same name."""
    carried = [name for name in sheet.columns if name not in own.names]
    return pa.schema([*((name, pa.string()) for name in carried), *own])
