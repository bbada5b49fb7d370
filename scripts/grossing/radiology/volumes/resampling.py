"""Resampling in the frame of the patient: images by B-splines, labels by nearest neighbours."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import SimpleITK as sitk

Interpolation = Literal["bspline", "linear", "nearest"]

#: an axis that shrinks by more than this is smoothed first
ANTIALIAS_FACTOR = 1.5
_METHODS = {
    "bspline": sitk.sitkBSpline,
    "linear": sitk.sitkLinear,
    "nearest": sitk.sitkNearestNeighbor,
}


def isotropic(
    image: sitk.Image, spacing_mm: float, *, interpolation: Interpolation = "bspline"
) -> sitk.Image:
    """A volume with cubic voxels, its first voxel centre and its directions kept.

    Parameters
    ----------
    image : of three dimensions
    spacing_mm : side of a voxel
    interpolation : bspline (cubic) or linear for images; nearest for labels, which makes no value
        that was not there

    Returns
    -------
    int16 where the image has 16 bit with sign, rounded; else of the type of the image.

    Raises
    ------
    ValueError : a spacing that is not above 0.

    Notes
    -----
    B-splines overshoot at sharp edges (-1100 HU beside -1000): clip after resampling, not before.
    An axis that shrinks by more than 1.5 is smoothed first, labels never.
    """
    if not spacing_mm > 0:
        raise ValueError(f"spacing_mm: {spacing_mm}: must be above 0")
    spacing = image.GetSpacing()
    size = [
        int(np.floor((count - 1) * step / spacing_mm + 1e-6)) + 1
        for count, step in zip(image.GetSize(), spacing, strict=True)
    ]
    grid = sitk.Image(size, sitk.sitkUInt8)
    grid.SetSpacing([spacing_mm] * image.GetDimension())
    grid.SetOrigin(image.GetOrigin())
    grid.SetDirection(image.GetDirection())
    return like(image, grid, interpolation=interpolation)


def like(
    image: sitk.Image, grid: sitk.Image, *, interpolation: Interpolation = "bspline"
) -> sitk.Image:
    """An image on the grid of another one; outside it the smallest value, 0 for labels.

    Parameters
    ----------
    image, grid : of the same frame of the patient
    interpolation : as for `isotropic`
    """
    if interpolation == "nearest":
        return sitk.Resample(image, grid, sitk.Transform(), _METHODS["nearest"], 0.0)
    kind = image.GetPixelID()
    outside = float(sitk.GetArrayViewFromImage(image).min())
    image = _smoothed(image, grid.GetSpacing())
    found = sitk.Resample(
        image, grid, sitk.Transform(), _METHODS[interpolation], outside, sitk.sitkFloat32
    )
    if kind in (sitk.sitkFloat32, sitk.sitkFloat64):
        return found
    limits = np.iinfo(np.int16 if kind == sitk.sitkInt16 else np.uint16)
    rounded = sitk.Round(sitk.Clamp(found, sitk.sitkFloat32, float(limits.min), float(limits.max)))
    return sitk.Cast(rounded, kind)


def _smoothed(image: sitk.Image, spacing: Sequence[float]) -> sitk.Image:
    """Without the detail that a coarser grid cannot hold."""
    for axis, (before, after) in enumerate(zip(image.GetSpacing(), spacing, strict=True)):
        if after / before > ANTIALIAS_FACTOR and image.GetSize()[axis] >= 4:
            blur = sitk.RecursiveGaussianImageFilter()
            blur.SetDirection(axis)
            blur.SetSigma(0.5 * (after**2 - before**2) ** 0.5 / 1.177)
            image = blur.Execute(image)
    return image
