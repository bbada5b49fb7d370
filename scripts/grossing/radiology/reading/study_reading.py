"""A study read from its files: header facts, geometry, pixels; one function for all modalities."""

import os
from dataclasses import dataclass, replace

import cv2
import numpy as np

from grossing.radiology.reading import (
    dicom_pixels,
    dicom_series,
    header_facts,
    slice_geometry,
    study_files,
    volume_files,
)
from grossing.radiology.reading.dicom_frames import Frame
from grossing.radiology.studies.study_record import Geometry, HeaderFacts
from grossing.radiology.volumes import axial_view, volume
from grossing.radiology.volumes.study_errors import StudyError
from grossing.radiology.volumes.volume import Volume

_PICTURES = (".png", ".tif", ".tiff", ".jpg", ".jpeg")
#: mean difference of a pixel's channels over the largest value, above which a picture is coloured
COLOUR_SHARE = 0.02
JPEG, JPEG_SCAN, JPEG_END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"
_SUFFIXES = {
    ".nii": "nifti",
    ".nii.gz": "nifti",
    ".mha": "mha",
    ".mhd": "mha",
    ".nrrd": "nrrd",
    ".nhdr": "nrrd",
}


@dataclass(frozen=True)
class Opened:
    """A study whose headers were read; `frames` in the order of their places, none of volumes in
    one file of another format."""

    paths: tuple[str, ...]
    header: HeaderFacts
    geometry: Geometry
    frames: tuple[Frame, ...] = ()


def open_study(path: str, series: str = "") -> Opened:
    """Headers and geometry of a study.

    Parameters
    ----------
    path : DICOM folder or file, NIfTI, MHA, NRRD, or a picture
    series : hash of the series UID where a folder holds several (`hashed_uid.of`)

    Raises
    ------
    StudyError : it cannot be used.
    """
    paths = study_files.find(path)
    try:
        if len(paths) == 1 and _suffix(paths[0]):
            return _open_file(paths[0], _suffix(paths[0]) or "")
        found = dicom_series.choose(paths, series)
    except OSError as error:
        raise StudyError("unreadable", error.strerror or type(error).__name__) from error
    if found is None:
        raise StudyError("unreadable", f"no image in {len(paths)} files")
    frames = slice_geometry.in_order(found.frames)
    header = header_facts.of_dicom(found)
    return Opened(
        tuple(dict.fromkeys(frame.path for frame in frames)),
        header,
        slice_geometry.of_frames(frames),
        tuple(frames),
    )


def pixels(study: Opened) -> Volume:
    """The values of a study that was opened.

    The spacing of slices is the median distance of their places; whether that is the true one is
    judged from `study.geometry`.

    Parameters
    ----------
    study : its slices have one size (not `geometry.in_plane_differs`)

    Raises
    ------
    StudyError : the pixels do not decode.
    """
    if study.frames:
        return _of_frames(study)
    if study.header.format == "picture":
        picture, _ = _picture(study.paths[0])
        return Volume(volume.plain(picture[None]), (1.0, 1.0, 1.0))
    return _without_padding(volume_files.read(study.paths[0], study.header.format))


def _of_frames(study: Opened) -> Volume:
    geometry = study.geometry
    array, padding = dicom_pixels.values(study.frames)
    spacing = (
        geometry.column_spacing_mm or 1.0,
        geometry.row_spacing_mm or 1.0,
        geometry.slice_spacing_mm or geometry.slice_thickness_mm or 1.0,
    )
    found = Volume(array, spacing, padding=padding)
    if geometry.origin_mm is not None and geometry.direction is not None:
        found = replace(found, origin=geometry.origin_mm, direction=geometry.direction)
    if study.header.modality_tag in ("CT", None):
        return _without_padding(found, lossy=bool(study.header.lossy))
    return found


def _without_padding(volume: Volume, *, lossy: bool = False) -> Volume:
    """A volume whose padding is known where its header does not state it, or not all of it."""
    if not volume.values.size or volume.values.min() >= dicom_pixels.AIR_LIMIT_HU:
        return volume
    values = axial_view.of(volume.values, volume.direction)
    tagged = None if volume.padding is None else axial_view.of(volume.padding, volume.direction)
    padding = dicom_pixels.whole_padding(values, tagged, lossy=lossy)
    if padding is None or padding is tagged:
        return volume
    return replace(volume, padding=axial_view.back(padding, volume.direction))


def _suffix(path: str) -> str | None:
    """Format of a file that is no DICOM, by its name."""
    name = os.path.basename(path).lower()
    if name.endswith(_PICTURES):
        return "picture"
    return next((kind for end, kind in _SUFFIXES.items() if name.endswith(end)), None)


def _open_file(path: str, kind: str) -> Opened:
    if kind != "picture":
        return Opened((path,), HeaderFacts(format=kind), volume_files.geometry(path, kind))
    values, is_colour = _picture(path)
    is_jpeg = path.lower().endswith((".jpg", ".jpeg"))
    header = HeaderFacts(kind, lossy=is_jpeg or None, secondary_capture=is_colour)
    return Opened((path,), header, Geometry(1, *values.shape))


def _breaks_off(path: str) -> bool:
    """Whether a JPEG ends within its last scan: its decoder fills the rest with grey."""
    with open(path, "rb") as file:
        data = file.read()
    return data.startswith(JPEG) and data.rfind(JPEG_END) < data.rfind(JPEG_SCAN)


def _picture(path: str) -> tuple["np.ndarray[tuple[int, int], np.dtype[np.generic]]", bool]:
    """(H, W) grey values of a picture, and whether it has colours (then the mean of its channels,
    as no X-ray has any)."""
    found = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    if found is None:
        raise StudyError("unreadable", "not a readable picture")
    if _breaks_off(path):
        raise StudyError("unreadable", "the file ends before its picture does")
    if found.ndim == 2:
        return found, False
    channels = found[..., :3].astype(np.float32)
    spread = float(np.ptp(channels, axis=2).mean())
    full = float(np.nanmax(channels))
    grey = np.round(channels.mean(axis=2)).astype(found.dtype)
    return grey, spread > COLOUR_SHARE * full
