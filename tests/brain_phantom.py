"""A made head of MRI with truth: scalp, skull, CSF, grey and white matter, a known bias field."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import ndimage

SPACING = (3.0, 2.0, 2.0)  # z, y, x, mm
#: air, scalp, skull, CSF, grey and white matter
GREYS = {
    "T1": (0.0, 800.0, 40.0, 120.0, 260.0, 380.0),
    "T2": (0.0, 500.0, 40.0, 900.0, 480.0, 380.0),
}


@dataclass(frozen=True)
class Head:
    """Volumes (Z, Y, X); `bias` is the field that was multiplied in, 1 where there is none."""

    volume: npt.NDArray[np.float32]
    brain: npt.NDArray[np.bool_]
    white: npt.NDArray[np.bool_]
    grey: npt.NDArray[np.bool_]
    bias: npt.NDArray[np.float32]
    spacing: tuple[float, float, float] = SPACING

    def image(self, values: npt.NDArray[np.generic] | None = None) -> sitk.Image:
        array = self.volume if values is None else values
        if array.dtype == np.bool_:
            array = array.astype(np.uint8)
        made = sitk.GetImageFromArray(array)
        made.SetSpacing(self.spacing[::-1])
        return made


def make_head(sequence: str = "T1", *, biased: bool = False, noise: float = 8.0) -> Head:
    """A head of 60 x 96 x 84 voxels; equal for equal arguments."""
    shape, rng = (60, 96, 84), np.random.default_rng(5)
    z, y, x = np.meshgrid(
        *((np.arange(n) - (n - 1) / 2) * mm for n, mm in zip(shape, SPACING, strict=True)),
        indexing="ij",
    )

    def ellipsoid(rz, ry, rx, wave=0.0):
        angle = np.arctan2(y, x)
        fold = 1 + wave * np.sin(9 * angle) * np.cos(z / 9)
        return (z / rz) ** 2 + (y / ry) ** 2 + (x / rx) ** 2 <= fold**2

    head, skull, inner = ellipsoid(85, 92, 80), ellipsoid(79, 86, 74), ellipsoid(72, 79, 67)
    brain = ellipsoid(68, 75, 63, 0.03)
    white = ellipsoid(55, 62, 50, 0.1)
    ventricle = (z / 15) ** 2 + ((y - 10) / 24) ** 2 + ((np.abs(x) - 12) / 7) ** 2 <= 1
    white &= ~ventricle
    grey = brain & ~white & ~ventricle
    volume = np.zeros(shape, np.float32)
    _, scalp, bone, fluid, g, w = GREYS[sequence]
    for where, value in ((head, scalp), (skull, bone), (inner, fluid), (grey, g), (white, w)):
        volume[where] = value
    volume = ndimage.gaussian_filter(volume, 0.5)
    u, v, t = (a / 90 for a in (x, y, z))
    log = 0.3 * u + 0.2 * v - 0.2 * t - 0.2 * u * v
    bias = np.exp(log if biased else 0 * log).astype(np.float32)
    noisy = np.hypot(volume * bias + rng.normal(0, noise, shape), rng.normal(0, noise, shape))
    return Head(noisy.astype(np.float32), brain, white, grey, bias)
