"""What is recorded of a header: facts of the machine and the protocol, never of a person."""

import re
from collections.abc import Sequence

from pydicom.dataset import Dataset
from pydicom.uid import UID

from grossing.radiology.reading import dicom_frames
from grossing.radiology.reading.dicom_frames import Frame
from grossing.radiology.reading.dicom_series import Series
from grossing.radiology.studies.study_record import HeaderFacts

_UNUSUAL = re.compile(r"[^A-Za-z0-9 ._/+-]")


def of_dicom(series: Series) -> HeaderFacts:
    """The facts of a series, from the header of its first file and from all its frames."""
    tags, frames = series.tags, series.frames
    syntax = _syntax(tags)
    lossy = _code(tags, "LossyImageCompression") in ("01", "1") or _is_lossy(syntax)
    return HeaderFacts(
        format="dicom",
        series=frames[0].series,
        modality_tag=_code(tags, "Modality"),
        manufacturer=_code(tags, "Manufacturer"),
        model=_code(tags, "ManufacturerModelName"),
        kernel=_code(tags, "ConvolutionKernel"),
        body_part=_code(tags, "BodyPartExamined"),
        view=_code(tags, "ViewPosition"),
        image_type="/".join(_plain(text) for text in frames[0].image_type) or None,
        photometric=_code(tags, "PhotometricInterpretation"),
        samples_per_pixel=_whole(tags, "SamplesPerPixel"),
        bits_stored=_whole(tags, "BitsStored"),
        transfer_syntax=syntax.name if syntax else None,
        lossy=lossy,
        burned_in={"YES": True, "NO": False}.get(_code(tags, "BurnedInAnnotation") or ""),
        secondary_capture=_is_captured(tags, frames),
        only_localizers=all(frame.is_localizer for frame in frames),
        localizers=series.localizers,
        other_series=series.others,
        damaged_files=series.damaged,
        rescale_missing=sum(not _is_hu(frame) for frame in frames),
        kvp=dicom_frames.number(tags.get("KVP")),
        field_strength_t=dicom_frames.number(tags.get("MagneticFieldStrength")),
        repetition_ms=dicom_frames.number(tags.get("RepetitionTime")),
        echo_ms=dicom_frames.number(tags.get("EchoTime")),
        inversion_ms=dicom_frames.number(tags.get("InversionTime")),
        flip_deg=dicom_frames.number(tags.get("FlipAngle")),
    )


def _is_captured(tags: Dataset, frames: Sequence[Frame]) -> bool:
    """Whether the pictures are screen shots: no volume in frames that keep place and unit."""
    if not str(tags.get("SOPClassUID", "")).startswith(dicom_frames.SECONDARY_CAPTURE):
        return False
    return not all(
        frame.position and frame.orientation and frame.spacing and _is_hu(frame)
        for frame in frames
        if not frame.captured
    ) or any(frame.captured for frame in frames)


def _is_hu(frame: Frame) -> bool:
    """Whether slope and intercept are there and give HU, as they do where no unit is stated."""
    return None not in (frame.slope, frame.intercept) and frame.unit in ("", "HU", "HU_MOD")


def _syntax(tags: Dataset) -> UID | None:
    found = tags.file_meta.get("TransferSyntaxUID") if hasattr(tags, "file_meta") else None
    return UID(found) if found else None


def _is_lossy(syntax: UID | None) -> bool:
    """Syntaxes that lose pixels in any case; JPEG 2000 and JPEG-LS may, and then say so by tag."""
    name = syntax.name if syntax else ""
    return "JPEG Baseline" in name or "JPEG Extended" in name or "Near-Lossless" in name


def _plain(text: str) -> str:
    return _UNUSUAL.sub("", text)[:32]


def _code(tags: Dataset, name: str) -> str | None:
    """The first value of a tag as short plain text."""
    found = dicom_frames.texts(tags.get(name))
    return _plain(found[0]) or None if found else None


def _whole(tags: Dataset, name: str) -> int | None:
    found = dicom_frames.number(tags.get(name))
    return None if found is None else int(found)
