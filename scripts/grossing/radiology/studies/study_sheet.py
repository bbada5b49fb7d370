"""The sheet of studies: read as that of slides is, checked before any job runs."""

import dataclasses
import os
from collections.abc import Iterable

from grossing.cohort import sheet as sheets
from grossing.cohort import sheet_checks
from grossing.cohort.sheet import Sheet, SheetKind
from grossing.cohort.sheet_checks import Leakage
from grossing.support import findings, hashed_uid
from grossing.support.findings import Finding

STUDIES = SheetKind(
    "study",
    "studies",
    (
        "study_id",
        "path",
        "modality",
        "case_id",
        "site",
        "scanner",
        "label",
        "split",
        "group",
        "sequence",
        "series_uid",
    ),
    "studies",
)
_OF_ONE_GROUP = ("case_id", "split", "modality")
#: of the files that are made of a CT beside its volume, which an id may not end with
CT_ENDINGS = ("_lung", "_metal", "_windows")


def read(
    path: str | os.PathLike[str],
    schema_path: str | os.PathLike[str],
    reserved: Iterable[str],
    *,
    leakage: Leakage,
) -> tuple[Sheet, list[Finding]]:
    """Read and check a sheet of studies: its rows (`sheet.load`) and as a whole.

    Returns
    -------
    The sheet, every series UID as its hash, and the warnings.

    Raises
    ------
    UserError : with all findings, where one is an error.
    """
    sheet = sheets.load(path, schema_path, reserved, STUDIES)
    faults = [
        *sheet.findings,
        *sheet_checks.ids(sheet),
        *endings(sheet),
        *sheet_checks.spellings(sheet),
        *sheet_checks.splits(sheet),
        *sheet_checks.cases(sheet, leakage),
        *groups(sheet),
    ]
    findings.refuse(faults)
    return _without_uids(sheet), faults


def endings(sheet: Sheet) -> list[Finding]:
    """CTs whose volume would have the name of another CT's mask."""
    remedy = f"rename it: masks and windows of CTs are named so ({', '.join(CT_ENDINGS)})"
    return [
        sheet.finding(study_id, sheet.id_column, repr(study_id), remedy)
        for study_id in sheet.rows
        if study_id.endswith(CT_ENDINGS) and sheet.value(study_id, "modality") == "CT"
    ]


def groups(sheet: Sheet) -> list[Finding]:
    """Groups with rows of different patients, splits or modalities, or of one sequence twice."""
    members: dict[str, list[str]] = {}
    for study_id in sheet.rows:
        if group := sheet.value(study_id, "group"):
            members.setdefault(group, []).append(study_id)
    faults = []
    for group, study_ids in members.items():
        for column in _OF_ONE_GROUP:
            values = list(dict.fromkeys(sheet.value(i, column) for i in study_ids))
            if len(values) > 1:
                value = f"group {group!r} has {column} {', '.join(map(repr, values[:5]))}"
                remedy = "rows of a group are fused: give them one value, or other groups"
                faults.append(sheet.finding(study_ids[1], column, value, remedy))
        sequences = [sheet.value(i, "sequence").upper() for i in study_ids]
        for number, sequence in enumerate(sequences):
            if sequence in sequences[:number]:
                value = f"group {group!r} has {sequence or 'no sequence'} twice"
                remedy = "give each row of a group its own sequence"
                faults.append(sheet.finding(study_ids[number], "sequence", value, remedy))
    return faults


def _without_uids(sheet: Sheet) -> Sheet:
    """The sheet with hashes in place of series UIDs, which name a patient's examination."""
    rows = {
        study_id: row | {"series_uid": hashed_uid.of(uid)}
        for study_id, row in sheet.rows.items()
        if (uid := row.get("series_uid", ""))
    }
    return dataclasses.replace(sheet, rows=sheet.rows | rows)
