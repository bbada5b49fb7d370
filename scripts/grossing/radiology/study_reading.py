"""A study read from its files: header facts, geometry, pixels; one function for all modalities."""

import os
from dataclasses import dataclass

import cv2
import numpy as np
import SimpleITK as sitk

from grossing.radiology import (
    dicom_pixels,
    dicom_series,
    header_facts,
    slice_geometry,
    study_files,
    volume,
)
from grossing.radiology.dicom_frames import Frame
from grossing.radiology.study_errors import StudyError
from grossing.radiology.study_record import Geometry, HeaderFacts
from grossing.radiology.volume import Volume

_PICTURES = (".png", ".tif", ".tiff", ".jpg", ".jpeg")
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
            return _open_volume(paths[0])
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
        picture = _picture(study.paths[0])
        return Volume(volume.plain(picture[None]), (1.0, 1.0, 1.0))
    return volume.of_image(_read(study.paths[0]))


def _of_frames(study: Opened) -> Volume:
    geometry = study.geometry
    array, padding = dicom_pixels.values(study.frames)
    if padding is None and study.header.modality_tag in ("CT", None) and array.min() < -1024:
        padding = dicom_pixels.corner_padding(array)
    spacing = (
        geometry.column_spacing_mm or 1.0,
        geometry.row_spacing_mm or 1.0,
        geometry.slice_spacing_mm or geometry.slice_thickness_mm or 1.0,
    )
    if geometry.origin_mm is None or geometry.direction is None:
        return Volume(array, spacing, padding=padding)
    return Volume(array, spacing, geometry.origin_mm, geometry.direction, padding)


def _suffix(path: str) -> str | None:
    """Format of a file that is no DICOM, by its name."""
    name = os.path.basename(path).lower()
    if name.endswith(_PICTURES):
        return "picture"
    return next((kind for end, kind in _SUFFIXES.items() if name.endswith(end)), None)


def _open_volume(path: str) -> Opened:
    kind = _suffix(path) or ""
    header = HeaderFacts(format=kind)
    if kind == "picture":
        rows, columns = _picture(path).shape
        return Opened((path,), header, Geometry(1, rows, columns))
    reader = sitk.ImageFileReader()
    reader.SetFileName(path)
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise StudyError("unreadable", f"not a readable {kind} file") from error
    if reader.GetDimension() != 3 or reader.GetNumberOfComponents() != 1:
        dimensions = reader.GetDimension()
        raise StudyError("unreadable", f"{dimensions} dimensions: no volume of single values")
    columns, rows, slices = reader.GetSize()
    x, y, z = reader.GetSpacing()
    geometry = Geometry(
        slices,
        rows,
        columns,
        row_spacing_mm=y,
        column_spacing_mm=x,
        slice_spacing_mm=z,
        slice_spacing_min_mm=z,
        slice_spacing_max_mm=z,
        tilt_deg=0.0,
        orientation_spread_deg=0.0,
        origin_mm=reader.GetOrigin(),
        direction=reader.GetDirection(),
    )
    return Opened((path,), header, geometry)


def _read(path: str) -> sitk.Image:
    try:
        return sitk.ReadImage(path)
    except RuntimeError as error:
        raise StudyError("unreadable", "the values do not decode") from error


def _picture(path: str) -> "np.ndarray[tuple[int, int], np.dtype[np.generic]]":
    """(H, W) grey values of a picture of 8 or 16 bit; colour as the mean of its channels."""
    found = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    if found is None:
        raise StudyError("unreadable", "not a readable picture")
    if found.ndim == 3:
        found = np.round(found[..., :3].mean(axis=2)).astype(found.dtype)
    return found
