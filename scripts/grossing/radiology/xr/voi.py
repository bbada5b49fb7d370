"""The values of interest (VOI) of an X-ray: what its header says is black, white and between."""

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_voi_lut

from grossing.radiology.reading import dicom_frames

#: what is read of the header; texts that explain it are not
_TAGS = ("BitsStored", "WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence")
_FULL = float((1 << 16) - 1)
_FEW_BITS = 8
#: share of the range at either end in which nothing is told apart: a grey level of a screen
_END = 1 / 255
#: share of the lungs, above which a VOI that makes them black or white is not followed
CLIPPED_MAX = 0.1
#: what pydicom raises for a VOI that cannot be
_CANNOT_BE = (ValueError, TypeError, KeyError, IndexError, AttributeError, NotImplementedError)

Array = npt.NDArray[np.generic]
Unit = npt.NDArray[np.float32]
Inside = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Voi:
    """`picture`: (H, W) in 0..1, not yet inverted; None where the VOI is not to be followed.
    `clipped` is the share of the lungs that it makes black or white; None where it cannot be."""

    picture: Unit | None
    clipped: float | None = None


def of_file(path: str, values: Array, lungs: Inside) -> Voi | None:
    """The first VOI of a DICOM file, applied to its picture.

    Parameters
    ----------
    path : DICOM file of one picture
    values : (H, W) of it, after its modality LUT or rescale slope and intercept
    lungs : (H, W); where empty, the middle half of the picture is judged

    Returns
    -------
    None where the header states neither a VOILUTSequence, which goes before, nor a window.

    Notes
    -----
    Not followed are a VOI that is impossible (a width of 0), a table of 8 bits for a picture of
    more, a table that turns dark into bright, and one that makes more than `CLIPPED_MAX` of the
    lungs black or white though their values differ.

    References
    ----------
    .. [1] DICOM PS3.3 C.11.2, VOI LUT module (LINEAR, LINEAR_EXACT and SIGMOID windows)
    """
    with dicom_frames.quiet():
        try:
            header = pydicom.dcmread(
                path, stop_before_pixels=True, specific_tags=list(_TAGS), force=True
            )
            if header.get("VOILUTSequence"):
                made = _by_table(values, header)
            elif header.get("WindowCenter") is None and header.get("WindowWidth") is None:
                return None
            else:
                made = _by_window(values, header)
        except (*_CANNOT_BE, struct.error):
            return Voi(None)
    if made is None or not np.isfinite(made).all():
        return Voi(None)
    clipped = _clipped(values, made, lungs)
    return Voi(made if clipped <= CLIPPED_MAX else None, round(clipped, 4))


def _by_window(values: Array, header: Dataset) -> Unit:
    """By the window of the header; its range is that of 16 bit here, whatever was stored."""
    stated = Dataset()
    stated.PhotometricInterpretation = "MONOCHROME2"  # inverted after the VOI, by another module
    stated.BitsStored, stated.PixelRepresentation = 16, 0
    stated.WindowCenter, stated.WindowWidth = header.WindowCenter, header.WindowWidth
    stated.VOILUTFunction = header.get("VOILUTFunction") or "LINEAR"
    return np.asarray(apply_voi_lut(values, stated) / _FULL, np.float32)


def _by_table(values: Array, header: Dataset) -> Unit | None:
    """By the table of the header, from its first to its last entry; None where it has 8 bits for a
    picture of more, or falls."""
    entries, first, bits = header.VOILUTSequence[0].LUTDescriptor
    if bits == _FEW_BITS < header.BitsStored:
        return None
    last = first + (entries or 1 << 16) - 1
    # pydicom subtracts in the type of the table, in which values beyond it would come round again
    whole = np.clip(np.rint(values.astype(np.float64)), first, last).astype(np.int64)
    low, high = map(float, apply_voi_lut(np.array([first, last]), header))
    if low >= high:
        return None
    shown = apply_voi_lut(whole, header).astype(np.float32)
    unit = (shown - np.float32(low)) / np.float32(high - low)
    return np.asarray(np.clip(unit, 0, 1), np.float32)


def _clipped(values: Array, shown: Unit, lungs: Inside) -> float:
    """Share of the lungs that is black or white, of values that are not the last of the picture."""
    inside = lungs
    if not inside.any():
        inside = np.zeros(values.shape, np.bool_)
        height, width = values.shape
        inside[height // 4 : -(height // 4), width // 4 : -(width // 4)] = True
    seen, own = shown[inside], values[inside]
    at_end = (seen < _END) | (seen > 1 - _END)
    between = (own > values.min()) & (own < values.max())
    return float((at_end & between).mean())
