"""`measured_qc`: one row per row of the sheet, judged by what was measured before tiling."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from grossing.cohort import (
    decide,
    duplicates,
    other_stains,
    outliers,
    sheet_checks,
    thresholds,
)
from grossing.cohort.carried_columns import schema_for
from grossing.cohort.decide import Criteria, Verdict
from grossing.cohort.duplicates import Duplicates
from grossing.cohort.reviews import Reviews
from grossing.cohort.sheet import Sheet
from grossing.cohort.sheet_checks import Leakage
from grossing.columns import duplicates as duplicate_columns
from grossing.columns import measured_qc as columns
from grossing.slide.record import SlideRecord
from grossing.support import findings, tables
from grossing.support.errors import CohortError

LOG = logging.getLogger(__name__)
NO_PAIRS, NO_REVIEWS = pa.Table.from_batches([], duplicate_columns.SCHEMA), Reviews({}, "")
Row = dict[str, Any]


def table(
    sheet: Sheet,
    records: Iterable[SlideRecord],
    failed: Mapping[str, SlideRecord],
    criteria: Criteria,
    *,
    leakage: Leakage,
    pairs: pa.Table = NO_PAIRS,
    reviews: Reviews = NO_REVIEWS,
) -> pa.Table:
    """Judge every slide of the sheet.

    Parameters
    ----------
    records : what was measured, of every slide once, in any order
    failed : the records of slides whose job failed (`failures.accepted`)
    leakage : whether copies of one slide in two splits stop the run (`sheet_checks.contents`)
    pairs : `duplicates`
    reviews : verdicts of people

    Returns
    -------
    One row per row of the sheet, in its order (`schema_for`).

    Raises
    ------
    CohortError : a slide of the sheet has no record, or two; a record belongs to no slide.
    UserError : two files of the sheet are copies of one slide and contradict each other.
    """
    rows: dict[str, Row] = {}
    hashes: dict[str, str] = {}
    for record in (*failed.values(), *_once(records, failed)):
        if record.slide_id not in sheet.rows:
            raise CohortError(f"slide {record.slide_id} is measured and not in {sheet.path}")
        rows[record.slide_id] = _row(sheet, record, criteria)
        if record.readable and record.identity.content_hash:
            hashes[record.slide_id] = record.identity.content_hash
    _check_copies(sheet, hashes, leakage)
    if missing := [slide_id for slide_id in sheet.rows if slide_id not in rows]:
        raise CohortError(f"slide {missing[0]} of {sheet.path} is not measured")
    _judge_beside_others(rows, pairs, criteria)
    for row in rows.values():
        _review(row, reviews)
        _log(row)
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


def _judge_beside_others(rows: Mapping[str, Row], pairs: pa.Table, criteria: Criteria) -> None:
    """Add duplicates and outliers to the rows, with the reasons to look at them.

    Slides whose dyes are told to be others lose the numbers of hematoxylin and eosin.
    """
    compared = [row for row in rows.values() if row["tissue_area_mm2"]]
    scores = {
        rule: outliers.scored(compared, outliers.COMPARED[rule.column])
        for rule in thresholds.COHORT
    }
    copies = duplicates.by_slide(pairs)
    for slide_id, row in rows.items():
        reasons, groups = [], []
        for rule, of_slides in scores.items():
            measured, z_max = of_slides.get(slide_id, []), criteria.cohort[rule.limit]
            row[rule.column] = max((abs(outlier.z) for outlier in measured), default=None)
            listed = [outlier for outlier in measured if abs(outlier.z) > z_max]
            reasons += [outlier.reason(rule.reason, z_max) for outlier in listed]
            groups += [outlier.text for outlier in listed]
        same = copies.get(slide_id, Duplicates())
        _set_verdict(row, decide.with_findings(_verdict(row), [*reasons, *same.reasons]))
        if other_stains.is_stated(row["qc_reasons"]):
            row |= other_stains.NO_NUMBERS
        row["outlier_of"] = ";".join(groups) or None
        row["duplicate_of"] = ";".join(same.of) or None


def _review(row: Row, reviews: Reviews) -> None:
    """Apply a person's verdict to a row, and record it."""
    review = reviews.of.get(row["slide_id"])
    if review is None:
        return
    verdict = reviews.applied(row["slide_id"], row["content_hash"], _verdict(row))
    _set_verdict(row, verdict)
    row |= {
        "review_decision": review.decision,
        "reviewed_by": review.reviewer,
        "review_date": review.date,
        "review_note": review.note or None,
    }


def _verdict(row: Row) -> Verdict:
    return Verdict.from_text(row["qc_status"], row["qc_reasons"])


def _set_verdict(row: Row, verdict: Verdict) -> None:
    row |= {"qc_status": verdict.status, "qc_reasons": verdict.text}


def _row(sheet: Sheet, record: SlideRecord, criteria: Criteria) -> Row:
    verdict = decide.slide(record, criteria)
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


def _log(row: Row) -> None:
    if row["qc_reasons"] is None:
        return
    remedy = f": {row['error_message']}; {row['remedy']}" if row["error_message"] else ""
    LOG.info("slide %s: %s %s%s", row["slide_id"], row["qc_status"], row["qc_reasons"], remedy)
