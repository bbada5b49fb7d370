"""`studies_qc`: one row per row of the sheet of studies, with its final verdict."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from grossing.cohort import decide, duplicates
from grossing.cohort.carried_columns import schema_for
from grossing.cohort.decide import Verdict
from grossing.cohort.duplicates import Duplicates
from grossing.cohort.sheet import Sheet
from grossing.columns import studies_qc as columns
from grossing.radiology.studies import as_slides, study_decision
from grossing.radiology.studies.prepared_record import PreparedRecord
from grossing.radiology.studies.study_decision import Limits, Prepared
from grossing.radiology.studies.study_record import StudyRecord
from grossing.support import tables
from grossing.support.errors import CohortError

LOG = logging.getLogger(__name__)
Row = dict[str, Any]


def table(
    sheet: Sheet,
    records: Iterable[StudyRecord],
    prepared: Iterable[PreparedRecord],
    limits: Limits,
    pairs: pa.Table,
) -> pa.Table:
    """Judge every study of the sheet.

    Parameters
    ----------
    records : what was measured, of every study once, in any order; those whose job failed included
    prepared : what preparing measured, of studies that have it
    limits : the config's `radiology.thresholds`
    pairs : `study_duplicates`

    Returns
    -------
    One row per row of the sheet, in its order: its columns as text, then those of `studies_qc`.

    Raises
    ------
    CohortError : a study of the sheet has no record, or two; a record belongs to no study.
    """
    of = {record.study_id: record for record in prepared}
    rows: dict[str, Row] = {}
    for record in records:
        if record.study_id not in sheet.rows:
            raise CohortError(f"study {record.study_id} is measured and not in {sheet.path}")
        if record.study_id in rows:
            raise CohortError(f"study {record.study_id} has two records")
        rows[record.study_id] = _row(sheet, record, of.get(record.study_id), limits)
    if missing := [study_id for study_id in sheet.rows if study_id not in rows]:
        raise CohortError(f"study {missing[0]} of {sheet.path} is not measured")
    for study_id, same in duplicates.by_slide(as_slides.renamed(pairs)).items():
        _add_duplicates(rows[study_id], same)
    ordered = [rows[study_id] for study_id in sheet.rows]
    for row in ordered:
        _log(row)
    counts = Counter(row["qc_status"] for row in ordered)
    LOG.info("%d studies: %s", len(rows), ", ".join(f"{n} {s}" for s, n in sorted(counts.items())))
    return tables.from_rows(ordered, schema_for(sheet, columns.SCHEMA))


def _row(sheet: Sheet, record: StudyRecord, prepared: PreparedRecord | None, limits: Limits) -> Row:
    verdict = study_decision.study(record, limits)
    measures: Mapping[str, Any] = {}
    if prepared is not None:  # where preparing failed, there are reasons and no measures
        found = Prepared(prepared.measures, prepared.reasons)
        measures = prepared.measures
        verdict = study_decision.after_preparing(verdict, record.modality, found, limits)
    whole = record.to_json() | dict(measures)
    own = {name: whole.get(name) for name in columns.SCHEMA.names}
    given = {name: value or None for name, value in sheet.rows[record.study_id].items()}
    return (
        given
        | own
        | {
            "qc_status": verdict.status,
            "qc_reasons": verdict.text,
            "prepared": bool(prepared and prepared.prepared),
        }
    )


def _add_duplicates(row: Row, same: Duplicates) -> None:
    found = decide.with_findings(
        Verdict.from_text(row["qc_status"], row["qc_reasons"]), same.reasons
    )
    row["qc_status"], row["qc_reasons"] = found.status, found.text
    row["duplicate_of"] = ";".join(same.of)


def _log(row: Row) -> None:
    if row["qc_reasons"] is None:
        return
    remedy = f": {row['error_message']}; {row['remedy']}" if row["error_message"] else ""
    LOG.info("study %s: %s %s%s", row["study_id"], row["qc_status"], row["qc_reasons"], remedy)
