"""A made chest X-ray with truth, and DICOM files of it."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian

Words = npt.NDArray[np.uint16]


def make_chest(bits: int = 12) -> tuple[Words, npt.NDArray[np.bool_]]:
    """Stored values of a chest from the front, air black: body, two lungs, spine, heart; lungs."""
    rng = np.random.default_rng(2)
    y, x = np.mgrid[-1:1:384j, -1:1:320j]
    body = np.clip(1.6 - (np.abs(x) / 0.9) ** 8 - 0.4 * np.maximum(0, -y - 0.6), 0, 1) * 0.75
    body[(y < -0.72) & (np.abs(x) > 0.3)] = 0.02
    body[np.abs(x) > 0.93] = 0.02
    lungs = np.zeros(body.shape, bool)
    for middle in (-0.45, 0.45):
        lungs |= ((x - middle) / 0.3) ** 2 + ((y + 0.08) / 0.55) ** 2 <= 1
    lungs &= ~((x - 0.12) ** 2 / 0.09 + (y - 0.3) ** 2 / 0.08 <= 1)
    picture = np.where(lungs, 0.3 + 0.05 * np.sin(18 * y), body)
    picture = cv2.GaussianBlur(picture, (0, 0), 3) + rng.normal(0, 0.008, body.shape)
    full = (1 << bits) - 1
    return np.clip(picture * full, 0, full).astype(np.uint16), lungs


def write_dicom(path: Path, values: Words, photometric: str, **tags: object) -> None:
    """A DICOM file of 12 bit; further tags, as `PixelSpacing`, may be given."""
    made = pydicom.Dataset()
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID = "1.2.3.4.5"
    made.SOPClassUID = ComputedRadiographyImageStorage
    made.SeriesInstanceUID = made.StudyInstanceUID = "1.2.3.4"
    made.Modality, made.PhotometricInterpretation = "CR", photometric
    made.PatientName, made.PatientID = "PLANTED^NAME", "PLANTED-ID"
    made.Rows, made.Columns = values.shape
    made.SamplesPerPixel, made.PixelRepresentation = 1, 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 16, 12, 11
    made.PixelSpacing = [0.8, 0.8]
    for name, value in tags.items():
        setattr(made, name, value)
    made.PixelData = values.astype("<u2").tobytes()
    made.save_as(path, enforce_file_format=True)
