"""Studies beside each other: the same study twice, splits, leakage, what training may know."""

import re
from pathlib import Path
from typing import Any

import make_ct
import numpy as np
import pyarrow as pa
import pytest
import SimpleITK as sitk
from grossing.cohort.duplicates import Pair
from grossing.cohort.sheet import Sheet
from grossing.cohort.splits import SplitOptions
from grossing.columns import study_leakage as leakage_columns
from grossing.columns import study_splits as splits_columns
from grossing.radiology import measured_study, study_hashes
from grossing.radiology.reading import study_reading
from grossing.radiology.studies import (
    study_duplicates,
    study_leakage,
    study_sheet,
    study_splits,
    training_statistics,
)
from grossing.radiology.studies.study_record import StudyRecord
from grossing.radiology.volumes.volume import Volume
from grossing.support import hashed_uid, tables
from grossing.support.errors import UserError

HU, _ = make_ct.chest(4.0)
CUBIC = (4.0, 4.0, 4.0)
SIXTY = 60
RULES_OF_CT = "rules/radiology_ct.smk"


def record(path: Path, study_id: str, series: str = "") -> StudyRecord:
    found = measured_study.measure(path, study_id=study_id, modality="CT", series=series).record
    assert found.readable, found.refusal
    return found


def sheet(**rows: dict[str, str]) -> Sheet:
    return Sheet("studies.csv", ("study_id", "split", "case_id", "label"), rows, {})


def pixel_hash(path: Path) -> str | None:
    hashes = record(path, "a").hashes
    assert hashes
    return hashes.pixel_hash


# The sheet


def test_a_ct_may_not_be_named_as_the_mask_of_another(tmp_path: Path) -> None:
    """Its volume and the other's mask would be one file."""
    rules = Path(__file__).parents[2] / "workflow"
    beside = set(re.findall(r"\{study_id\}(_\w+)\.nii", (rules / RULES_OF_CT).read_text("utf-8")))
    assert beside == set(study_sheet.CT_ENDINGS)
    sheet, schema = tmp_path / "studies.csv", rules / "schemas/studies.schema.yaml"
    head = "study_id,path,modality\n"
    sheet.write_text(head + "a_lung,a,MR\na-lung,a,CT\na_lungs,a,CT\n", encoding="utf-8")
    assert len(study_sheet.read(sheet, schema, (), leakage="stop")[0].rows) == 3
    sheet.write_text(head + "".join(f"a{end},a,CT\n" for end in sorted(beside)), encoding="utf-8")
    with pytest.raises(UserError) as refused:
        study_sheet.read(sheet, schema, (), leakage="stop")
    assert str(refused.value).count("rename it: masks and windows of CTs are named so") == 3


# The same study twice


def test_values_are_the_same_in_another_format_order_and_under_other_uids(tmp_path: Path) -> None:
    make_ct.write_series(tmp_path / "a", HU, spacing=CUBIC)
    same = pixel_hash(tmp_path / "a")
    image = study_reading.pixels(study_reading.open_study(str(tmp_path / "a"))).image()
    sitk.WriteImage(image, str(tmp_path / "a.nii.gz"))
    sitk.WriteImage(sitk.Cast(image, sitk.sitkFloat32), str(tmp_path / "float.nrrd"))
    # the same voxels, stored along other axes
    sitk.WriteImage(sitk.DICOMOrient(image, "RIP"), str(tmp_path / "turned.mha"))
    sitk.WriteImage(sitk.DICOMOrient(image, "SAL"), str(tmp_path / "sagittal.nii.gz"))
    make_ct.write_series(tmp_path / "b", HU, spacing=CUBIC, name="export")
    for name in ("a.nii.gz", "float.nrrd", "turned.mha", "sagittal.nii.gz", "b"):
        assert pixel_hash(tmp_path / name) == same, name


def test_one_other_value_or_a_mirrored_patient_is_another_hash(tmp_path: Path) -> None:
    make_ct.write_series(tmp_path / "a", HU, spacing=CUBIC)
    changed = HU.copy()
    changed[7, 20, 30] += 1
    make_ct.write_series(tmp_path / "b", changed, spacing=CUBIC)
    make_ct.write_series(tmp_path / "c", HU[:, :, ::-1], spacing=CUBIC)
    assert len({pixel_hash(tmp_path / name) for name in "abc"}) == 3


def test_studies_of_one_value_are_not_the_same(tmp_path: Path) -> None:
    found = study_hashes.of_volume(Volume(np.full((3, 9, 9), -1000, np.int16), CUBIC), "CT")
    assert (found.pixel_hash, found.plane_hashes) == (None, ())


