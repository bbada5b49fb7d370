"""What the page judges the slides again from, and what their codes mean."""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from grossing.cohort import failures
from grossing.columns import meanings
from grossing.report.verdict_data import Row, SlideVerdicts
from grossing.slide.record import SlideRecord


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
