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


def of_verdicts(verdicts: pa.Table) -> TrainingStatistics:
    """The statistics of the rows of `studies_qc`: CT of the split train that are PASS or REVIEW.

    Nothing of another split is read, so that nothing of it can reach what a network is trained on.
    """
    if "split" not in verdicts.column_names:
        return TrainingStatistics(TRAIN, 0, 0, None, None)
    names = ["modality", "split", "qc_status", "prepared_voxels", "prepared_mean", "prepared_sd"]
    rows = [
        row
        for row in verdicts.select(names).to_pylist()
        if row["split"] == TRAIN
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
