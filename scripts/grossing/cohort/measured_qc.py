"""`cohort_qc`: one row per row of the sheet, with its verdict; streamed, never all at once."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from grossing.cohort import decide, sheet
from grossing.support import tables

SHORT_COHORT = 40
LOG = logging.getLogger(__name__)


def schema_for(sheet: sheet.Sheet) -> pa.Schema:
    """The sheet's columns as text, then ours; ours replaces the sheet's `mpp`."""
    carried = [name for name in sheet.columns if name not in tables.COHORT_QC.names]
    return pa.schema([*((name, pa.string()) for name in carried), *tables.COHORT_QC])


def table(
    sheet: sheet.Sheet,
    records: Iterable[Mapping[str, Any]],
    failed: Mapping[str, Mapping[str, Any]],
    *,
    thresholds: Mapping[str, Mapping[str, float]],
    target_mpp: float,
    target_mpp_tolerance: float,
) -> pa.Table:
    """Judge every slide.

    Parameters
    ----------
    sheet : the cohort sheet
    records : the slides' JSON in the sheet's order, without those of `failed`
    failed : what stands in for the JSON of slides whose job failed (`failures.accepted`)

    Returns
    -------
    One row per row of the sheet, in its order (`schema_for`).
    """
    focus_limit = thresholds["tile"]["focus_reblur_min"]
    rows = []
    waiting = iter(records)
    for slide_id in sheet.rows:
        record = failed.get(slide_id) or next(waiting)
        verdict = decide.slide(
            record,
            thresholds=thresholds,
            target_mpp=target_mpp,
            target_mpp_tolerance=target_mpp_tolerance,
        )
        own = {name: record.get(name) for name in tables.COHORT_QC.names}
        own |= {"qc_status": verdict.status, "qc_reasons": verdict.text or None}
        own["blurred_fraction"] = decide.blurred_fraction(record, focus_limit)
        given = {name: cell or None for name, cell in sheet.rows[slide_id].items()}
        rows.append(given | own)
        _log(record, verdict)
    counts = Counter(row["qc_status"] for row in rows)
    LOG.info("%d slides: %s", len(rows), ", ".join(f"{n} {s}" for s, n in sorted(counts.items())))
    return tables.from_rows(rows, schema_for(sheet))


def _log(record: Mapping[str, Any], verdict: decide.Verdict) -> None:
    if verdict.status == decide.PASS:
        return
    words = record.get("error_message")
    said = f": {words}; {record['remedy']}" if words else ""
    LOG.info("slide %s: %s %s%s", record["slide_id"], verdict.status, verdict.text, said)


def summary(verdicts: pa.Table, tiled: pa.Table | None = None) -> str:
    """The verdicts as text for people: a line per slide (of many, those not PASS), then counts.

    Parameters
    ----------
    verdicts : `cohort_qc`
    tiled : `tile_summary` of the same verdicts, whose final status counts
    """
    wanted = ["slide_id", "qc_status", "qc_reasons", "error_message", "remedy"]
    rows = verdicts.select(wanted).to_pylist()
    for row, final in zip(rows, tiled.to_pylist() if tiled is not None else [], strict=False):
        row |= {"qc_status": final["final_status"], "qc_reasons": final["final_reasons"]}
    counts = Counter(row["qc_status"] for row in rows)
    width = max((len(row["slide_id"]) for row in rows), default=0)
    lines = []
    for row in rows:
        if row["qc_status"] != decide.PASS or len(rows) <= SHORT_COHORT:
            words = f" ({row['error_message']}; {row['remedy']})" if row["error_message"] else ""
            said = f"{row['qc_reasons'] or ''}{words}"
            lines.append(f"  {row['slide_id']:<{width}}  {row['qc_status']:<6}  {said}".rstrip())
    order = [decide.PASS, decide.REVIEW, decide.FAIL, decide.ERROR]
    totals = ", ".join(f"{counts[status]} {status}" for status in order)
    return "\n".join([*lines, f"  {len(rows)} slides: {totals}"])
