"""MRI and X-ray in a run: what is prepared, stacked, refused and why; what a limit reruns."""

import json
from pathlib import Path

import brain_phantom
import chest_phantom
import cv2
import numpy as np
import pyarrow.parquet
import pytest
import SimpleITK as sitk
import yaml
from running import REPOSITORY, configure, plan, read_csv, run

PREPARED = {"mr": {"spacing_mm": 3.0}, "patches": {"sizes": [16]}}
SHEET = """study_id,path,modality,group,sequence
t1,t1.nii.gz,MR,head,T1
t2,t2.nii.gz,MR,head,T2
dwi,t2.nii.gz,MR,,DWI
noise,noise.nii.gz,MR,,T1
right,right.dcm,XR,,
wrong,wrong.dcm,XR,,
burned,burned.dcm,XR,,
unsized,unsized.dcm,XR,,
windowed,windowed.dcm,XR,,
black,black.dcm,XR,,
film,film.png,XR,,
absent,absent.dcm,XR,,
mri,right.dcm,MR,,
"""


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    """A finished run."""
    folder = tmp_path_factory.mktemp("mr_xr")
    for name in ("t1", "t2"):
        image = brain_phantom.make_head(name.upper(), biased=True).image()
        image.SetMetaData("descrip", "PLANTED^NAME")
        sitk.WriteImage(image, str(folder / f"{name}.nii.gz"))
    loud = np.random.default_rng(0).rayleigh(50, (12, 40, 40)).astype(np.float32)
    sitk.WriteImage(sitk.GetImageFromArray(loud), str(folder / "noise.nii.gz"))
    values, _ = chest_phantom.make_chest()
    chest_phantom.write_dicom(folder / "right.dcm", 4095 - values, "MONOCHROME1")
    chest_phantom.write_dicom(folder / "wrong.dcm", values, "MONOCHROME1")
    chest_phantom.write_dicom(folder / "unsized.dcm", values, "MONOCHROME2", PixelSpacing=[0, 0])
    for name, centre in (("windowed", 2000), ("black", 9000)):
        voi = {"WindowCenter": centre, "WindowWidth": 3000, "VOILUTFunction": "SIGMOID"}
        chest_phantom.write_dicom(folder / f"{name}.dcm", values, "MONOCHROME2", **voi)
    burned = {"BurnedInAnnotation": "YES"}
    chest_phantom.write_dicom(folder / "burned.dcm", values, "MONOCHROME2", **burned)
    cv2.imwrite(str(folder / "film.png"), (values * 16).astype(np.uint16))
    (folder / "studies.csv").write_text(SHEET)
    configure(
        folder,
        studies="studies.csv",
        radiology=PREPARED,
    )
    run(folder, "radiology")
    return folder


@pytest.fixture(scope="module")
def verdicts(cohort):
    return {row["study_id"]: row for row in read_csv(cohort, "studies_qc.csv")}


def codes(row):
    return [text.split("=")[0] for text in row["qc_reasons"].split(";") if text]


def test_every_study_has_its_verdict(verdicts):
    found = {study_id: (row["qc_status"], codes(row)) for study_id, row in verdicts.items()}
    assert found == {
        "t1": ("PASS", []),
        "t2": ("PASS", []),
        "dwi": ("PASS", []),
        "noise": ("REVIEW", found["noise"][1]),
        "right": ("PASS", []),
        "wrong": ("REVIEW", ["photometric", "lung_field"]),
        "burned": ("FAIL", ["burned_in_annotation"]),
        "unsized": ("REVIEW", ["no_pixel_spacing"]),
        "windowed": ("PASS", []),
        "black": ("REVIEW", ["voi"]),
        "film": ("PASS", []),
        "absent": ("ERROR", ["file_missing"]),
        "mri": ("FAIL", found["mri"][1]),
    }
    assert {"low_snr", "brain_mask"} <= set(found["noise"][1])
    assert "wrong_modality" in found["mri"][1]


