"""Mean and deviation of the CT values of the training split, for z-scores without leakage."""

import math
from dataclasses import asdict, dataclass

import pyarrow as pa

from grossing.support import files
from grossing.support.types import PathLike

TRAIN = "train"
USED = ("PASS", "REVIEW")


@dataclass(frozen=True)
class TrainingStatistics:
    """Pooled over all voxels of the prepared CTs of the training split, HU; null without any.

    Attributes
    ----------
    split : whose studies these are
    studies, voxels : how many
    mean_hu, sd_hu : of their clipped HU
    """

    split: str
    studies: int
    voxels: int
    mean_hu: float | None
    sd_hu: float | None

    def write(self, path: PathLike) -> None:
        files.write_json(asdict(self), path)


def of_verdicts(
    verdicts: pa.Table, leaks: pa.Table, assigned: pa.Table | None
) -> TrainingStatistics:
    """The statistics of the CTs of the split train that are PASS or REVIEW.

    Nothing of another split is read, so that nothing of it can reach what a network is trained on;
    studies that have a duplicate, or others of their patient, in another split are left out.

    Parameters
    ----------
    verdicts, leaks : `studies_qc`, `study_leakage`
    assigned : `study_splits`, None where the splits are those of the sheet
    """
    train = _in_training(verdicts if assigned is None else assigned) - _leaking(leaks)
    names = ["study_id", "modality", "qc_status", "prepared_voxels", "prepared_mean", "prepared_sd"]
    rows = [
        row
        for row in verdicts.select(names).to_pylist()
        if row["study_id"] in train
        and row["modality"] == "CT"
        and row["qc_status"] in USED
        and row["prepared_voxels"]
    ]
    voxels = sum(row["prepared_voxels"] for row in rows)
    if not voxels:
        return TrainingStatistics(TRAIN, 0, 0, None, None)
    mean = sum(row["prepared_voxels"] * row["prepared_mean"] for row in rows) / voxels
    squares = sum(
        row["prepared_voxels"] * (row["prepared_sd"] ** 2 + (row["prepared_mean"] - mean) ** 2)
        for row in rows
    )
    sd = math.sqrt(squares / voxels)
    return TrainingStatistics(TRAIN, len(rows), voxels, round(mean, 4), round(sd, 4))


def _in_training(table: pa.Table) -> set[str]:
    if "split" not in table.column_names:
        return set()
    rows = table.select(["study_id", "split"]).to_pylist()
    return {row["study_id"] for row in rows if row["split"] == TRAIN}


def _leaking(leaks: pa.Table) -> set[str]:
    """Studies that may not be where they are."""
    rows = leaks.to_pylist()
    return {study_id for row in rows if row["alarm"] for study_id in row["studies"].split(";")}
