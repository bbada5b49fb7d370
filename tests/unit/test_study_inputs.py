"""What comes in besides good series: each ends in a row with its reason, none of them passes."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import chest_phantom
import cv2
import generate
import jsonschema
import make_ct
import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from grossing.radiology import measured_study
from grossing.radiology.reading import study_reading
from grossing.radiology.studies import study_decision
from grossing.radiology.studies.study_record import StudyRecord
from grossing.support import versions
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    BasicTextSRStorage,
    CTImageStorage,
    ExplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
    RTStructureSetStorage,
    SecondaryCaptureImageStorage,
    SegmentationStorage,
    generate_uid,
)
from stages import CONFIG

HU = make_ct.phantom_of(20)
AFFINE = np.diag([-1.0, -1.0, 2.0, 1.0])
VALIDATOR = jsonschema.Draft202012Validator(generate.load("study"))


def judged(path: Path, modality: str = "CT") -> tuple[str, StudyRecord]:
    """Status and reasons without their numbers."""
    record = measured_study.measure(path, study_id="a", modality=modality).record
    row = {k: list(v) if isinstance(v, tuple) else v for k, v in record.to_json().items()}
    VALIDATOR.validate(row | {"made_with": versions.used()})
    found = study_decision.study(record, CONFIG["radiology"]["thresholds"])
    return " ".join([found.status, *(text.split("=")[0] for text in found.reasons)]), record


def circle() -> np.ndarray:
    y, x = np.mgrid[-1:1:64j, -1:1:64j]
    return np.broadcast_to(x**2 + y**2 > 1, HU.shape)


def lossy_padding() -> np.ndarray:
    moved = np.random.default_rng(1).integers(-2, 3, HU.shape)
    return np.where(circle(), -2000 + moved, HU).astype(np.int16)


def fat() -> np.ndarray:
    """A field within the patient: fat and tissue, no air."""
    halves = np.where(np.arange(64) < 32, -100, 40) + np.zeros(HU.shape)
    return (halves + np.random.default_rng(2).normal(0, 8, HU.shape)).astype(np.int16)


SERIES: dict[str, tuple[dict[str, Any], np.ndarray, str]] = {
    "padding of -2000 without tag": ({}, np.where(circle(), -2000, HU), "PASS"),
    "padding of -2048 without tag": ({}, np.where(circle(), -2048, HU), "PASS"),
    "padding that its tag does not name": (
        {"PixelPaddingValue": 0},
        np.where(circle(), -2000, HU),
        "PASS",
    ),
    "padding after lossy compression": (
        {"LossyImageCompression": "01"},
        lossy_padding(),
        "REVIEW lossy_compression",
    ),
    "the same with its tag": (
        {"LossyImageCompression": "01", "PixelPaddingValue": -976},
        lossy_padding(),
        "REVIEW lossy_compression",
    ),
    "stored values without slope": (
        {"RescaleSlope": None, "RescaleIntercept": None},
        HU,
        "REVIEW no_rescale",
    ),
    "slope 0": ({"RescaleSlope": 0}, HU, "REVIEW no_rescale"),
    "intercept off by 200": ({"RescaleIntercept": -824}, HU, "REVIEW hu_out_of_range"),
    "slope of 2": ({"RescaleSlope": 2}, HU, "REVIEW no_soft_tissue"),
    "air alone": (
        {},
        np.random.default_rng(0).normal(-1000, 8, HU.shape).astype(np.int16),
        "REVIEW no_soft_tissue",
    ),
    "a field within the patient": ({}, fat(), "REVIEW truncated_field"),
    "pixel spacing 0": ({"PixelSpacing": [0, 0]}, HU, "FAIL no_pixel_spacing"),
    "no pixel spacing": ({"PixelSpacing": None}, HU, "FAIL no_pixel_spacing"),
    "negative pixel spacing": ({"PixelSpacing": [-1, 1]}, HU, "FAIL no_pixel_spacing"),
    "a field of 16 m": ({"PixelSpacing": [250, 250]}, HU, "FAIL no_pixel_spacing"),
    "orientation of zeros": (
        {"ImageOrientationPatient": [0, 0, 0, 0, 0, 0]},
        HU,
        "FAIL position_missing",
    ),
    "axes not at right angles": (
        {"ImageOrientationPatient": [1, 0, 0, 0.5, 0.866, 0]},
        HU,
        "FAIL position_missing",
    ),
    "a blank slice": (
        {},
        np.where(np.arange(20)[:, None, None] == 9, -1024, HU),
        "FAIL slices_blank",
    ),
    "one slice all along": ({}, np.repeat(HU[:1], 20, 0), "FAIL slices_duplicate"),
    "one pixel": ({}, HU[:, :1, :1], "FAIL"),
    "twelve pixels": ({}, HU[:, :12, :12], "FAIL too_small"),
    "spacings of 6.96 to 7.07": (
        {"ImagePositionPatient": lambda i: [0, 0, 7.015 * i + (-0.02 if i % 2 else 0.02)]},
        HU,
        "REVIEW slice_spacing",
    ),
    "a gap at the end": (
        {"ImagePositionPatient": lambda i: [0, 0, 2.0 * (i + (i == 19))]},
        HU,
        "FAIL slices_missing",
    ),
}


@pytest.mark.parametrize("name", SERIES)
def test_a_series_ends_with_its_reason(name: str, tmp_path: Path) -> None:
    tags, hu, expected = SERIES[name]
    make_ct.write_series(tmp_path, np.asarray(hu, np.int16), tags=tags)
    found, record = judged(tmp_path)
    assert set(expected.split()) <= set(found.split()), found
    assert expected != "PASS" or found == "PASS"
    if "padding" in name:
        assert record.intensity is not None and record.intensity.value_min > -1100


def test_noise_in_an_mr_is_judged_although_it_has_no_rescale(tmp_path: Path) -> None:
    """An MR needs no slope; limits in HU are not its own."""
    noise = np.random.default_rng(0).rayleigh(50, HU.shape).astype(np.int16)
    tags = {"Modality": "MR", "RescaleSlope": None, "RescaleIntercept": None}
    make_ct.write_series(tmp_path, noise - 1024, tags=tags)
    assert judged(tmp_path, "MR")[0] == "REVIEW low_snr"


def thing(path: Path, sop_class: str, modality: str, **tags: Any) -> None:
    """A DICOM object without pixels."""
    made = Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID = sop_class
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = generate_uid()
    made.SeriesInstanceUID, made.Modality = generate_uid(), modality
    for name, value in tags.items():
        setattr(made, name, value)
    pydicom.dcmwrite(path, made, enforce_file_format=True)


def test_what_lies_beside_a_series_is_no_second_one(tmp_path: Path) -> None:
    """Reports, structures, segmentations, screen shots of a dose report, a DICOMDIR, notes."""
    make_ct.write_series(tmp_path, HU)
    thing(tmp_path / "report.dcm", BasicTextSRStorage, "SR")
    thing(tmp_path / "structures.dcm", RTStructureSetStorage, "RTSTRUCT")
    thing(tmp_path / "DICOMDIR", MediaStorageDirectoryStorage, "")
    size = {"Rows": 64, "Columns": 64, "NumberOfFrames": 20}
    thing(tmp_path / "segments.dcm", SegmentationStorage, "SEG", **size)
    screen = {"SOPClassUID": SecondaryCaptureImageStorage, "RescaleSlope": None}
    make_ct.write_series(tmp_path, HU[:1], name="dose", tags=screen)
    (tmp_path / "notes.txt").write_text("no image")
    assert judged(tmp_path)[0] == "PASS"


def cut(path: Path, length: int) -> None:
    path.write_bytes(path.read_bytes()[:length])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder, last: cut(last, 0),
        lambda folder, last: cut(last, 300),
        lambda folder, last: last.write_text("no image at all"),
    ],
    ids=["empty", "breaks off", "text"],
)
def test_a_slice_that_is_lost_at_the_end_is_said(
    spoil: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    """No gap shows it: the positions that are left are even."""
    paths = make_ct.write_series(tmp_path, HU)
    spoil(tmp_path, paths[-1])
    found, record = judged(tmp_path)
    assert found == "REVIEW damaged_files"
    assert record.header is not None and record.header.damaged_files == 1


def test_an_orientation_of_the_scan_changes_no_verdict(tmp_path: Path) -> None:
    """Sagittal, coronal, upside down: the border of the field is that of the patient."""
    body = np.repeat(HU[:1], 60, 0)[:, :, :62]
    body = body + np.random.default_rng(0).integers(-3, 4, body.shape).astype(np.int16)
    cubic = (1.0, 1.0, 1.0)
    turned = {
        "sagittal": (body.transpose(2, 0, 1)[:, ::-1], [0, 1, 0, 0, 0, -1], [1, 0, 0]),
        "coronal": (body.transpose(1, 0, 2)[:, ::-1], [1, 0, 0, 0, 0, -1], [0, 1, 0]),
        "axial": (body, [1, 0, 0, 0, 1, 0], [0, 0, -1]),
    }
    for name, (hu, axes, step) in turned.items():
        tags = {
            "ImageOrientationPatient": axes,
            "ImagePositionPatient": lambda i, step=step: [float(i * s) for s in step],
        }
        make_ct.write_series(tmp_path / name, hu[:59], spacing=cubic, tags=tags)
        found, record = judged(tmp_path / name)
        assert found == "PASS", name
        assert record.measures["border_air_hu"] == pytest.approx(-1000, abs=3)


def nifti(path: Path, values: np.ndarray, affine: np.ndarray = AFFINE) -> Path:
    nibabel.Nifti1Image(values, affine).to_filename(path)
    return path


def stored(path: Path, offset: int, data: bytes) -> Path:
    whole = bytearray(path.read_bytes())
    whole[offset : offset + len(data)] = data
    path.write_bytes(whole)
    return path


def test_nifti_is_read_as_its_header_says(tmp_path: Path) -> None:
    values = np.ascontiguousarray(HU.transpose(2, 1, 0))
    floats, integers = values.astype(np.float32), np.maximum(values + 1024, 0).astype(np.uint16)
    permuted = np.array([[0, 0, -1.0, 0], [-1.0, 0, 0, 0], [0, 2.0, 0, 0], [0, 0, 0, 1]])
    slope = np.array([1, -1024], np.float32).tobytes()
    good = {
        "int16": nifti(tmp_path / "a.nii.gz", values),
        "float": nifti(tmp_path / "b.nii.gz", floats),
        "RAS": nifti(tmp_path / "c.nii.gz", values[::-1, ::-1], np.diag([1.0, 1, 2, 1])),
        "feet up": nifti(tmp_path / "d.nii.gz", values[..., ::-1], np.diag([-1.0, -1, -2, 1])),
        "permuted": nifti(tmp_path / "e.nii.gz", values.transpose(1, 2, 0), permuted),
        "unsigned with slope": stored(nifti(tmp_path / "f.nii", integers), 112, slope),
        "fourth axis of 1": nifti(tmp_path / "g.nii.gz", values[..., None]),
        "padded": nifti(tmp_path / "h.nii.gz", np.where(circle(), -2048, HU).transpose(2, 1, 0)),
    }
    assert {name: judged(path)[0] for name, path in good.items()} == dict.fromkeys(good, "PASS")


def test_nifti_that_a_reader_would_mend_in_silence_does_not_pass(tmp_path: Path) -> None:
    """ITK fills what is missing with 0, puts 0 for NaN and 1 for a spacing of 0."""
    values = np.ascontiguousarray(HU.transpose(2, 1, 0))
    floats = values.astype(np.float32)
    floats[32, 32, 9] = np.nan
    infinite = values.astype(">f4")
    infinite[0, 0, 0] = np.inf
    sheared = AFFINE.copy()
    sheared[1, 2] = 0.8
    nan, one = np.float32(np.nan).tobytes(), np.float32(1).tobytes()
    packed, plain = nifti(tmp_path / "a.nii.gz", values), nifti(tmp_path / "b.nii", values)
    cut(packed, packed.stat().st_size // 2)
    cut(plain, plain.stat().st_size // 2)
    bad = {
        packed: "ERROR unreadable",
        plain: "ERROR unreadable",
        nifti(tmp_path / "c.nii.gz", floats): "FAIL not_finite",
        nifti(tmp_path / "d.nii", infinite): "FAIL not_finite",
        nifti(
            tmp_path / "e.nii.gz", np.full_like(floats, np.nan)
        ): "FAIL empty not_finite hu_out_of_range",
        nifti(tmp_path / "f.nii.gz", values + 1024): "FAIL hu_out_of_range",
        nifti(tmp_path / "g.nii.gz", values[..., :1]): "FAIL single_slice",
        nifti(tmp_path / "h.nii.gz", values[..., 0]): "ERROR unreadable",
        nifti(tmp_path / "i.nii.gz", np.stack([values] * 3, -1)): "ERROR unreadable",
        nifti(tmp_path / "j.nii.gz", values.astype(np.complex64)): "ERROR unreadable",
        nifti(tmp_path / "k.nii.gz", values, sheared): "ERROR unreadable",
        stored(nifti(tmp_path / "l.nii", values), 80, bytes(12)): "FAIL no_pixel_spacing",
        stored(nifti(tmp_path / "m.nii", values), 88, nan): "FAIL no_pixel_spacing",
        # the distance of slices is 2 by the sform and 1 by pixdim
        stored(nifti(tmp_path / "n.nii", values), 88, one): "FAIL no_pixel_spacing",
        stored(
            nifti(tmp_path / "o.nii", values), 112, np.array([1, 1e9], np.float32).tobytes()
        ): "FAIL hu_out_of_range hu_out_of_range",
    }
    found = {path.name: judged(path)[0] for path in bad}
    assert found == {path.name: text for path, text in bad.items()}
    assert "right angles" in str(judged(tmp_path / "k.nii.gz")[1].refusal)


def test_mha_and_nrrd_are_read(tmp_path: Path) -> None:
    image = sitk.GetImageFromArray(HU)
    image.SetSpacing((1.0, 1.0, 2.0))
    for name in ("a.mha", "a.nrrd"):
        sitk.WriteImage(image, str(tmp_path / name))
        assert judged(tmp_path / name)[0] == "PASS"


@pytest.mark.parametrize(
    ("name", "lines"), [("a.mha", rb"^ElementSpacing.*\n"), ("a.nrrd", rb"^space.*\n")]
)
def test_a_volume_without_spacing_does_not_pass(name: str, lines: bytes, tmp_path: Path) -> None:
    """ITK takes 1 mm for it; pynrrd writes such files where it is not told the spacing."""
    path = tmp_path / name
    sitk.WriteImage(sitk.GetImageFromArray(HU), str(path))
    assert judged(path)[0] == "PASS"
    data = path.read_bytes()
    start = len(data) - HU.nbytes
    path.write_bytes(re.sub(lines, b"", data[:start], flags=re.MULTILINE) + data[start:])
    assert judged(path)[0] == "FAIL no_pixel_spacing"


def test_films_that_are_none(tmp_path: Path) -> None:
    values, _ = chest_phantom.make_chest()
    grey = (values // 16).astype(np.uint8)
    not_finite = values.astype(np.float32)
    not_finite[:5] = np.nan
    pictures = {
        "grey.png": (grey, "PASS"),
        "channels.png": (cv2.merge([grey] * 3), "PASS"),
        "colour.png": (cv2.merge([grey, grey // 2, 255 - grey]), "REVIEW secondary_capture"),
        "grey.jpg": (grey, "REVIEW lossy_compression"),
        "one.png": (grey[:1, :1], "FAIL empty too_small"),
        "row.png": (grey[:1], "FAIL too_small"),
        "black.png": (np.zeros_like(grey), "FAIL empty"),
        "nan.tif": (not_finite, "FAIL not_finite"),
    }
    for name, (picture, _) in pictures.items():
        cv2.imwrite(str(tmp_path / name), picture)
    found = {name: judged(tmp_path / name, "XR")[0] for name in pictures}
    assert found == {name: text for name, (_, text) in pictures.items()}
    jpeg = (tmp_path / "grey.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(jpeg[: len(jpeg) // 2])
    assert judged(tmp_path / "cut.jpg", "XR")[0] == "ERROR unreadable"
    (tmp_path / "longer.jpg").write_bytes(jpeg + bytes(100))
    assert judged(tmp_path / "longer.jpg", "XR")[0] == "REVIEW lossy_compression"
    folder = tmp_path / "two"
    folder.mkdir()
    chest_phantom.write_dicom(folder / "front.dcm", values, "MONOCHROME2")
    assert judged(folder, "XR")[0] == "PASS"
    chest_phantom.write_dicom(folder / "side.dcm", values[::-1], "MONOCHROME2")
    assert judged(folder, "XR")[0] == "FAIL several_pictures"  # never the first of them alone


def enhanced(path: Path, hu: np.ndarray, sop_class: str, slopes: list[int]) -> None:
    """A multi-frame CT, its frames out of order, slope and intercept of each its own."""
    (single,) = make_ct.write_series(path.parent / "single", hu[:1])
    made = pydicom.dcmread(single)
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = sop_class
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        delattr(made, name)
    del made.RescaleSlope, made.RescaleIntercept, made.SliceThickness
    order = [(7 * i) % len(hu) for i in range(len(hu))]
    frames = []
    for place in order:
        frame, transform, plane = Dataset(), Dataset(), Dataset()
        transform.RescaleSlope, transform.RescaleIntercept = slopes[place], -1024
        transform.RescaleType = "HU"
        plane.ImagePositionPatient = [0.0, 0.0, 2.0 * place]
        frame.PixelValueTransformationSequence = [transform]
        frame.PlanePositionSequence = [plane]
        frames.append(frame)
    shared, measures, axes = Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness = [1.0, 1.0], 2.0
    axes.ImageOrientationPatient = list(make_ct.AXIAL)
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = [measures], [axes]
    made.SharedFunctionalGroupsSequence = [shared]
    made.PerFrameFunctionalGroupsSequence = frames
    made.NumberOfFrames = len(hu)
    made.PixelData = b"".join(
        ((hu[place].astype(int) + 1024) // slopes[place]).astype("<i2").tobytes() for place in order
    )
    pydicom.dcmwrite(path, made, enforce_file_format=True)


@pytest.mark.parametrize(
    "sop_class", ["1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.7.3"]
)
def test_a_multi_frame_file_is_the_series_that_it_was_made_of(
    sop_class: str, tmp_path: Path
) -> None:
    """Enhanced CT, and a volume that was rewrapped as multi-frame secondary capture."""
    slopes = [1 + i % 2 for i in range(len(HU))]
    even = (HU + 1024) // 2 * 2 - 1024
    make_ct.write_series(tmp_path / "classic", even)
    enhanced(tmp_path / "enhanced.dcm", even, sop_class, slopes)
    classic, whole = tmp_path / "classic", tmp_path / "enhanced.dcm"
    a, b = (study_reading.pixels(study_reading.open_study(str(p))) for p in (classic, whole))
    assert np.array_equal(a.values, b.values)
    assert (a.spacing, a.origin, a.direction) == (b.spacing, b.origin, b.direction)
    assert judged(classic)[0] == judged(whole)[0] == "PASS"
    assert CTImageStorage != sop_class
