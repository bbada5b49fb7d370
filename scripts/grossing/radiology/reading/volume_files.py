"""Volumes in one file: NIfTI, MHA, NRRD; their geometry, and their values where all are there."""

import dataclasses
import gzip
import math
import re
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
#: datatype and bits, distances of voxels, first byte of the values, code and rows of the sform:
#: type and place by version
_FIELDS = {
    1: (("2h", 70), ("3f", 80), ("f", 108), ("h", 254), ("12f", 280)),
    2: (("2h", 12), ("3d", 112), ("q", 168), ("i", 348), ("12d", 400)),
}
_FLOATS = (16, 64)  # datatype codes of 32 and 64 bit
_OF_THE_PATIENT = (1, 2)  # codes of an sform without the scales of a template
_SPACING_TOLERANCE = 0.01
_TEXT_BYTES = 1 << 16  # of the header of an MHA or NRRD file
#: where the header of text ends, and what in it states spacings
_STATED = {
    "mha": (rb"^ElementDataFile", rb"^Element(Spacing|Size)\s*="),
    "nrrd": (rb"^\r?\n", rb"^(spacings|space directions):(?!.*(nan|none))"),
}


def geometry(path: str, kind: str) -> Geometry:
    """Geometry as the header states it; no spacing where it states none, one of 0, or two.

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
    if not _states_spacing(path, kind):
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


def _states_spacing(path: str, kind: str) -> bool:
    """Whether the header states the distances of voxels, for which ITK puts 1 where they lack."""
    if kind == "nifti":
        header = _raw_header(path)
        return header.is_spaced and header.is_consistent
    end, spacing = _STATED[kind]
    with open(path, "rb") as file:
        text = re.split(end, file.read(_TEXT_BYTES), maxsplit=1, flags=re.MULTILINE)[0]
    return re.search(spacing, text, re.MULTILINE | re.IGNORECASE) is not None


@dataclass(frozen=True)
class _RawHeader:
    """What a NIfTI header states, before a reader mends it."""

    pixdim: tuple[float, ...]
    dtype: np.dtype[Any]
    offset: int
    sform_code: int
    sform: tuple[float, ...]

    @property
    def is_spaced(self) -> bool:
        return all(math.isfinite(mm) and mm != 0 for mm in self.pixdim)

    @property
    def is_consistent(self) -> bool:
        """Whether voxels are as far apart in the sform as their distances say."""
        if self.sform_code not in _OF_THE_PATIENT:
            return True
        steps = np.linalg.norm(np.reshape(self.sform, (3, 4))[:, :3], axis=0)
        return np.allclose(steps, np.abs(self.pixdim), rtol=_SPACING_TOLERANCE, atol=0)


def _raw_header(path: str) -> _RawHeader:
    """Header of a NIfTI-1 or NIfTI-2 file (nifti.nimh.nih.gov)."""
    try:
        with _unpacked(path) as file:
            head = file.read(540)
        order = "<" if head[:4] in (b"\x5c\1\0\0", b"\x1c\2\0\0") else ">"
        version = 2 if struct.unpack_from(f"{order}i", head)[0] == _SECOND else 1
        (kind, bits), pixdim, (offset,), (code,), sform = (
            struct.unpack_from(order + code, head, place) for code, place in _FIELDS[version]
        )
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise StudyError("unreadable", "its header breaks off") from error
    letter = "f" if kind in _FLOATS else "u"
    dtype = np.dtype(f"{order}{letter}{max(1, bits // 8)}")
    return _RawHeader(pixdim, dtype, int(offset), code, sform)


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
