"""The thresholds of studies as data for the page."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from grossing.cohort.thresholds import Threshold
from grossing.columns.study_meanings import COLUMNS, LIMITS
from grossing.radiology.studies import study_thresholds
from grossing.radiology.studies.study_decision import VOLUMES, Limits

#: modality of the sheet -> how a person calls it
MODALITIES = {"CT": "CT", "MR": "MRI", "XR": "X-ray"}
#: numbers that are judged and stand in no record
COMPUTED = {
    "spacing_variation": {
        "unit": "fraction",
        "meaning": "range of the distances of slices as a share of their median",
    }
}


@dataclass(frozen=True)
class StudyRule:
    """A threshold, the section of its limit, the modalities that it judges, and its stage.

    Beyond a threshold of stage `orientation` a study fails and nothing else is judged; `fail`,
    `review`; `prepared` judges what preparing measured.
    """

    threshold: Threshold
    stage: str
    section: str
    modalities: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"{self.section}.{self.threshold.limit}"


def _of(stage: str, rules: study_thresholds.Rules) -> Iterator[StudyRule]:
    for section, thresholds in rules.items():
        modalities = tuple(MODALITIES) if section == "STUDY" else (section,)
        for threshold in thresholds:
            yield StudyRule(threshold, stage, section.lower(), modalities)


ALL = (
    *(StudyRule(each, "orientation", "study", VOLUMES) for each in study_thresholds.ORIENTATION),
    StudyRule(study_thresholds.SPACING, "fail", "study", VOLUMES),
    StudyRule(study_thresholds.FEW_SLICES, "review", "study", VOLUMES),
    *_of("fail", study_thresholds.FAIL),
    *_of("review", study_thresholds.REVIEW),
    *_of("prepared", study_thresholds.AFTER_PREPARING),
)


def without_limits() -> Limits:
    """Limits that no number of a study exceeds."""
    limits: dict[str, dict[str, float]] = {}
    for rule in ALL:
        harmless = math.inf if rule.threshold.direction == "max" else -math.inf
        limits.setdefault(rule.section, {})[rule.threshold.limit] = harmless
    return limits


def as_data(limits: Limits) -> list[dict[str, Any]]:
    """Every threshold with what the page needs to judge by it and to explain it.

    Parameters
    ----------
    limits : the config's `radiology.thresholds`
    """
    return [
        {
            "stage": rule.stage,
            "id": rule.key,
            "key": rule.key,
            "column": rule.threshold.column,
            "direction": rule.threshold.direction,
            "code": rule.threshold.reason,
            "limit": float(limits[rule.section][rule.threshold.limit]),
            "modalities": rule.modalities,
            "unit": _column(rule.threshold.column)["unit"],
            **LIMITS[rule.key],
        }
        for rule in ALL
    ]


def beside_columns() -> list[dict[str, Any]]:
    """Numbers that are judged and are no columns of `studies_qc`: name, unit, meaning."""
    names = dict.fromkeys(rule.threshold.column for rule in ALL)
    return [
        {
            "name": name,
            "own": True,
            "unit": _column(name)["unit"],
            "meaning": _column(name)["meaning"],
        }
        for name in names
        if name not in COLUMNS["studies_qc"]
    ]


def _column(name: str) -> Mapping[str, Any]:
    return COLUMNS["studies_qc"].get(name) or COLUMNS["study"].get(name) or COMPUTED[name]
