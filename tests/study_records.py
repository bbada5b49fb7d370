"""Records of studies with numbers about their limits, and what a run says of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from grossing.cohort.sheet import Sheet
from grossing.radiology.studies import studies_table, study_decision, study_duplicates
from grossing.radiology.studies.prepared_record import PreparedRecord
from grossing.radiology.studies.study_decision import Limits
from grossing.radiology.studies.study_record import (
    Geometry,
    HeaderFacts,
    Intensity,
    Refusal,
    StudyRecord,
)
from grossing.slide.identity import Identity, Stat

MEASURES: Mapping[str, Mapping[str, float | None]] = {
    "CT": {
        **{"border_air_hu": -1000.0, "border_body_fraction": 0.0, "noise_hu": 10.0, "snr": 100.0},
        **{"slices_blank": 0, "slices_repeated": 0, "slices_displaced": 0, "voxels_not_finite": 0},
    },
    "MR": {
        **{"snr": 20.0, "slices_blank": 0, "slices_repeated": 0, "slices_displaced": 0},
        "voxels_not_finite": 0,
    },
    "XR": {"spine_over_lungs": 0.3},
}
PREPARED: Mapping[str, Mapping[str, float | None]] = {
    "CT": {"spacing_mm": 1.0, "metal_mm3": 0.0, "lung_volume_l": 4.0, "lung_cut_fraction": 0.0},
    "MR": {"spacing_mm": 1.0, "brain_confidence": 0.9, "cnr": 5.0},
    "XR": {"lung_confidence": 0.9},
}
_INTENSITY = {
    **{"value_min": -1024.0, "value_max": 3000.0, "value_mean": -300.0, "value_sd": 500.0},
    **{"value_p01": -1000.0, "value_p50": 0.0, "value_p99": 900.0, "padding_fraction": 0.0},
    **{"histogram_low": -1000.0, "histogram_high": 1000.0, "histogram": (1, 2)},
}


def good(study_id: str, modality: str, **changes: Any) -> StudyRecord:
    """A study that passes, but for some fields of its parts or of its measures."""
    flat = modality == "XR"
    size: dict[str, Any] = {"slices": 1 if flat else 100, "rows": 256, "columns": 256}
    size |= {"row_spacing_mm": 1.0, "column_spacing_mm": 1.0}
    if not flat:
        size |= {f"slice_spacing{part}_mm": 1.0 for part in ("", "_min", "_max")}
        size |= {"slice_thickness_mm": 1.0, "tilt_deg": 0.0, "orientation_spread_deg": 0.0}
    header = {"format": "dicom", "modality_tag": {"XR": "DX"}.get(modality, modality)}
    parts = []
    for kind, fields in ((HeaderFacts, header), (Geometry, size), (Intensity, dict(_INTENSITY))):
        own = {key: changes.pop(key) for key in list(changes) if key in kind.__dataclass_fields__}
        parts.append(kind(**fields | own))
    measures = {key: changes.pop(key, value) for key, value in MEASURES[modality].items()}
    assert not changes, changes
    identity = Identity(Stat(1, 10_000, 1), "0" * 64)
    return StudyRecord(study_id, modality, identity, None, *parts, measures=measures)


def refused(study_id: str, modality: str, code: str = "file_missing") -> StudyRecord:
    """A study that cannot be used."""
    why = Refusal(code, "there is nothing <b>there</b>", "correct `path` in the sheet")
    return StudyRecord(study_id, modality, Identity(None, None), why)


#: field, share of the studies in which it is another, values
_ABOUT: Sequence[tuple[str, str, float, Sequence[Any]]] = (
    ("CT MR", "slices", 0.2, (1, 5, 9, 10, 11)),
    ("CT MR", "slices_missing", 0.1, (1, 3)),
    ("CT MR", "slices_duplicate", 0.05, (1,)),
    ("CT MR", "slice_spacing_max_mm", 0.2, (1.04, 1.05, 1.06, 1.5)),
    ("CT MR", "slice_spacing_mm", 0.1, (3.0, 3.1, 7.0, None)),
    ("CT MR", "slice_thickness_mm", 0.2, (3.0, 3.01, 5.0, None)),
    ("CT MR", "tilt_deg", 0.1, (0.5, 0.6, 12.0, None)),
    ("CT MR", "orientation_spread_deg", 0.1, (0.5, 0.7, 45.0, None)),
    ("CT MR", "in_plane_differs", 0.05, (True,)),
    ("CT MR", "slice_order_differs", 0.05, (True,)),
    ("CT MR", "position_missing", 0.03, (2,)),
    ("CT MR XR", "lossy", 0.05, (True,)),
    ("CT MR XR", "burned_in", 0.03, (True,)),
    ("CT MR XR", "modality_tag", 0.1, (None, "US")),
    ("CT", "rescale_missing", 0.1, (1,)),
    ("CT MR XR", "secondary_capture", 0.05, (True,)),
    ("CT", "value_p01", 0.2, (-1200.0, -1100.0, -300.0, -299.0, -100.0, -10.0)),
    ("CT", "value_max", 0.1, (40_000.0, 50_000.0)),
    ("CT", "value_p99", 0.1, (999.0, 1001.0)),
    ("CT", "border_air_hu", 0.2, (-1000.0, -900.0, -899.0, None)),
    ("CT", "noise_hu", 0.05, (None,)),
    ("CT MR", "slices_blank", 0.05, (1,)),
    ("CT MR", "slices_repeated", 0.03, (2,)),
    ("CT MR", "slices_displaced", 0.1, (1, 5, 6, 90)),
    ("CT MR", "voxels_not_finite", 0.02, (9,)),
    ("CT MR", "damaged_files", 0.05, (1,)),
    ("CT MR", "rows", 0.05, (15, 4000)),
    ("CT", "border_body_fraction", 0.2, (0.2, 0.21, 0.9, None)),
    ("CT MR", "snr", 0.3, (7.9, 8.0, 9.9, 10.0, 30.0, None)),
    ("XR", "spine_over_lungs", 0.3, (-0.3, -0.05, -0.049, None)),
    ("XR", "row_spacing_mm", 0.2, (None,)),
)
_ABOUT_PREPARED: Sequence[tuple[str, str, float, Sequence[Any]]] = (
    ("CT", "metal_mm3", 0.3, (999.0, 1000.0, 1001.0, 1e5)),
    ("CT", "lung_volume_l", 0.4, (0.4, 1.0, 8.9, 9.0, 9.1, None)),
    ("CT", "lung_cut_fraction", 0.2, (0.3, 0.31, None)),
    ("MR", "brain_confidence", 0.3, (0.2, 0.5, 0.51)),
    ("MR", "cnr", 0.3, (0.9, 1.0, None)),
    ("XR", "lung_confidence", 0.3, (0.2, 0.5, 0.6)),
)


def _changed(
    random: np.random.Generator, modality: str, about: Sequence[tuple[str, str, float, Any]]
) -> dict[str, Any]:
    return {
        name: values[random.integers(len(values))]
        for modalities, name, share, values in about
        if modality in modalities.split() and random.random() < share
    }


def any_study(random: np.random.Generator, study_id: str, modality: str) -> StudyRecord:
    """A study with numbers about their limits, and now and then something that is wrong."""
    if random.random() < 0.05:
        return refused(study_id, modality)
    return good(study_id, modality, **_changed(random, modality, _ABOUT))


def any_prepared(random: np.random.Generator, record: StudyRecord) -> PreparedRecord:
    """What preparing this study finds."""
    if record.modality == "MR" and random.random() < 0.1:
        return PreparedRecord(record.study_id, "MR", False, ("brain_mask",))
    own = dict(PREPARED[record.modality])
    measures = own | _changed(random, record.modality, _ABOUT_PREPARED)
    reasons = ("no_lung",) if record.modality == "CT" and random.random() < 0.1 else ()
    return PreparedRecord(record.study_id, record.modality, True, reasons, measures)


@dataclass(frozen=True)
class Studies:
    """A sheet, what was measured of its studies, and what preparing each of them finds."""

    sheet: Sheet
    records: Mapping[str, StudyRecord]
    found: Mapping[str, PreparedRecord]

    def prepared(self, limits: Limits) -> list[PreparedRecord]:
        """As a run with these limits prepares them: what is behind the gate is not."""
        made = []
        for study_id, record in self.records.items():
            passes = study_decision.gate(study_decision.study(record, limits)) == "pass"
            nothing = PreparedRecord(study_id, record.modality, False)
            made.append(self.found[study_id] if passes else nothing)
        return made

    def judged(self, limits: Limits) -> pa.Table:
        """`studies_qc` of a run with these limits."""
        records, prepared = self.records.values(), self.prepared(limits)
        return studies_table.table(self.sheet, records, prepared, limits, self._pairs)

    @cached_property
    def _pairs(self) -> pa.Table:
        found = study_duplicates.find(self.sheet, self.records.values(), 60)
        return study_duplicates.table(found)


def studies(counts: Mapping[str, int], seed: int = 7, **cells: str) -> Studies:
    """So many studies of each modality, by turns of two sites.

    Parameters
    ----------
    cells : column of the sheet to the text of all rows
    """
    random = np.random.default_rng(seed)
    modalities = [modality for modality, count in counts.items() for _ in range(count)]
    ids = [f"{modality.lower()}{i:04}" for i, modality in enumerate(modalities)]
    rows = {
        study_id: {"study_id": study_id, "path": f"{study_id}.dcm", "modality": modality}
        | {"site": ("north", "south")[i % 2]}
        | cells
        for i, (study_id, modality) in enumerate(zip(ids, modalities, strict=True))
    }
    columns = tuple(next(iter(rows.values())))
    records = {
        study_id: any_study(random, study_id, row["modality"]) for study_id, row in rows.items()
    }
    found = {study_id: any_prepared(random, record) for study_id, record in records.items()}
    return Studies(Sheet("studies.csv", columns, rows, id_column="study_id"), records, found)
