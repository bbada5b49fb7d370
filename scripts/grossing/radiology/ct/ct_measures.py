"""Numbers that tell whether the values of a CT are HU of a whole patient."""

import cv2
import numpy as np

from grossing.radiology.studies.study_record import HeaderFacts
from grossing.radiology.volumes import axial_view
from grossing.radiology.volumes.volume import Array, Flags, Volume

#: HU above which a voxel at the border of the field is the patient, not air, foam or cloth
BODY_HU = -300
SOFT_TISSUE_HU = (-20, 120)
#: smallest share of the patient that is soft tissue; less is the blur at the edge of something else
SOFT_SHARE_MIN = 0.02
BORDER_PX = 3
#: slices that are looked at
SLICES_MAX = 60
_FEW = 200


def measure(volume: Volume, header: HeaderFacts) -> dict[str, float | int | bool | None]:
    """Air, border and noise of a CT.

    Returns
    -------
    `border_air_hu`, the median of what is air at the border of the field; `border_body_fraction`,
    the share of the border that is patient; `noise_hu`, the standard deviation of noise in soft
    tissue; `snr`, its distance from air over the noise; None where there is too little of either.
    """
    axial = axial_view.of(volume.values, volume.direction)
    step = max(1, axial.shape[0] // SLICES_MAX)
    values = np.ascontiguousarray(axial[::step])
    field = None
    if volume.padding is not None:
        field = ~axial_view.of(volume.padding, volume.direction)[::step]
    border = values[_border(values.shape, field)]
    air = border[border < BODY_HU]
    noise, level = _noise(values)
    return {
        "border_air_hu": round(float(np.median(air)), 1) if air.size > _FEW else None,
        "border_body_fraction": round(float(np.mean(border > BODY_HU)), 4) if border.size else None,
        "noise_hu": None if noise is None else round(noise, 2),
        "snr": None if not noise or level is None else round((level + 1000) / noise, 2),
    }


def _border(shape: tuple[int, ...], field: Flags | None) -> Flags:
    """Voxels of the field within 3 px of its edge in their slice."""
    whole = np.zeros(shape, bool)
    inner = np.zeros(shape, bool)
    inner[:, BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX] = True
    if field is None:
        return ~inner
    shrunk = field & inner
    for axis in (1, 2):
        for shift in (-BORDER_PX, BORDER_PX):
            shrunk &= np.roll(field, shift, axis)
    whole |= field & ~shrunk
    return whole


def _noise(values: Array) -> tuple[float | None, float | None]:
    """Noise from the differences of neighbours two apart in soft tissue, and its median HU.

    The differences are robust against edges (median absolute deviation), and neighbours two apart
    are hardly correlated by a reconstruction's kernel.
    """
    low, high = SOFT_TISSUE_HU
    even = np.stack([cv2.blur(plane.astype(np.float32), (5, 5)) for plane in values])
    soft = (even > low) & (even < high)
    both = soft[:, :, :-2] & soft[:, :, 2:]
    if int(both.sum()) < max(_FEW, SOFT_SHARE_MIN * float((even > BODY_HU).sum())):
        return None, None
    a = values[:, :, :-2][both].astype(np.float32)
    differences = a - values[:, :, 2:][both].astype(np.float32)
    spread = 1.4826 * float(np.median(np.abs(differences - np.median(differences))))
    return spread / 2**0.5, float(np.median(a))
