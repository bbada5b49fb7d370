"""Random changes of a volume and its labels, within what an anatomy can bear."""

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

ROTATION_DEG = 15.0
SCALE = 0.1
SHIFT = 0.05  # of the extent
CONTROL_POINTS = 5  # of the elastic field, along each axis
ELASTIC = 0.35  # of the distance of control points; folding begins above 0.4 (reference 1)


def augment(
    volume: sitk.Image, label: sitk.Image | None, seed: int
) -> tuple[sitk.Image, sitk.Image | None]:
    """A volume rotated, scaled, shifted and bent at random, and its labels in the same way.

    Parameters
    ----------
    volume : 2-D or 3-D
    label : on the same grid, or None
    seed : the same seed gives the same change

    Returns
    -------
    Both on the grid of the volume and in its type: linear for the volume, with its lowest value
    where nothing is known; nearest neighbour for labels (no new value), 0 there.

    Raises
    ------
    ValueError : the label is on another grid.

    Notes
    -----
    Rotation up to 15 degrees about each axis, scale 0.9 to 1.1, shift up to 5 % of the extent. The
    elastic field is a cubic B-spline whose control points move by at most 0.35 of their distance,
    so its Jacobian is positive: space bends and never folds. In mm, so anisotropic voxels are no
    exception. Not for images whose size or orientation carries the diagnosis.

    References
    ----------
    .. [1] Choi and Lee 2000, Injectivity conditions of 2D and 3D uniform cubic B-spline functions,
       doi:10.1006/gmod.2000.0531
    """
    if label is not None and not _same_grid(volume, label):
        raise ValueError("the label is on another grid than the volume: resample it first")
    move = random_transform(volume, seed)
    lowest = float(sitk.GetArrayViewFromImage(volume).min())
    kind = volume.GetPixelID()
    made = sitk.Resample(volume, volume, move, sitk.sitkLinear, lowest, kind)
    if label is None:
        return made, None
    nearest = sitk.sitkNearestNeighbor
    return made, sitk.Resample(label, volume, move, nearest, 0.0, label.GetPixelID())


def random_transform(grid: sitk.Image, seed: int) -> sitk.Transform:
    """The change of one seed, from points of the result to points of the source, mm.

    Parameters
    ----------
    grid : image whose centre stays, but for the shift
    seed : of the random numbers
    """
    rng = np.random.default_rng(seed)
    axes = grid.GetDimension()
    elastic = _elastic(grid, rng)
    angles = np.deg2rad(rng.uniform(-ROTATION_DEG, ROTATION_DEG, 3 if axes == 3 else 1))
    extent = np.array(grid.GetSize()) * grid.GetSpacing()
    affine = sitk.AffineTransform(axes)
    affine.SetCenter(
        grid.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in grid.GetSize()])
    )
    matrix = _rotation(angles) * (1 + rng.uniform(-SCALE, SCALE))
    affine.SetMatrix([float(v) for v in matrix.ravel()])
    affine.SetTranslation([float(v) for v in rng.uniform(-SHIFT, SHIFT, axes) * extent])
    return sitk.CompositeTransform([affine, elastic])


def _elastic(grid: sitk.Image, rng: np.random.Generator) -> sitk.Transform:
    """A B-spline field whose control points move by less than what folds space."""
    axes = grid.GetDimension()
    field = sitk.BSplineTransformInitializer(grid, [CONTROL_POINTS] * axes, 3)
    apart = np.array(field.GetTransformDomainPhysicalDimensions()) / CONTROL_POINTS
    many = len(field.GetParameters())
    strength = rng.uniform(0, ELASTIC) * float(apart.min())
    field.SetParameters([float(v) for v in rng.uniform(-strength, strength, many)])
    return field


def _rotation(angles: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Of one angle in the plane, of three about x, y and z, rad."""
    if len(angles) == 1:
        c, s = np.cos(angles[0]), np.sin(angles[0])
        return np.array([[c, -s], [s, c]])
    turned = sitk.Euler3DTransform()
    turned.SetRotation(*(float(v) for v in angles))
    return np.array(turned.GetMatrix()).reshape(3, 3)


def _same_grid(one: sitk.Image, two: sitk.Image) -> bool:
    return one.GetSize() == two.GetSize() and all(
        np.allclose(a, b, rtol=1e-4, atol=1e-4)
        for a, b in (
            (one.GetSpacing(), two.GetSpacing()),
            (one.GetOrigin(), two.GetOrigin()),
            (one.GetDirection(), two.GetDirection()),
        )
    )
