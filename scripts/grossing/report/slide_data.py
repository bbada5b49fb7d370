"""The rows of `cohort_qc` for the page: a list per column, with what the column means."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from grossing.cohort import failures
from grossing.columns import meanings
from grossing.report.verdict_data import Row, SlideVerdicts
from grossing.slide.record import SlideRecord


def columns(verdicts: pa.Table) -> list[dict[str, Any]]:
    """Every column with name, kind, unit, meaning and values; texts that repeat are numbered."""
    made = []
    for name in verdicts.column_names:
        kind = verdicts.schema.field(name).type
        numeric = pa.types.is_integer(kind) or pa.types.is_floating(kind)
        known = meanings.COLUMNS["cohort_qc"].get(name)
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
    texts = list(dict.fromkeys(values))
    if len(texts) > len(values) / 2:
        return {"values": values}
    number = {text: i for i, text in enumerate(texts)}
    return {"texts": texts, "values": [number[value] for value in values]}


def judged(
    verdicts: pa.Table, records: Iterable[SlideRecord], of: SlideVerdicts
) -> dict[str, list[Any]]:
    """What the page judges each slide again from, a list per part, in the order of `verdicts`.

    A slide without a record, whose job failed, keeps its verdict.
    """
    by_id: dict[str, Row] = {record.slide_id: of.of(record) for record in records}
    rows = []
    for slide_id, status, text in zip(
        *(verdicts[name].to_pylist() for name in ("slide_id", "qc_status", "qc_reasons")),
        strict=True,
    ):
        lost = text == failures.CODE or slide_id not in by_id
        rows.append(_unmeasured(status, text) if lost else by_id[slide_id])
    names = sorted({name for row in rows for name in row["values"]})
    return {
        "status": [row["status"] for row in rows],
        "reasons": [";".join(row["reasons"]) for row in rows],
        "fail": [row["fail"] for row in rows],
        "blurred": [row["blurred"] for row in rows],
        "found": [";".join(row["found"]) for row in rows],
        "review": [row["review"] for row in rows],
        "values": {name: [row["values"].get(name) for row in rows] for name in names},  # type: ignore[dict-item]
    }


def _unmeasured(status: str, text: str | None) -> Row:
    return {
        "status": status,
        "reasons": (text or "").split(";"),
        "fail": status,
        "values": {},
        "blurred": None,
        "found": [],
        "review": None,
    }


def reasons() -> Mapping[str, Mapping[str, str]]:
    """Meaning and remedy of every code of slides and tiles."""
    return {**meanings.REASONS["tile_reason_codes"], **meanings.REASONS["reason_codes"]}
