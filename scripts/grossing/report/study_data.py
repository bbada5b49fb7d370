"""What the page judges the studies again from: the same records as `decide_studies`.

Whatever `study_decision.study` finds without thresholds (not readable, localizers, ...) is found by
asking it with limits that nothing exceeds; so new reasons need no change here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from grossing.cohort.decide import FAIL, Verdict
from grossing.radiology.studies import study_decision
from grossing.radiology.studies.prepared_record import PreparedRecord
from grossing.radiology.studies.study_decision import VOLUMES
from grossing.radiology.studies.study_record import Number, StudyRecord
from grossing.radiology.studies.study_thresholds import ORIENTATION, SPACING
from grossing.report import study_rules

Row = dict[str, Any]
#: reasons that thresholds give
_CODES = {rule.threshold.reason for rule in study_rules.ALL}
_COLUMNS = sorted({rule.threshold.column for rule in study_rules.ALL})


def judged(
    verdicts: pa.Table,
    records: Mapping[str, StudyRecord],
    prepared: Mapping[str, PreparedRecord],
) -> dict[str, Any]:
    """A list per part, in the order of `verdicts`.

    A study without a record, whose job failed, keeps its verdict.
    """
    harmless = study_rules.without_limits()
    rows = [
        _row(records[study_id], prepared.get(study_id), harmless, text)
        if study_id in records
        else _unmeasured(status, text)
        for study_id, status, text in zip(
            *(verdicts[name].to_pylist() for name in ("study_id", "qc_status", "qc_reasons")),
            strict=True,
        )
    ]
    parts = {name: [row[name] for row in rows] for name in rows[0] if name != "values"}
    values = {name: [row["values"].get(name) for row in rows] for name in _COLUMNS}
    return parts | {"values": values}


def _row(
    record: StudyRecord,
    prepared: PreparedRecord | None,
    harmless: study_decision.Limits,
    text: str | None,
) -> Row:
    """Status and reasons without thresholds, those after preparing, and the judged numbers.

    `alone`: nothing else is judged of a study whose slices have no orientation in common.
    `found`: reasons of its verdict, `text`, that are from elsewhere (other studies of the cohort).
    """
    base = study_decision.study(record, harmless)
    is_prepared = prepared is not None and prepared.prepared
    values: dict[str, Number] = {}
    if record.readable:
        values = study_decision.judged_numbers(record) | _variation(record)
    if prepared is not None and is_prepared:
        values |= prepared.measures
    after = prepared.reasons if prepared is not None else ()
    codes = [reason.split("=")[0] for reason in (text or "").split(";") if reason]
    return {
        "status": base.status,
        "found": ";".join(code for code in codes if code not in {*base.reasons, *after, *_CODES}),
        "reasons": ";".join(base.reasons),
        "alone": base == Verdict(FAIL, (ORIENTATION[0].reason,)),
        "after": ";".join(after),
        "prepared": is_prepared,
        "values": values,
    }


def _variation(record: StudyRecord) -> dict[str, Number]:
    """Of slices between which no whole one is missing, as it is judged."""
    geometry = record.geometry
    if geometry is None or geometry.slices_missing or record.modality not in VOLUMES:
        return {}
    return {SPACING.column: study_decision.spacing_variation(geometry)}


def _unmeasured(status: str, text: str | None) -> Row:
    return {
        "status": status,
        "found": "",
        "reasons": text or "",
        "alone": True,
        "after": "",
        "prepared": False,
        "values": {},
    }


def by_id(records: Iterable[Any]) -> dict[str, Any]:
    """Records by their study."""
    return {record.study_id: record for record in records}
