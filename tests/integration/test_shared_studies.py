"""Real CTs that may not be copied into the repository; skipped where they are not at hand."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
from grossing.radiology import measured_study
from grossing.radiology.ct import prepared_ct
from grossing.radiology.ct.prepared_ct import CtOptions
from grossing.radiology.reading import study_reading
from grossing.radiology.studies import study_decision
from running import SHARED
from stages import CONFIG

CT = SHARED / "radiology/ct"
pytestmark = pytest.mark.skipif(not CT.is_dir(), reason=f"needs the studies of {CT}")


#: packed folders and files with what is wrong with them, before they are prepared
VERDICTS = {
    "ct/chest_1mm_philips_slab": "PASS",  # that it is a part is known after preparing
    "ct/chest_8mm_siemens_b40f": "REVIEW slice_thickness slice_spacing",
    "ct/chest_8mm_siemens_b70f_3slices": "REVIEW few_slices slice_thickness slice_spacing",
    "ct/chest_8mm_tumour_boxes": "ERROR unreadable",
    "ct/enhanced_2frame_perfusion_no_slope_jpll70.dcm": (
        "REVIEW no_rescale few_slices slice_thickness slice_spacing"
    ),
    "ct/enhanced_and_classic": "FAIL slices_duplicate",
    "ct/gap_5_to_10mm": "FAIL slices_missing",
    "ct/localizer_philips.dcm": "FAIL localizer single_slice",
    "ct/no_modality_tag": "FAIL single_slice",
    "ct/same_position_2x": "FAIL slices_duplicate",
    "ct/syntax/CTImage.j2k91.dcm": "FAIL single_slice",  # its padding is no HU, lossy as it is
    "ct/tilted_no_tilt_tag": "FAIL gantry_tilt",
    "cxr/RG1_mono1_15bit_lossy.dcm": "REVIEW no_pixel_spacing lossy_compression",
    "cxr/nih_00000001_000.png": "PASS",
    "cxr/rsna_mono1_tag.dcm": "REVIEW secondary_capture lossy_compression photometric",
    "cxr/rsna_mono2_jpeg8.dcm": "REVIEW secondary_capture lossy_compression",
    "mr/siemens_3d_4slices_rle_and_raw": "ERROR mixed_series",
    "mr/slice_orientation_mixed": "FAIL orientation_differs",
    "mr/tcga6692_t1.nii.gz": "REVIEW slice_spacing",
}
MODALITIES = {"ct": "CT", "cxr": "XR", "mr": "MR"}


@pytest.mark.parametrize("name", VERDICTS)
def test_a_real_study_has_the_verdict_that_a_radiologist_expects(name: str, tmp_path: Path) -> None:
    path = SHARED / "radiology" / name
    path = path if path.exists() else unpacked(f"../{name}", tmp_path)
    modality = MODALITIES[name.split("/")[0]]
    record = measured_study.measure(path, study_id="a", modality=modality).record
    found = study_decision.study(record, CONFIG["radiology"]["thresholds"])
    codes = [reason.split("=")[0] for reason in found.reasons]
    assert " ".join([found.status, *codes]) == VERDICTS[name]


def test_a_rewrapped_multi_frame_file_is_the_series_beside_it(tmp_path: Path) -> None:
    folder = unpacked("enhanced_and_classic", tmp_path) / "dicom_enhanced"
    whole = study_reading.pixels(study_reading.open_study(str(folder / "volume.dcm")))
    record = measured_study.measure(folder / "volume.dcm", study_id="a", modality="CT").record
    assert study_decision.study(record, CONFIG["radiology"]["thresholds"]).status == "REVIEW"
    (folder / "volume.dcm").unlink()
    classic = study_reading.pixels(study_reading.open_study(str(folder)))
    assert np.array_equal(whole.values, classic.values)
    assert (whole.spacing, whole.origin) == (classic.spacing, classic.origin)


def unpacked(name: str, folder: Path) -> Path:
    with tarfile.open(CT / f"{name}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder


def test_lungs_of_a_real_chest_of_8_mm_slabs(tmp_path: Path) -> None:
    folder = unpacked("chest_8mm_siemens_b40f", tmp_path)
    scanned = study_reading.pixels(study_reading.open_study(str(folder)))
    found = prepared_ct.of_volume(scanned, "a", CtOptions(spacing_mm=1.5))
    assert found.lungs is not None
    assert found.lungs.volume_l == pytest.approx(2.651, rel=0.05)
    assert found.lungs.median_hu is not None and -900 < found.lungs.median_hu < -700
    assert found.record.reasons == ("candidates_not_searched",)


def test_lossless_syntaxes_give_the_same_pixels(tmp_path: Path) -> None:
    paths = [
        CT / f"syntax/CTImage.{n}.dcm" for n in ("rle", "jpll70", "jls80", "j2k90", "deflated")
    ]
    paths += sorted(unpacked("syntax/big_and_implicit", tmp_path).rglob("*.dcm"))
    found = [study_reading.pixels(study_reading.open_study(str(p))).values for p in paths]
    assert len(found) == 7
    assert all(np.array_equal(found[0], values) for values in found)
