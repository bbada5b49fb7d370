"""Pixels of DICOM frames: decoded, rescaled slice by slice, padding told apart."""

import struct
from collections.abc import Iterator, Sequence

import gdcm  # noqa: F401  (pydicom decodes JPEG lossless, JPEG-LS and JPEG 2000 with it)
import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.processing import apply_modality_lut
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from grossing.radiology.reading import dicom_frames
from grossing.radiology.reading.dicom_frames import Frame
from grossing.radiology.volumes.study_errors import StudyError
from grossing.radiology.volumes.volume import Array, Flags

#: what pydicom and its decoders raise for a syntax that they lack, and for damage
DOES_NOT_DECODE = (
    *(NotImplementedError, RuntimeError, AttributeError, KeyError),
    *(ValueError, TypeError, EOFError, OSError),
)
Stored = npt.NDArray[np.int32]
#: HU below which a value that fills the corners is padding that its tag does not state
CORNER_PADDING_HU = -1100.0
CORNER_SHARE_MIN = 0.01
#: share of the corners of all slices that it fills: a field may be padded in some slices only
CORNERS_PADDED_MIN = 0.5
#: HU of a scanner's smallest value
AIR_LIMIT_HU = -1024.0


def values(frames: Sequence[Frame]) -> tuple[Array, Flags | None]:
    """Rescaled values of frames, (z, y, x) int16 where they are whole numbers that fit, else
    float32, and where they are padding (None: nowhere).

    A frame without slope or intercept is taken as it is stored.

    Raises
    ------
    StudyError : `unsupported_syntax`, `unreadable`: the pixels do not decode.
    """
    if all(map(_is_whole, frames)) and (found := _rescaled(frames, np.int16)):
        return found
    return _rescaled(frames, np.float32) or (np.empty((0, 0, 0), np.float32), None)


def _rescaled(
    frames: Sequence[Frame], kind: type[np.int16] | type[np.float32]
) -> tuple[Array, Flags | None] | None:
    """Values of a type; None where they do not fit."""
    found: Array = np.empty((len(frames), frames[0].rows, frames[0].columns), kind)  # type: ignore[assignment]
    padding = np.zeros(found.shape, bool)
    for place, stored in _decoded(frames):
        frame = frames[place]
        if stored.ndim == 3:
            raise StudyError("unreadable", "pictures in colour, not in grey values")
        if stored.shape != found.shape[1:]:
            raise StudyError("unreadable", f"a picture of {stored.shape}, not {found.shape[1:]} px")
        rescaled = stored * np.float64(frame.slope or 1) + (frame.intercept or 0)
        if kind is np.int16 and not _fits(rescaled):
            return None
        found[place] = rescaled
        if frame.padding:
            low, high = frame.padding
            padding[place] = (stored >= low) & (stored <= high)
    return found, padding if padding.any() else None


def _is_whole(frame: Frame) -> bool:
    return float(frame.slope or 1) == 1 and float(frame.intercept or 0).is_integer()


def _fits(values: npt.NDArray[np.float64]) -> bool:
    limits = np.iinfo(np.int16)
    return bool(values.min() >= limits.min and values.max() <= limits.max)


def _decoded(frames: Sequence[Frame]) -> Iterator[tuple[int, Stored]]:
    """Place and stored values of each frame; a file is decoded once."""
    of_path: dict[str, list[int]] = {}
    for place, frame in enumerate(frames):
        of_path.setdefault(frame.path, []).append(place)
    for path, places in of_path.items():
        whole = _pixels(path)
        for place in places:
            frame = frames[place]
            yield place, whole[frame.index] if frame.frames > 1 else whole


def _pixels(path: str) -> Stored:
    with dicom_frames.quiet():
        try:
            tags = pydicom.dcmread(path, force=True)
            stored = np.asarray(pixel_array(tags, raw=True))
        except DOES_NOT_DECODE as error:
            syntax = _syntax(path)
            if not _has_decoder(syntax):
                name = getattr(syntax, "name", None) or "unknown"
                message = f"transfer syntax {name} does not decode"
                raise StudyError("unsupported_syntax", message) from error
            message = f"the pixels do not decode ({type(error).__name__})"
            raise StudyError("unreadable", message) from error
        try:
            return np.asarray(apply_modality_lut(stored, tags)) if _has_table(tags) else stored
        except (*DOES_NOT_DECODE, IndexError, struct.error) as error:
            message = f"its ModalityLUTSequence cannot be applied ({type(error).__name__})"
            raise StudyError("unreadable", message) from error


def _has_table(tags: pydicom.Dataset) -> bool:
    """Whether values stand for others by a table, which then is in place of slope and intercept."""
    return bool(tags.get("ModalityLUTSequence"))


def _syntax(path: str) -> UID | None:
    tags = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=[], force=True)
    return tags.file_meta.get("TransferSyntaxUID") if hasattr(tags, "file_meta") else None


def _has_decoder(syntax: UID | None) -> bool:
    """Whether a syntax is one that decodes here: then it is the pixels that are damaged."""
    try:
        return syntax is not None and get_decoder(syntax).is_available
    except NotImplementedError:
        return False


def whole_padding(values: Array, tagged: Flags | None, *, lossy: bool) -> Flags | None:
    """Padding of a CT: what its tag says, what fills the corners below the HU of air, and what a
    lossy compression made of that.

    Parameters
    ----------
    values : (z, y, x) HU
    tagged : of `values`
    """
    found = tagged
    if values.min() >= AIR_LIMIT_HU:
        return found
    corners = corner_padding(values, lossy=lossy)
    if corners is not None:
        found = corners if found is None else found | corners
    elif lossy and found is not None and values[found].min() < CORNER_PADDING_HU:
        found = found | (values < _limit(float(values[found].min())))
    return found


def _limit(padding_hu: float) -> float:
    """HU halfway from padding to air: what lies below it is padding that compression changed."""
    return (padding_hu + AIR_LIMIT_HU) / 2


def corner_padding(values: Array, *, lossy: bool = False) -> Flags | None:
    """Padding that no tag states: one value below the HU of air, in all corners of a slice.

    Parameters
    ----------
    values : (z, y, x) HU
    lossy : compression changed the value here and there
    """
    corners = values[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    value = float(np.median(corners) if lossy else corners.min())
    limit = _limit(value) if lossy else value
    if value > CORNER_PADDING_HU or float(np.mean(corners <= limit)) < CORNERS_PADDED_MIN:
        return None
    found = np.asarray(values <= limit)
    return found if float(found.mean()) >= CORNER_SHARE_MIN else None
