"""`measured_qc`: one row per row of the sheet, judged by what was measured before tiling."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from grossing.cohort import decide, sheet_checks
from grossing.cohort.decide import Criteria, Verdict
from grossing.cohort.sheet import Sheet
from grossing.cohort.sheet_checks import Leakage
from grossing.columns import measured_qc as columns
from grossing.slide.record import SlideRecord
from grossing.support import findings, tables
from grossing.support.errors import CohortError

LOG = logging.getLogger(__name__)


def schema_for(sheet: Sheet, own: pa.Schema) -> pa.Schema:
    """The sheet's columns as text, then ours; ours replaces the sheet's `mpp`."""
    carried = [name for name in sheet.columns if name not in own.names]
    return pa.schema([*((name, pa.string()) for name in carried), *own])


def table(
    sheet: Sheet,
    records: Iterable[SlideRecord],
    failed: Mapping[str, SlideRecord],
    criteria: Criteria,
    *,
    leakage: Leakage,
) -> pa.Table:
    """Judge every slide of the sheet.

    Parameters
    ----------
    records : what was measured, of every slide once, in any order
    failed : the records of slides whose job failed (`failures.accepted`)
    leakage : whether copies of one slide in two splits stop the run (`sheet_checks.contents`)

    Returns
    -------
    One row per row of the sheet, in its order (`schema_for`).

    Raises
    ------
    CohortError : a slide of the sheet has no record, or two; a record belongs to no slide.
    UserError : two files of the sheet are copies of one slide and contradict each other.
    """
    rows: dict[str, dict[str, Any]] = {}
    hashes: dict[str, str] = {}
    for record in (*failed.values(), *_once(records, failed)):
        if record.slide_id not in sheet.rows:
            raise CohortError(f"slide {record.slide_id} is measured and not in {sheet.path}")
        verdict = decide.slide(record, criteria)
        rows[record.slide_id] = _row(sheet, record, verdict, criteria)
        if record.readable and record.identity.content_hash:
            hashes[record.slide_id] = record.identity.content_hash
        _log(record, verdict)
    _check_copies(sheet, hashes, leakage)
    if missing := [slide_id for slide_id in sheet.rows if slide_id not in rows]:
        raise CohortError(f"slide {missing[0]} of {sheet.path} is not measured")
    counts = Counter(row["qc_status"] for row in rows.values())
    LOG.info("%d slides: %s", len(rows), ", ".join(f"{n} {s}" for s, n in sorted(counts.items())))
    ordered = [rows[slide_id] for slide_id in sheet.rows]
    return tables.from_rows(ordered, schema_for(sheet, columns.SCHEMA))


def _check_copies(sheet: Sheet, hashes: Mapping[str, str], leakage: Leakage) -> None:
    copies = sheet_checks.contents(sheet, hashes, leakage)
    findings.refuse(copies)
    if copies:
        LOG.warning("%s", findings.text(copies))


def _once(
    records: Iterable[SlideRecord], failed: Mapping[str, SlideRecord]
) -> Iterable[SlideRecord]:
    """The records one by one; raises CohortError where a slide has two."""
    slide_ids = set(failed)
    for record in records:
        if record.slide_id in slide_ids:
            raise CohortError(f"slide {record.slide_id} has two records")
        slide_ids.add(record.slide_id)
        yield record


def _row(sheet: Sheet, record: SlideRecord, verdict: Verdict, criteria: Criteria) -> dict[str, Any]:
    given = {name: value or None for name, value in sheet.rows[record.slide_id].items()}
    measured = record.to_json()
    own = {name: measured.get(name) for name in columns.SCHEMA.names}
    own |= {"qc_status": verdict.status, "qc_reasons": verdict.text}
    focus = decide.FocusShares.of(record, criteria.tile["focus_min"])
    own |= {
        "blurred_fraction": focus.blurred,
        "blurred_fraction_low": focus.low,
        "blurred_fraction_high": focus.high,
        "focus_uncertain_fraction": focus.uncertain,
    }
    return given | own


def _log(record: SlideRecord, verdict: Verdict) -> None:
    if verdict.status == decide.PASS:
        return
    refusal = record.refusal
    remedy = f": {refusal.message}; {refusal.remedy}" if refusal else ""
    LOG.info("slide %s: %s %s%s", record.slide_id, verdict.status, verdict.text, remedy)
