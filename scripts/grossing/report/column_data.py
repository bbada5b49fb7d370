"""The rows of a table of verdicts for the page: a list per column, with what the column means."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from grossing.cohort import decide


def counted(verdicts: pa.Table) -> dict[str, int]:
    """How many rows have each status."""
    counts = Counter(verdicts["qc_status"].to_pylist())
    return {status: counts[status] for status in decide.STATUSES}


def columns(verdicts: pa.Table, meanings: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every column with name, kind, unit, meaning and values; texts that repeat are numbered.

    Parameters
    ----------
    meanings : name to `unit` and `meaning` of the columns that are not of the sheet
    """
    made = []
    for name in verdicts.column_names:
        kind = verdicts.schema.field(name).type
        numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind)
        known = meanings.get(name)
        made.append(
            {
                "name": name,
                "numeric": numeric,
                "unit": known["unit"] if known else "",
                "meaning": known["meaning"] if known else "column of the cohort sheet",
                "own": known is not None,
                **_values(verdicts[name].to_pylist(), numeric),
            }
        )
    return made


def _values(values: list[Any], numeric: bool) -> dict[str, Any]:
    if numeric:
        return {"values": [None if v is None or math.isnan(v) else v for v in values]}
    values = [str(v).lower() if isinstance(v, bool) else v for v in values]
    texts = list(dict.fromkeys(values))
    if len(texts) > len(values) / 2:
        return {"values": values}
    number = {text: i for i, text in enumerate(texts)}
    return {"texts": texts, "values": [number[value] for value in values]}