def test_mr_is_in_units_of_white_matter_and_dwi_says_that_it_is_not(cohort, verdicts):
    assert [verdicts[name]["white_stripe"] for name in ("t1", "t2", "dwi")] == [
        *("true", "true", "false")
    ]
    image = sitk.ReadImage(str(cohort / "results/mr/t1.nii.gz"))
    assert image.GetSpacing() == pytest.approx((3, 3, 3))
    brain = sitk.GetArrayFromImage(sitk.ReadImage(str(cohort / "results/mr_brain/t1.nii.gz"))) > 0
    values = sitk.GetArrayFromImage(image)[brain]
    assert brain.shape == image.GetSize()[::-1]
    assert 0.1 < (np.abs(values) < 2).mean() < 0.9
    assert cv2.imread(str(cohort / "results/mr_field/t1.png")).shape == (768, 768, 3)
    assert cv2.imread(str(cohort / "results/mr_planes/t1.jpg")).shape == (384, 3 * 384, 3)
    assert cv2.imread(str(cohort / "results/xr_planes/right.jpg")).shape == (768, 768, 3)
    assert cv2.imread(str(cohort / "results/xr_planes/burned.jpg")).shape == (1, 1, 3)


def test_a_group_is_one_file_with_a_channel_per_study(cohort, verdicts):
    stack = sitk.ReadImage(str(cohort / "results/mr_groups/head.nii.gz"))
    first = sitk.ReadImage(str(cohort / "results/mr/t1.nii.gz"))
    assert stack.GetSize() == (*first.GetSize(), 2)
    assert [verdicts[name]["channel"] for name in ("t1", "t2")] == ["0", "1"]
    assert float(verdicts["t2"]["residual_shift_mm"]) < 2


def test_x_rays_come_out_with_air_black_on_16_bit(cohort):
    pictures = {
        name: cv2.imread(str(cohort / f"results/xr/{name}.png"), cv2.IMREAD_UNCHANGED)
        for name in ("right", "film", "wrong", "burned", "absent")
    }
    assert pictures["right"].dtype == np.uint16
    assert len(np.unique(pictures["right"])) > 2000
    assert np.corrcoef(pictures["right"].ravel(), pictures["film"].ravel())[0, 1] > 0.99
    assert np.corrcoef(pictures["wrong"].ravel(), pictures["film"].ravel())[0, 1] < -0.5
    assert pictures["burned"].shape == pictures["absent"].shape == (1, 1)
    assert cv2.imread(str(cohort / "results/xr_lung/right.png"), 0).mean() > 20


def test_no_name_of_a_patient_is_in_any_output(cohort):
    for path in sorted(cohort.rglob("*")):
        if path.is_file() and path.parent != cohort:
            assert b"PLANTED" not in path.read_bytes(), path


def test_records_have_exactly_the_keys_of_their_schema(cohort):
    for folder, study_id in (("mr", "t1"), ("xr", "right")):
        path = REPOSITORY / f"workflow/schemas/prepared_{folder}.schema.yaml"
        named = set(yaml.safe_load(path.read_text())["properties"])
        data = json.loads(Path(cohort / f"results/{folder}/{study_id}.json").read_text())
        group = {"channel", "moved_mm", "rotation_deg", "residual_shift_mm"}
        assert set(data) == named - group


def test_a_changed_limit_reads_no_image_again(cohort):
    limits = {"thresholds": {"mr": {"cnr_min": 900.0}}}
    configure(cohort, studies="studies.csv", radiology=PREPARED | limits)
    assert plan(cohort, "radiology").jobs.keys() - {"radiology"} == {
        "decide_studies",
        "collect_patches",
        "check_study_leakage",
        "write_study_provenance",
    }


def test_patches_of_heads_are_cubes_of_films_squares(cohort):
    """Neither has candidates: both are cut on the grid; a PNG has no size."""
    rows = pyarrow.parquet.read_table(cohort / "results/cohort/patch_studies.parquet").to_pylist()
    counts = {name: [r for r in rows if r["study_id"] == name] for name in ("t1", "film", "burned")}
    assert counts["t1"] and counts["film"] and not counts["burned"]
    for row in (counts["t1"][0], counts["film"][0]):
        cubes = np.load(cohort / "results" / row["file"])[row["array"]]
        depth = 16 if row["study_id"] == "t1" else 1
        assert cubes.shape[1:] == (depth, 16, 16)
        assert cubes[row["index"]].mean() == pytest.approx(row["value_mean"], rel=1e-4)
        assert (row["spacing_mm"] is None) == (depth == 1)
        assert row["mask_fraction"] >= 0.5
