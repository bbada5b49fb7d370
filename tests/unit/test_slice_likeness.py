"""Slices beside those that they resemble, whatever the header says of their places."""

from pathlib import Path

import make_ct
import nibabel
import numpy as np
import pytest
from grossing.radiology import measured_study
from grossing.radiology.studies import study_decision
from grossing.radiology.volumes import slice_likeness
from stages import CONFIG

HU, _ = make_ct.chest(4.0)
COUNT = len(HU)
ORDERS = {
    "names without leading zeros": sorted(range(COUNT), key=str),
    "interleaved": [*range(0, COUNT, 2), *range(1, COUNT, 2)],
    "shuffled": np.random.default_rng(1).permutation(COUNT).tolist(),
}


def reasons(path: Path, values: np.ndarray) -> str:
    nibabel.save(nibabel.Nifti1Image(values.transpose(2, 1, 0), np.diag([-4.0, -4, 4, 1])), path)
    record = measured_study.measure(path, study_id="a", modality="CT").record
    return " ".join(study_decision.study(record, CONFIG["radiology"]["thresholds"]).reasons)


@pytest.mark.parametrize("order", ORDERS)
def test_slices_in_a_wrong_order_are_seen_without_their_places(order: str, tmp_path: Path) -> None:
    assert "slice_order" in reasons(tmp_path / "a.nii", HU[ORDERS[order]])


def test_slices_in_order_are_not_doubted(tmp_path: Path) -> None:
    assert "slice_order" not in reasons(tmp_path / "a.nii", HU)
    assert "slice_order" not in reasons(tmp_path / "b.nii", HU[::-1])
    assert "slice_order" not in reasons(tmp_path / "c.nii", HU[::3])


def test_what_is_the_same_all_along_or_too_short_is_not_doubted() -> None:
    assert slice_likeness.displaced(make_ct.phantom_of(30)) == 0
    assert slice_likeness.displaced(np.zeros((30, 20, 20), np.int16)) == 0
    assert slice_likeness.displaced(HU[[0, 30, 1, 31]]) == 0
    assert slice_likeness.displaced(HU[:, :1, :1]) == 0