def listed(*volumes: Volume, modality: str = "CT") -> list[tuple[str, str, int | None]]:
    records = [
        StudyRecord(
            str(number),
            modality,
            measured_study.study_files.identity("nothing"),
            hashes=study_hashes.of_volume(volume, modality),
        )
        for number, volume in enumerate(volumes)
    ]
    rows = {each.study_id: {"study_id": each.study_id} for each in records}
    pairs = study_duplicates.find(sheet(**rows), records, SIXTY)
    return [(pair.slide_id_a, pair.slide_id_b, pair.distance) for pair in pairs]


def resampled(volume: Volume, factor: float) -> Volume:
    image = sitk.Cast(volume.image(), sitk.sitkFloat32)
    spacing = [side * factor for side in volume.spacing]
    size = [round(n / factor) for n in image.GetSize()]
    grid = (size, sitk.Transform(), sitk.sitkLinear, volume.origin, spacing, volume.direction)
    array = sitk.GetArrayFromImage(sitk.Resample(image, *grid, -1000.0))
    return Volume(array, (spacing[0], spacing[1], spacing[2]))


def test_resampled_mirrored_and_noisy_studies_are_found_and_others_are_not() -> None:
    chest = Volume(HU, CUBIC)
    noise = np.random.default_rng(1).normal(0, 60, HU.shape)
    copies = [
        resampled(chest, 0.7),
        resampled(chest, 1.6),
        Volume(HU[:, :, ::-1], CUBIC),
        Volume(HU[::-1], CUBIC),
        Volume((HU + noise).astype(np.int16), CUBIC),
    ]
    others = [Volume(make_ct.phantom_of(), (1.0, 1.0, 2.0)), Volume(HU[:20, 10:, :40], CUBIC)]
    found = listed(chest, *others, *copies)
    assert {pair for *pair, _ in map(list, found) if "0" in pair for pair in [tuple(pair)]} == {
        ("0", str(number)) for number in range(3, 8)
    }
    assert not [pair for pair in found if {"1", "2"} & set(pair[:2])]


def test_series_of_one_folder_are_not_the_same_and_contradictions_are_an_alarm(
    tmp_path: Path,
) -> None:
    water = make_ct.phantom_of()
    make_ct.write_series(tmp_path / "two", HU, spacing=CUBIC, series="1.2.1")
    make_ct.write_series(tmp_path / "two", water, series="1.2.2", name="other")
    make_ct.write_series(tmp_path / "copy", water)
    first, second = hashed_uid.of("1.2.1"), hashed_uid.of("1.2.2")
    records = [
        record(tmp_path / "two", "chest", first),
        record(tmp_path / "two", "water", second),
        record(tmp_path / "two", "again", second),
        record(tmp_path / "copy", "copy"),
    ]
    split = {"chest": "train", "water": "train", "again": "train", "copy": "test"}
    rows = {i: {"split": split[i], "case_id": i[:1]} for i in split}
    pairs = study_duplicates.find(sheet(**rows), records, SIXTY)
    assert pairs == [
        Pair("water", "again", "content", 0, "case_id"),
        Pair("water", "copy", "pixels", 0, "split;case_id"),
        Pair("again", "copy", "pixels", 0, "split;case_id"),
    ]
    named = study_duplicates.table(pairs).to_pylist()
    assert (named[0]["study_id_a"], named[0]["study_id_b"]) == ("water", "again")


# Splits and leakage

OPTIONS = SplitOptions("patient", 0.5, 0, {"train": 0.5, "val": 0.25, "test": 0.25})


def cohort(count: int = 24, **columns: dict[str, Any]) -> pa.Table:
    ids = [f"s{number:02}" for number in range(count)]
    return pa.Table.from_pylist(
        [
            {"study_id": i, "qc_status": "PASS", "modality": "CT", "slides": "the user's own"}
            | {"case_id": None, "split": None, "group": None}
            | {name: values.get(i) for name, values in columns.items()}
            for i in ids
        ]
    )


def pairs(*ids: tuple[str, str]) -> pa.Table:
    return study_duplicates.table([Pair(*both, "pixels", 0, None) for both in ids])


def test_patients_groups_and_copies_stay_together_and_the_sheet_is_kept() -> None:
    together = [("s00", "s01"), ("s02", "s03"), ("s04", "s05"), ("s06", "s07")]
    studies = cohort(
        case_id={"s00": "p", "s01": "P "},
        group={"s02": "head", "s03": "head"},
        split={"s06": "test", "s08": "holdout"},
    )
    assigned, shares = study_splits.assign(studies, pairs(("s04", "s05"), ("s06", "s07")), OPTIONS)
    assert assigned.schema.names == splits_columns.SCHEMA.names
    split = {row["study_id"]: row["split"] for row in assigned.to_pylist()}
    assert all(split.values())
    assert [pair for pair in together if split[pair[0]] != split[pair[1]]] == []
    assert (split["s06"], split["s08"]) == ("test", "holdout")
    assert {row["column"] for row in shares.to_pylist()} == {"studies"}
    leaks = study_leakage.find(studies, pairs(*together), assigned, site_alarm=False)
    assert leaks.num_rows == 0


