"""Volumes in one file: NIfTI, MHA, NRRD; their geometry, and their values where all are there."""

import dataclasses
import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from grossing.radiology.studies.study_record import Geometry
from grossing.radiology.volumes import volume
from grossing.radiology.volumes.study_errors import StudyError
from grossing.radiology.volumes.volume import Volume

_CHUNK_BYTES = 1 << 22
_SECOND = 540  # bytes of a NIfTI-2 header
#: datatype and bits, distances of voxels, first byte of the values: type and place by version
_FIELDS = {
    1: (("2h", 70), ("3f", 80), ("f", 108)),
    2: (("2h", 12), ("3d", 112), ("q", 168)),
}
_FLOATS = (16, 64)  # datatype codes of 32 and 64 bit


def geometry(path: str, kind: str) -> Geometry:
    """Geometry as the header states it; no spacing where it states one of 0.

    Parameters
    ----------
    kind : nifti, mha or nrrd

    Raises
    ------
    StudyError : `unreadable`: no volume of single values.
    """
    reader = _header(path, kind)
    columns, rows, slices = reader.GetSize()
    x, y, z = reader.GetSpacing()
    if kind == "nifti" and min(map(abs, _raw_header(path).pixdim)) == 0:
        return Geometry(slices, rows, columns)
    return Geometry(
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


def read(path: str, kind: str) -> Volume:
    """The values.

    Raises
    ------
    StudyError : `unreadable`: they do not decode, or the file ends before them.

    Notes
    -----
    Of NIfTI files, ITK fills what is missing at the end with 0, puts 0 for what is no number, and
    1 for a spacing of 0, and does not say so: these are looked at in the file itself.
    """
    size = math.prod(_header(path, kind).GetSize())
    no_numbers = _no_numbers(path, size) if kind == "nifti" else None
    try:
        found = volume.of_image(sitk.ReadImage(path))
    except RuntimeError as error:
        raise StudyError("unreadable", "the values do not decode") from error
    if no_numbers is not None:
        values = found.values.astype(np.float32)
        values[no_numbers.reshape(values.shape)] = np.nan
        found = dataclasses.replace(found, values=values)
    return found


def _header(path: str, kind: str) -> sitk.ImageFileReader:
    reader = sitk.ImageFileReader()
    reader.SetFileName(path)
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        why = ": its axes are not at right angles" if "orthonormal" in str(error) else ""
        raise StudyError("unreadable", f"not a readable {kind} file{why}") from error
    if reader.GetDimension() != 3 or reader.GetNumberOfComponents() != 1:
        dimensions, values = reader.GetDimension(), reader.GetNumberOfComponents()
        raise StudyError(
            "unreadable",
            f"{dimensions} dimensions, {values} values a voxel: no volume of single values",
        )
    return reader


@dataclass(frozen=True)
class _RawHeader:
    """What a NIfTI header states, before a reader mends it."""

    pixdim: tuple[float, ...]
    dtype: np.dtype[Any]
    offset: int


def _raw_header(path: str) -> _RawHeader:
    """Header of a NIfTI-1 or NIfTI-2 file (nifti.nimh.nih.gov)."""
    try:
        with _unpacked(path) as file:
            head = file.read(540)
        order = "<" if head[:4] in (b"\x5c\1\0\0", b"\x1c\2\0\0") else ">"
        version = 2 if struct.unpack_from(f"{order}i", head)[0] == _SECOND else 1
        (kind, bits), pixdim, (offset,) = (
            struct.unpack_from(order + code, head, place) for code, place in _FIELDS[version]
        )
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise StudyError("unreadable", "its header breaks off") from error
    letter = "f" if kind in _FLOATS else "u"
    return _RawHeader(pixdim, np.dtype(f"{order}{letter}{max(1, bits // 8)}"), int(offset))


def _no_numbers(path: str, voxels: int) -> npt.NDArray[np.bool_] | None:
    """Where a NIfTI file of floats holds NaN or infinity, in its order; None where nowhere.

    Raises
    ------
    StudyError : the file ends before its values do.
    """
    header = _raw_header(path)
    rest, parts = voxels * header.dtype.itemsize, []
    try:
        with _unpacked(path) as file:
            file.read(header.offset)
            while rest and (chunk := file.read(min(rest, _CHUNK_BYTES))):
                rest -= len(chunk)
                if header.dtype.kind == "f" and len(chunk) % header.dtype.itemsize == 0:
                    parts.append(~np.isfinite(np.frombuffer(chunk, header.dtype)))
            if header.offset and path.lower().endswith(".gz"):
                while file.read(_CHUNK_BYTES):  # to its check sum
                    pass
    except (OSError, EOFError, zlib.error) as error:
        raise StudyError("unreadable", "damaged, or it ends before its values do") from error
    if rest:
        raise StudyError("unreadable", "the file ends before its values do")
    found = np.concatenate(parts) if parts else np.zeros(0, bool)
    return found if found.any() else None


def _unpacked(path: str) -> IO[bytes]:
    if path.lower().endswith(".gz"):
        return cast(IO[bytes], gzip.open(path))
    return open(path, "rb")
