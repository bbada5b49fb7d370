"""The frames of DICOM files: what is read of their headers, and nothing but that.

Only the tags of `TAGS` are read (DICOM PS3.6): no name, birth date, accession number or free text
of a person or site gets further than this module. UIDs are hashed.
"""

import contextlib
import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID

from grossing.support import hashed_uid

Vector = tuple[float, ...]

#: every tag that is read before the pixels
TAGS = (
    *("SOPClassUID", "SeriesInstanceUID", "Modality", "ImageType", "InstanceNumber"),
    *("Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue"),
    *("PixelPaddingRangeLimit", "RescaleSlope", "RescaleIntercept", "RescaleType"),
    *("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "ImagerPixelSpacing"),
    *("SliceThickness", "SpacingBetweenSlices", "GantryDetectorTilt", "LossyImageCompression"),
    *("BurnedInAnnotation", "Manufacturer", "ManufacturerModelName", "ConvolutionKernel", "KVP"),
    *("BodyPartExamined", "ViewPosition", "PresentationLUTShape", "WindowCenter", "WindowWidth"),
    *("VOILUTFunction", "MagneticFieldStrength", "RepetitionTime", "EchoTime", "InversionTime"),
    *("FlipAngle", "ScanningSequence", "SequenceVariant", "MRAcquisitionType"),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
)
LOCALIZER = "LOCALIZER"
#: beginnings of the SOP classes (DICOM PS3.6) of what lies in a folder beside its images: screen
#: shots, and objects that have rows and columns but are no image of the patient
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
#: of them, one that may hold a volume with its geometry
CAPTURED_VOLUME = "1.2.840.10008.5.1.4.1.1.7.3"
_NO_IMAGES = (
    "1.2.840.10008.5.1.4.1.1.66.",  # segmentations, registrations
    "1.2.840.10008.5.1.4.1.1.481.2",  # doses
    "1.2.840.10008.5.1.4.1.1.30",  # parametric maps
)
#: how far the orientation of a slice may be from unit length and a right angle
_ORIENTATION_TOLERANCE = 0.01


@dataclass(frozen=True)
class Frame:
    """One picture of a file; None where the header does not say.

    `index` is its number within a multi-frame file, 0 in others. `position` and `orientation` are
    ImagePositionPatient and ImageOrientationPatient, mm and cosines; `spacing` is (row, column) mm;
    `unit` is that of the rescaled values (RescaleType), empty where it is not stated. `slope` is
    None where it is 0, `orientation` where it is not two directions at a right angle. `captured`:
    a screen shot or a converted picture.
    """

    path: str
    index: int
    frames: int
    series: str
    instance: int | None
    rows: int
    columns: int
    position: Vector | None
    orientation: Vector | None
    spacing: Vector | None
    thickness: float | None
    slope: float | None
    intercept: float | None
    unit: str
    padding: tuple[int, int] | None
    image_type: tuple[str, ...]
    captured: bool = False

    @property
    def is_localizer(self) -> bool:
        return LOCALIZER in self.image_type or "SCOUT" in self.image_type


def is_dicom(path: str) -> bool:
    """Whether a file has the mark of a DICOM file, or starts with its group of tags without it."""
    with open(path, "rb") as file:
        head = file.read(132)
    return head[128:132] == b"DICM" or head[:4] in (b"\x08\x00\x05\x00", b"\x08\x00\x00\x00")


def header(path: str) -> Dataset | None:
    """The whitelisted tags of a file with pixels; None for any other file.

    Raises
    ------
    OSError : the file cannot be read.
    """
    try:
        if not is_dicom(path):
            return None
        with quiet():
            found = pydicom.dcmread(
                path, stop_before_pixels=True, specific_tags=list(TAGS), force=True
            )
    except (InvalidDicomError, EOFError, ValueError, KeyError, AttributeError):
        return None
    is_image = "Rows" in found and "Columns" in found
    return found if is_image and not _class(found).startswith(_NO_IMAGES) else None


def is_damaged(path: str) -> bool:
    """Whether a file that is no image should have been one: an empty one, one that is DICOM by its
    name alone, one whose header breaks off.

    Raises
    ------
    OSError : the file cannot be read.
    """
    named = path.lower().endswith((".dcm", ".dicom", ".ima"))
    if not is_dicom(path):
        return named or os.path.getsize(path) == 0
    try:
        with quiet():
            tags = pydicom.dcmread(
                path, stop_before_pixels=True, specific_tags=["SOPClassUID"], force=True
            )
    except (InvalidDicomError, EOFError, ValueError, KeyError, AttributeError):
        return True
    meta = getattr(tags, "file_meta", {})
    uid = UID(_class(tags) or str(meta.get("MediaStorageSOPClassUID") or ""))
    is_image = "Image Storage" in uid.name and not uid.startswith(_NO_IMAGES)
    return not uid or is_image


def _class(tags: Dataset) -> str:
    return str(tags.get("SOPClassUID") or "")


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without pydicom's remarks on values, which may quote them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def of_file(path: str, tags: Dataset) -> list[Frame]:
    """The frames of a file, in its order."""
    shared = _first(tags, "SharedFunctionalGroupsSequence")
    each = tags.get("PerFrameFunctionalGroupsSequence") or []
    count = max(1, _whole(tags.get("NumberOfFrames")) or 1)
    return [
        _frame(path, i, count, tags, [each[i] if i < len(each) else None, shared])
        for i in range(count)
    ]


def _frame(
    path: str, index: int, count: int, tags: Dataset, groups: Sequence[Dataset | None]
) -> Frame:
    """A frame from its own functional groups, the shared ones, and the tags of the file."""

    def of(group: str, name: str) -> Any:
        for whole in groups:
            part = _first(whole, group)
            if part is not None and part.get(name) is not None:
                return part.get(name)
        return tags.get(name)

    kinds = of("CTImageFrameTypeSequence", "FrameType")
    kinds = kinds or of("MRImageFrameTypeSequence", "FrameType")
    return Frame(
        path=path,
        index=index,
        frames=count,
        series=hashed_uid.of(tags.get("SeriesInstanceUID")),
        instance=_whole(tags.get("InstanceNumber")),
        rows=int(tags.Rows),
        columns=int(tags.Columns),
        position=_vector(of("PlanePositionSequence", "ImagePositionPatient"), 3),
        orientation=_orientation(of("PlaneOrientationSequence", "ImageOrientationPatient")),
        spacing=_spacing(of("PixelMeasuresSequence", "PixelSpacing"))
        or _spacing(tags.get("ImagerPixelSpacing")),
        thickness=number(of("PixelMeasuresSequence", "SliceThickness")),
        slope=number(of("PixelValueTransformationSequence", "RescaleSlope")) or None,
        intercept=number(of("PixelValueTransformationSequence", "RescaleIntercept")),
        unit="".join(texts(of("PixelValueTransformationSequence", "RescaleType"))[:1]),
        padding=_padding(tags),
        image_type=tuple(texts(kinds or tags.get("ImageType"))),
        captured=_class(tags).startswith(SECONDARY_CAPTURE) and _class(tags) != CAPTURED_VOLUME,
    )


def _first(tags: Dataset | None, name: str) -> Dataset | None:
    sequence = tags.get(name) if tags is not None else None
    return sequence[0] if sequence else None


def number(value: Any) -> float | None:
    """A value as a finite number; None where it is none."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if abs(found) < 1e30 else None


def _whole(value: Any) -> int | None:
    found = number(value)
    return None if found is None else int(found)


def texts(value: Any) -> list[str]:
    """The values of a tag of codes, in upper case."""
    if value is None:
        return []
    values: Iterable[Any] = [value] if isinstance(value, str) else value
    return [str(each).strip().upper() for each in values]


def _vector(value: Any, length: int) -> Vector | None:
    if value is None or isinstance(value, str) or len(value) != length:
        return None
    found = [number(each) for each in value]
    return None if None in found else tuple(float(each) for each in found if each is not None)


def _spacing(value: Any) -> Vector | None:
    """Distances of rows and columns; None where one is not above 0."""
    found = _vector(value, 2)
    return found if found and min(found) > 0 else None


def _orientation(value: Any) -> Vector | None:
    """Directions of a row and a column; None where they are not of length 1 at a right angle."""
    found = _vector(value, 6)
    if found is None:
        return None
    row, column = found[:3], found[3:]
    products = [sum(a * b for a, b in zip(*pair, strict=True)) for pair in (
        (row, row), (column, column), (row, column))]  # fmt: skip
    off = max(abs(products[0] - 1), abs(products[1] - 1), abs(products[2]))
    return found if off <= _ORIENTATION_TOLERANCE else None


def _padding(tags: Dataset) -> tuple[int, int] | None:
    """Smallest and largest stored value of the padding."""
    first = _stored(tags, tags.get("PixelPaddingValue"))
    if first is None:
        return None
    last = _stored(tags, tags.get("PixelPaddingRangeLimit"))
    low, high = sorted((first, first if last is None else last))
    return low, high


def _stored(tags: Dataset, value: Any) -> int | None:
    """A stored value with the sign that the pixels have (it is often written without)."""
    found, bits = _whole(value), _whole(tags.get("BitsAllocated")) or 16
    signed = tags.get("PixelRepresentation") == 1
    if found is not None and signed and found >= 2 ** (bits - 1):
        return int(found - 2**bits)
    return found