def test_a_division_that_cannot_be_speaks_of_studies() -> None:
    tight = SplitOptions("patient", 0.01, 0, {"train": 0.5, "test": 0.5})
    one_case = {f"s{number:02}": "p" for number in range(20)}
    with pytest.raises(Exception, match=r"all studies: 2. of 24 studies in"):
        study_splits.assign(cohort(case_id=one_case), pairs(), tight)


def test_what_is_in_two_splits_of_the_sheet_is_named() -> None:
    studies = cohort(
        6,
        group={"s00": "head", "s01": "head"},
        case_id={"s04": "p", "s05": "p"},
        split={f"s{number:02}": ("train", "val")[number % 2] for number in range(6)},
    )
    leaks = study_leakage.find(studies, pairs(("s02", "s03")), None, site_alarm=False)
    assert {(row["kind"], row["studies"], row["alarm"]) for row in leaks.to_pylist()} == {
        ("linked", "s00;s01", True),
        ("duplicate", "s02;s03", True),
        ("case", "s04;s05", True),
    }


# What training may know

VOLUMES = {
    "a": np.random.default_rng(0).normal(-500, 300, 4000),
    "b": np.random.default_rng(1).normal(-200, 100, 1000),
}
NO_LEAKS = tables.from_rows([], leakage_columns.SCHEMA)


def row(study_id: str, split: str | None, **change: Any) -> dict[str, Any]:
    v = VOLUMES.get(study_id, np.array([900.0, 1900.0]))
    measured = {"prepared_voxels": v.size, "prepared_mean": v.mean(), "prepared_sd": v.std()}
    verdict = {"study_id": study_id, "split": split, "modality": "CT", "qc_status": "PASS"}
    return verdict | measured | change


def made(**split: str | None) -> pa.Table:
    rows = [
        dict.fromkeys(splits_columns.SCHEMA.names)
        | {"study_id": i, "split": s, "qc_status": "PASS"}
        for i, s in split.items()
    ]
    return tables.from_rows(rows, splits_columns.SCHEMA)


def pooled(rows: list[dict[str, Any]], assigned: pa.Table | None = None, leaks: Any = NO_LEAKS):
    return training_statistics.of_verdicts(pa.Table.from_pylist(rows), leaks, assigned)


def test_z_scores_know_nothing_of_other_splits_than_train() -> None:
    """Pooled over the voxels of both studies: as if they were one."""
    rows = [row("a", "train"), row("b", "train")]
    found = pooled(rows)
    whole = np.concatenate(list(VOLUMES.values()))
    assert (found.studies, found.voxels) == (2, 5000)
    assert (found.mean_hu, found.sd_hu) == pytest.approx((whole.mean(), whole.std()), abs=1e-3)
    others = [row("c", "val"), row("d", "test"), row("e", None)]
    others += [row("f", "train", qc_status="FAIL"), row("g", "train", modality="MR")]
    assert pooled(rows + others) == found
    assert pooled(others).mean_hu is None


def test_z_scores_follow_the_splits_that_were_made_and_not_the_sheet() -> None:
    """The sheet states none, or one that was not followed: validation and test never enter."""
    wanted = pooled([row("a", "train"), row("b", "train")])
    for stated in (None, "train"):
        rows = [row("a", None), row("b", None), row("c", stated), row("d", stated)]
        assigned = made(a="train", b="train", c="val", d="test")
        assert pooled(rows, assigned) == wanted
    assert pooled(rows, made(a="val", b="test", c=None, d="val")).mean_hu is None


def test_z_scores_leave_out_what_is_in_validation_or_test_as_well() -> None:
    rows = [row("a", "train"), row("copy", "train"), row("c", "test")]
    leak = {"kind": "duplicate", "alarm": True, "value": None, "splits": "train;test"}
    leaks = tables.from_rows([leak | {"studies": "copy;c"}], leakage_columns.SCHEMA)
    assert pooled(rows, leaks=leaks) == pooled([row("a", "train")])
    sites = tables.from_rows([leak | {"alarm": False, "studies": "a;c"}], leakage_columns.SCHEMA)
    assert pooled(rows[:1], leaks=sites).studies == 1
