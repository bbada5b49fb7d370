"""Rigid alignment of the sequences of one examination, and how far off it may still be."""

import contextlib
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

BINS = 50
TOP = 97.0  # percentile that is white: else fat and CSF leave the brain two of the bins
LEVELS = ((4.0, 2.0), (2.0, 1.0), (1.0, 0.0))  # mm of the samples, mm of smoothing
SAMPLES = 40_000  # of the finest level; each level takes so many at most
SEED = 1
ITERATIONS = 100
PERTURBED = (0.03, -0.03, 0.03, 3.0, -3.0, 3.0)  # rad and mm: start of the way back
SEARCH = (8.0, 4.0)  # level of the search for a start
SEARCH_RAD = (-0.25, 0.0, 0.25)  # turns about the left-right and the head-foot axis tried there
SEARCH_GAIN = 1.1  # how many times the headers' information it takes to replace them
LEAST_OVERLAP = 0.25  # share of the mask that must lie in the moving image

Points = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Alignment:
    """A rigid transform from the points of the fixed image to those of the moving one.

    `moved_mm` is how far it moves a point of the mask on average, against the positions in the
    headers. `residual_mm` is how far a point comes to lie from itself on average, when the images
    are aligned again in the other direction from a start 5 mm and 3 degrees off: what the method
    cannot tell apart, a few tenths of a millimetre where both show the same head.
    `information` is the mutual information at the end, `information_before` that of the headers.
    """

    transform: sitk.Transform
    moved_mm: float
    residual_mm: float
    rotation_deg: float
    information: float
    information_before: float


def align(fixed: sitk.Image, moving: sitk.Image, mask: sitk.Image) -> Alignment:
    """Where a sequence lies against another one of the same head.

    Parameters
    ----------
    fixed, moving : 3-D, any grids and sequences
    mask : tissue of the fixed image, in its grid

    Returns
    -------
    The same for the same images: samples are drawn by a fixed seed, one thread computes.

    Raises
    ------
    ValueError : the mask is empty, or the images do not overlap wherever they are put.

    Notes
    -----
    Mutual information (Mattes) of Euler transforms, from coarse to fine; starts at the positions of
    the headers or, where that gives more information, with the centres on each other. Rigid: it
    corrects a head that moved between sequences, not distortions (EPI, DWI) nor another patient.
    `residual_mm` does not see an error that is the same in both directions.

    References
    ----------
    .. [1] Mattes et al. 2003, doi:10.1109/TMI.2003.809072
    """
    inside = sitk.GetArrayViewFromImage(mask) > 0
    if not inside.any():
        raise ValueError("the mask is empty: there is no tissue to align by")
    one, two = _spread(fixed), _spread(moving)
    points = _points(mask, inside)
    with _one_thread():
        return _aligned(one, two, mask, points)


def _aligned(one: sitk.Image, two: sitk.Image, mask: sitk.Image, points: Points) -> Alignment:
    start, before = _start(one, two, mask, points)
    there, information = _register(one, two, start, mask)
    off = sitk.Euler3DTransform(there.GetInverse())
    off.SetParameters([a + b for a, b in zip(off.GetParameters(), PERTURBED, strict=True)])
    moved_mask = sitk.Resample(mask, two, there.GetInverse(), sitk.sitkNearestNeighbor)
    back, _ = _register(two, one, off, moved_mask)
    there_points = _moved(there, points)
    moved = np.linalg.norm(there_points - points, axis=1)
    residual = np.linalg.norm(_moved(back, there_points) - points, axis=1)
    return Alignment(
        transform=there,
        moved_mm=float(moved.mean()),
        residual_mm=float(residual.mean()),
        rotation_deg=_angle(there),
        information=information,
        information_before=before,
    )


