"""Synthetic CTs: a chest with known lungs, nodules and metal, and DICOM series with faults."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

#: planted in every tag that may name a person; none of them may be in any output
NAMES = ("PLANTED^PATIENT", "PLANTEDID77", "PLANTED HOSPITAL", "Dr PLANTED", "PLANTED FREE TEXT")
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)

#: name -> centre (z, y, x) and diameter in mm, HU
NODULES = {
    "solid10": ((30, -10, 62), 10, 30),
    "solid6": ((40, 0, -60), 6, 30),
    "ground12": ((10, 10, -55), 12, -600),
    "pleura10": ((20, 0, -100), 10, 30),
}


Masks = dict[str, np.ndarray]
Place = tuple[float, float, float]


def chest(spacing: float = 1.5, *, noise: float = 15.0) -> tuple[np.ndarray, Masks]:
    """HU of a chest, (z, y, x) int16 with cubic voxels, and its masks: lung, airway, and nodules.

    Body, two lungs, a heart between them, trachea, a domed diaphragm, a table, a screw of about
    20 x 6 x 6 mm and one voxel of metal.
    """
    size = [round(mm / spacing) for mm in (180, 200, 280)]
    z, y, x = (
        ((np.arange(n) - (n - 1) / 2) * spacing).reshape(shape)
        for n, shape in zip(size, ((-1, 1, 1), (1, -1, 1), (1, 1, -1)), strict=True)
    )

    def ellipsoid(centre: Place, radii: Place) -> np.ndarray:
        parts = zip((z, y, x), centre, radii, strict=True)
        return sum((axis - c) ** 2 / r**2 for axis, c, r in parts) <= 1

    hu = np.full(size, -1000.0)
    hu[np.broadcast_to((y / 85) ** 2 + (x / 125) ** 2 <= 1, size)] = 50
    hu[np.broadcast_to((np.abs(y - 93) < 3) & (np.abs(x) < 120), size)] = -150
    dome = ellipsoid((-90, 0, -55), (40, 70, 50)) | ellipsoid((-90, 0, 55), (30, 70, 50))
    heart = ellipsoid((-25, -20, 20), (45, 40, 40))
    sides = ellipsoid((0, 0, -60), (75, 65, 45)) | ellipsoid((0, 0, 60), (75, 65, 45))
    lung = sides & ~dome & ~heart
    airway = np.broadcast_to((y - 5) ** 2 + x**2 <= 8**2, size) & (z > 10)
    airway |= np.broadcast_to((y - 5) ** 2 + (z - 12) ** 2 <= 5**2, size) & (np.abs(x) < 30)
    hu[lung] = -850
    hu[airway] = -1000
    truth = {"lung": lung & ~airway, "airway": airway}
    for name, (centre, diameter, value) in NODULES.items():
        nodule = ellipsoid(centre, (diameter / 2,) * 3)
        hu[nodule] = value
        truth[name] = nodule
        truth["lung"] = truth["lung"] | (nodule & sides)
    truth["metal"] = (np.abs(z - 40) <= 10) & (np.abs(y - 60) <= 3) & (np.abs(x) <= 3)
    hu[truth["metal"]] = 8000
    hu[5, 40, 60] = 8000
    rng = np.random.default_rng(7)
    hu += rng.normal(0, noise, size)
    return np.clip(np.round(hu), -1024, 3071).astype(np.int16), truth


def phantom_of(slices: int = 12, side: int = 64) -> np.ndarray:
    """A cylinder of water in air, (slices, side, side) HU."""
    axis = np.arange(side) - side / 2
    body = axis[:, None] ** 2 + axis[None, :] ** 2 < (side * 0.35) ** 2
    rng = np.random.default_rng(3)
    hu = np.where(body, 40, -1000) + rng.normal(0, 8, (slices, side, side))
    return np.round(hu).astype(np.int16)


def write_series(
    folder: Path,
    hu: np.ndarray,
    *,
    spacing: tuple[float, float, float] = (2.0, 1.0, 1.0),
    tags: dict[str, Any] | None = None,
    series: str | None = None,
    name: str = "slice",
) -> list[Path]:
    """A DICOM series of HU, one file a slice, with `NAMES` in its personal tags.

    `tags` override those of all slices; a function gets the number of the slice, None removes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    uid, paths = series or generate_uid(), []
    for i, plane in enumerate(hu):
        ds = Dataset()
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, generate_uid()
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), uid
        ds.Modality, ds.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.PatientName, ds.PatientID, ds.InstitutionName, ds.ReferringPhysicianName = NAMES[:4]
        ds.SeriesDescription = ds.ImageComments = NAMES[4]
        ds.InstanceNumber, ds.Manufacturer = i + 1, "Maker"
        ds.Rows, ds.Columns = plane.shape
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated = ds.BitsStored = 16
        ds.HighBit, ds.PixelRepresentation = 15, 1
        ds.RescaleSlope, ds.RescaleIntercept = 1, -1024
        ds.ImagePositionPatient = [0.0, 0.0, i * spacing[0]]
        ds.ImageOrientationPatient = list(AXIAL)
        ds.PixelSpacing = list(spacing[1:])
        ds.SliceThickness = spacing[0]
        ds.PixelData = (plane + 1024).astype("<i2").tobytes()
        for tag, value in (tags or {}).items():
            value = value(i) if callable(value) else value
            if value is None:
                del ds[tag]
            else:
                setattr(ds, tag, value)
        path = folder / f"{name}{(7 * i) % len(hu):03d}.dcm"  # names are not positions
        pydicom.dcmwrite(path, ds, enforce_file_format=True)
        paths.append(path)
    return paths


def main() -> None:
    """A small cohort of studies for `make demo-radiology`: make_ct.py FOLDER."""
    folder = Path(sys.argv[1])
    hu, _ = chest(1.5)
    write_series(folder / "chest", hu, spacing=(1.5, 1.5, 1.5))
    write_series(folder / "thick", hu[::4], spacing=(6.0, 1.5, 1.5))
    water = phantom_of()
    write_series(
        folder / "gap",
        water,
        tags={"ImagePositionPatient": lambda i: [0.0, 0.0, 2.0 * i + 4 * (i > 5)]},
    )
    rows = [f"{name},{name},CT" for name in ("chest", "thick", "gap", "missing")]
    (folder / "studies.csv").write_text("\n".join(["study_id,path,modality", *rows, ""]))


if __name__ == "__main__":
    main()
