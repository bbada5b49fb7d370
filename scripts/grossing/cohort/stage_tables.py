"""Tables of the cohort that optional stages add: one row per slide."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from grossing.support import tables
from grossing.support.errors import CohortError

Row = dict[str, Any]


def one_row_per_slide(
    verdicts: pa.Table,
    files: Mapping[str, Path],
    row: Callable[[str], Row],
    schema: pa.Schema,
) -> pa.Table:
    """One row per row of `cohort_qc`, in its order; CohortError for a file of no slide of it.

    Parameters
    ----------
    verdicts : `cohort_qc`
    files : file of each slide; a slide whose job failed has none, and a row without numbers
    row : columns of a slide that has one
    schema : of the table, `slide_id` and `qc_status` among its columns
    """
    slides = verdicts.select(["slide_id", "qc_status"]).to_pylist()
    if unknown := set(files) - {slide["slide_id"] for slide in slides}:
        raise CohortError(f"slide {min(unknown)} is measured and has no verdict")
    rows = [(row(s["slide_id"]) if s["slide_id"] in files else {}) | s for s in slides]
    return tables.from_rows(rows, schema)