def resample(
    image: sitk.Image, grid: sitk.Image, transform: sitk.Transform, outside: float
) -> sitk.Image:
    """An aligned image in the grid of the fixed one, by B-spline of order 3.

    Parameters
    ----------
    image : the moving image
    grid : the fixed one
    transform : that of its `Alignment`
    outside : value where the moving image has no voxel

    Returns
    -------
    float32, within the lowest and highest value of the image: a spline overshoots at edges
    """
    scan = sitk.Cast(image, sitk.sitkFloat32)
    limits = sitk.MinimumMaximumImageFilter()
    limits.Execute(scan)
    made = sitk.Resample(scan, grid, transform, sitk.sitkBSpline, outside, sitk.sitkFloat32)
    low = min(limits.GetMinimum(), outside)
    return sitk.Clamp(made, sitk.sitkFloat32, low, max(limits.GetMaximum(), outside))


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Sums of several threads differ in their last digits from run to run."""
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


def _spread(image: sitk.Image) -> sitk.Image:
    """Square root of the intensities in 0..1, the brightest few percent cut off."""
    array = sitk.GetArrayFromImage(image).astype(np.float32)
    low, top = float(array.min()), float(np.percentile(array, TOP))
    made = sitk.GetImageFromArray(np.sqrt(np.clip((array - low) / max(top - low, 1e-6), 0, 1)))
    made.CopyInformation(image)
    return made


def _start(
    fixed: sitk.Image, moving: sitk.Image, mask: sitk.Image, points: Points
) -> tuple[sitk.Euler3DTransform, float]:
    """Where the descent starts, and the information that the headers' positions give.

    A head that moved between sequences can be turned and shifted by more than a descent finds back
    from: so descents from several turns, coarse and quick, are compared first.
    """
    as_stored = sitk.Euler3DTransform()
    as_stored.SetCenter([float(v) for v in points.mean(axis=0)])
    centred = sitk.Euler3DTransform(as_stored)
    centred.SetTranslation([a - b for a, b in zip(_middle(moving), _middle(fixed), strict=True)])
    pair, found, before = _pair(fixed, moving, SEARCH), [], 0.0
    for transform in (as_stored, centred):
        if _overlap(moving, _moved(transform, points)) < LEAST_OVERLAP:
            continue
        method = _method(pair[0], mask)
        method.SetInitialTransform(transform)
        stored = -float(method.MetricEvaluate(*pair))
        before = stored if transform is as_stored else before
        found.append((stored * SEARCH_GAIN, transform))
        for nod, turn in itertools.product(SEARCH_RAD, SEARCH_RAD):
            tried = sitk.Euler3DTransform(transform)
            tried.SetRotation(nod, 0.0, turn)
            information = _descend(pair, tried, mask, SEARCH[0])
            if _overlap(moving, _moved(tried, points)) >= LEAST_OVERLAP:
                found.append((information, tried))
    if not found:
        raise ValueError("the two images have nothing in common, wherever one is put on the other")
    return max(found, key=lambda one: one[0])[1], before


def _register(
    fixed: sitk.Image, moving: sitk.Image, start: sitk.Euler3DTransform, mask: sitk.Image
) -> tuple[sitk.Euler3DTransform, float]:
    """The transform of most information, from coarse to fine, and that information."""
    found = sitk.Euler3DTransform(start)
    information = 0.0
    for level in LEVELS:
        information = _descend(_pair(fixed, moving, level), found, mask, level[0])
    return found, information


def _descend(
    pair: tuple[sitk.Image, sitk.Image],
    transform: sitk.Euler3DTransform,
    mask: sitk.Image,
    step_mm: float,
) -> float:
    """Improve a transform in place; the information at the end."""
    method = _method(pair[0], mask)
    method.SetOptimizerAsRegularStepGradientDescent(
        learningRate=step_mm / 2,
        minStep=step_mm / 200,
        numberOfIterations=ITERATIONS,
        relaxationFactor=0.6,
    )
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(transform, inPlace=True)
    method.Execute(*pair)
    return -float(method.GetMetricValue())


def _method(fixed: sitk.Image, mask: sitk.Image) -> sitk.ImageRegistrationMethod:
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(BINS)
    method.SetMetricFixedMask(mask)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetMetricSamplingStrategy(method.RANDOM)
    voxels = math.prod(fixed.GetSize())
    method.SetMetricSamplingPercentage(min(1.0, SAMPLES / voxels), SEED)
    return method


def _pair(
    fixed: sitk.Image, moving: sitk.Image, level: tuple[float, float]
) -> tuple[sitk.Image, sitk.Image]:
    """Both images smoothed and thinned out to about the mm of a level."""
    sample_mm, smooth_mm = level
    pair = []
    for image in (fixed, moving):
        smooth = sitk.SmoothingRecursiveGaussian(image, smooth_mm) if smooth_mm else image
        steps = [max(1, round(sample_mm / mm)) for mm in image.GetSpacing()]
        pair.append(sitk.Shrink(smooth, steps))
    return pair[0], pair[1]


def _middle(image: sitk.Image) -> tuple[float, ...]:
    half = [(size - 1) / 2 for size in image.GetSize()]
    return tuple(image.TransformContinuousIndexToPhysicalPoint(half))


def _points(mask: sitk.Image, inside: npt.NDArray[np.bool_]) -> Points:
    """About 1,000 points spread over the mask, mm."""
    where = np.argwhere(inside)
    chosen = where[:: max(1, len(where) // 1000), ::-1]
    return np.array([mask.TransformIndexToPhysicalPoint(tuple(map(int, at))) for at in chosen])


def _moved(transform: sitk.Transform, points: Points) -> Points:
    return np.array([transform.TransformPoint(tuple(map(float, at))) for at in points])


def _overlap(image: sitk.Image, points: Points) -> float:
    """Share of the points that lie in the image."""
    index = np.array([image.TransformPhysicalPointToContinuousIndex(tuple(at)) for at in points])
    inside = (index >= 0) & (index <= np.array(image.GetSize()) - 1)
    return float(inside.all(axis=1).mean())


def _angle(transform: sitk.Euler3DTransform) -> float:
    matrix = np.array(transform.GetMatrix()).reshape(3, 3)
    return math.degrees(math.acos(float(np.clip((np.trace(matrix) - 1) / 2, -1, 1))))
