"""The report of a cohort of studies: all of its data and pictures, written once."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from grossing.columns import study_meanings
from grossing.radiology.studies import study_decision
from grossing.radiology.studies.prepared_record import PreparedRecord
from grossing.radiology.studies.study_record import StudyRecord
from grossing.report import column_data, page, study_alarms, study_data, study_rules
from grossing.support import tables

#: pictures of a prepared study by modality, below results/: kind to path
PICTURES = {
    "CT": {"planes": "ct_planes/{}.jpg"},
    "MR": {"planes": "mr_planes/{}.jpg", "field": "mr_field/{}.png"},
    "XR": {"planes": "xr_planes/{}.jpg"},
}
#: the picture of every study that was measured
SCANNED = "studies/{}.png"


def write(
    folder: Path,
    template: Path,
    *,
    results: Path,
    records: Iterable[StudyRecord],
    prepared: Iterable[PreparedRecord],
    config: Mapping[str, Any],
    sheet: str,
    version: str,
) -> None:
    """The whole folder of the report.

    Parameters
    ----------
    folder : is emptied first
    template : studies.html.j2
    results : holds cohort/, studies/, ...
    records, prepared : what was measured of each study, and what preparing it measured
    config : the config's section `radiology`
    sheet : path of the sheet of studies; the page shows its name alone
    version : of Grossing
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    verdicts = tables.read(results / "cohort/studies_qc.parquet")
    measured, made = study_data.by_id(records), study_data.by_id(prepared)
    about = page.about(config, sheet, version)
    shown = {"studies": verdicts.num_rows, "counts": column_data.counted(verdicts)}
    page.write(template, folder, shown | {"about": about})
    page.write_data(
        folder / "data/cohort.js",
        "cohort",
        {
            "about": about,
            "columns": column_data.columns(verdicts, study_meanings.COLUMNS["studies_qc"]),
            "judged": study_data.judged(verdicts, measured, made),
            "config_path": ["radiology", "thresholds"],
            "rules": study_rules.as_data(config["thresholds"]),
            "beside_columns": study_rules.beside_columns(),
            "modalities": study_rules.MODALITIES,
            "unprepared": study_decision.UNPREPARED,
            "reasons": study_meanings.REASONS["study_reason_codes"],
            "alarms": study_alarms.listed(verdicts, results),
            "pictures": _link(folder, results, verdicts["study_id"].to_pylist(), measured, made),
        },
    )


def _link(
    folder: Path,
    results: Path,
    ids: list[str],
    measured: Mapping[str, StudyRecord],
    prepared: Mapping[str, PreparedRecord],
) -> dict[str, str]:
    """Which studies have which picture: a letter per study, y or n."""
    wanted = {
        study_id: _pictures(measured.get(study_id), prepared.get(study_id)) for study_id in ids
    }
    there = {}
    for kind in ("scanned", "planes", "field"):
        marks = []
        for i, study_id in enumerate(ids):
            place = wanted[study_id].get(kind)
            source = results / place if place else None
            is_there = source and page.link(source, folder / kind / f"{i}{source.suffix}")
            marks.append("y" if is_there else "n")
        there[kind] = "".join(marks)
    return there


def _pictures(record: StudyRecord | None, prepared: PreparedRecord | None) -> dict[str, str]:
    """The pictures of a study that show something: kind to path below results/."""
    if record is None or record.header is None or record.intensity is None:
        return {}
    found = {} if record.header.burned_in else {"scanned": SCANNED}
    if prepared is not None and prepared.prepared:
        found |= PICTURES[record.modality]
    return {kind: pattern.format(record.study_id) for kind, pattern in found.items()}
