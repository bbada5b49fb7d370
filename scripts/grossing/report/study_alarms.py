"""What a person should know of a cohort of studies besides its verdicts, and what to do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from grossing.cohort.decide import TILED
from grossing.columns import study_duplicates as columns
from grossing.radiology.studies import as_slides
from grossing.radiology.studies.study_sheet import STUDIES
from grossing.report import alarms
from grossing.report.alarms import Alarm
from grossing.report.study_rules import MODALITIES
from grossing.support import tables

#: columns of which a model may learn the values, where there are several
MIXED = ("manufacturer", "model", "scanner", "kernel")

Row = dict[str, Any]


def listed(verdicts: pa.Table, results: Path) -> list[dict[str, Any]]:
    """Alarms, then notes, as the page reads them.

    Parameters
    ----------
    verdicts : studies_qc
    results : holds cohort/
    """
    rows = verdicts.to_pylist()
    kinds = {name: alarms.texts(rows, name) for name in MIXED}
    return alarms.as_data(
        [
            *alarms.failed_jobs(results / "cohort/failed_studies.csv", rows, STUDIES),
            *alarms.one_twice(_pairs(results / "cohort/study_duplicates.csv"), rows, STUDIES),
            *alarms.leakage(results / "cohort/study_leakage.csv", rows, STUDIES),
            *_modalities_out(rows),
            *alarms.sites_out(rows, STUDIES),
            *alarms.mixed(kinds),
        ]
    )


def _pairs(path: Path) -> list[Row]:
    if not path.exists():
        return []
    pairs: list[Row] = as_slides.renamed(tables.read_csv(path, columns.SCHEMA)).to_pylist()
    return pairs


def _modalities_out(rows: list[Row]) -> Iterator[Alarm]:
    """Modalities of which no study can be used."""
    for modality, name in MODALITIES.items():
        members = [i for i, row in enumerate(rows) if row["modality"] == modality]
        if members and not any(rows[i]["qc_status"] in TILED for i in members):
            text = f"None of the studies of {name} ({len(members)}) can be used."
            remedy = "See why they are out: one cause, or a limit that does not fit them."
            yield Alarm("alarm", f"No {name} can be used", text, remedy, members)
