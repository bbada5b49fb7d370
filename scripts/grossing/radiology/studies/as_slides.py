"""Tables of studies for the code of cohorts of slides, where a study takes the place of a slide."""

import pyarrow as pa

from grossing.support import tables

#: name of a column in the tables of studies -> in those of slides
NAMES = {
    "study_id": "slide_id",
    "study_id_a": "slide_id_a",
    "study_id_b": "slide_id_b",
    "studies": "slides",
}
BACK = {slides: studies for studies, slides in NAMES.items()}


def renamed(table: pa.Table) -> pa.Table:
    """A table of studies with the names that the code of slides knows.

    A column of the user's own with such a name is left out.
    """
    own = table.drop_columns([name for name in table.column_names if name in BACK])
    return own.rename_columns([NAMES.get(name, name) for name in own.column_names])


def back(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table that this code made, with the names of studies."""
    named = table.rename_columns([BACK.get(name, name) for name in table.column_names])
    return tables.from_rows(named.to_pylist(), schema)
