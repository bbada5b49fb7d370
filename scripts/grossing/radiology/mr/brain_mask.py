"""Head of an MR image against air, and the brain in it, by thresholds and distances in mm."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage import filters

WORK_MM = 2.0  # finer grids are thinned out to about this
BRIDGE_MM = (3.0, 5.0, 7.0)  # half the thickness of what may join brain and scalp, tried in turn
DEEP = 0.5  # of the largest depth: there the head is brain
RANGE = (0.4, 2.5)  # of the typical intensity of the deep part; CSF and fat are outside in most
CLOSE_MM = 6.0  # sulci and ventricles
BRAIN_ML = (600.0, 2000.0)
BRAIN_OF_HEAD = (0.15, 0.75)
RIM_MM = 6.0  # scalp and skull are thicker
PIECE = 0.02  # of all that is brighter than air; smaller ones are noise
STRIPPED = 0.9  # share of the background that has one single value

Volume = npt.NDArray[np.float32]
Inside = npt.NDArray[np.bool_]
Spacing = tuple[float, float, float]


@dataclass(frozen=True)
class BrainMask:
    """Masks of an MR image, (Z, Y, X) bool, and how much the one of the brain is to be trusted.

    `confidence` in 0..1 is the lowest of what was checked: its volume, its share of the head, and
    how much of it is nearer to the surface of the head than scalp and skull are thick. Below 0.5
    it holds scalp, face or only a part of the brain. `stripped` says that the skull was removed
    before; brain and head are then the same.
    """

    head: Inside
    brain: Inside
    brain_ml: float
    confidence: float
    stripped: bool


def find(volume: Volume, spacing: Spacing) -> BrainMask:
    """Head and brain of an MR image.

    Parameters
    ----------
    volume : (Z, Y, X), intensities >= 0
    spacing : mm of Z, Y, X

    Returns
    -------
    Masks without holes; both empty, with confidence 0, where nothing differs from the background.

    Raises
    ------
    ValueError : not three axes, or a spacing that is not above 0.

    Notes
    -----
    A mask to normalise and to judge in, not to measure volumes by: it loses the outer millimetres
    of thin gyri and keeps a part of the meninges. Fails (with a low confidence in most cases) on
    parts of a head, on children below two years, and where a coil makes one side dark.

    References
    ----------
    .. [1] Otsu 1979, doi:10.1109/TSMC.1979.4310076
    """
    if volume.ndim != 3 or min(spacing) <= 0:
        raise ValueError(f"volume of {volume.shape} with a spacing of {spacing} mm")
    steps = tuple(max(1, round(WORK_MM / mm)) for mm in spacing)
    small = volume[tuple(slice(None, None, step) for step in steps)].astype(np.float32)
    mm = np.array([one * step for one, step in zip(spacing, steps, strict=True)])
    head = _head(small, mm)
    if not head.any():
        empty = np.zeros(volume.shape, np.bool_)
        return BrainMask(empty, empty.copy(), 0.0, 0.0, False)
    stripped = _is_stripped(small, head)
    brain, confidence = (head, 1.0) if stripped else _best_brain(small, head, mm)
    brain_ml = float(brain.sum() * mm.prod() / 1000)
    if stripped:
        confidence = _within(brain_ml, BRAIN_ML)
    return BrainMask(
        head=_enlarged(head, volume.shape, steps),
        brain=_enlarged(brain, volume.shape, steps),
        brain_ml=brain_ml,
        confidence=round(confidence, 3),
        stripped=stripped,
    )


def _head(small: Volume, mm: npt.NDArray[np.float64]) -> Inside:
    """What is brighter than air, without holes: brain and scalp can be two pieces of it."""
    top = float(np.percentile(small, 99))
    if top <= small.min():
        return np.zeros(small.shape, np.bool_)
    root = np.sqrt(np.clip(small, 0, top))  # the few bright voxels of fat decide less
    tissue = root > min(filters.threshold_otsu(root), 0.35 * np.sqrt(top))
    return _largest(_filled(_closed(_pieces(tissue), CLOSE_MM, mm)))


def _is_stripped(small: Volume, head: Inside) -> bool:
    """Whether the background is one single value, up to the surface of the tissue."""
    touching = ndimage.binary_dilation(head, iterations=2) & ~ndimage.binary_dilation(head)
    parts = [small[where] for where in (touching, ~head) if where.any()]
    return all(float((values == np.median(values)).mean()) > STRIPPED for values in parts)


def _best_brain(small: Volume, head: Inside, mm: npt.NDArray[np.float64]) -> tuple[Inside, float]:
    """The mask of highest confidence over the bridges that are cut."""
    depth = ndimage.distance_transform_edt(np.pad(head, 1), sampling=mm)[1:-1, 1:-1, 1:-1]
    typical = float(np.median(small[depth > DEEP * depth.max()]))
    low, high = (factor * typical for factor in RANGE)
    candidate = head & (small > low) & (small < high)
    distance = ndimage.distance_transform_edt(candidate, sampling=mm)
    best, confidence = np.zeros(head.shape, np.bool_), -1.0
    for bridge in BRIDGE_MM:
        core = _largest(distance > bridge)
        grown = candidate & (ndimage.distance_transform_edt(~core, sampling=mm) <= bridge + 1)
        brain = _filled(_closed(_largest(grown), CLOSE_MM, mm)) & head
        found = _confidence(brain, head, depth, mm)
        if found > confidence + 0.05:
            best, confidence = brain, found
    return best, max(0.0, confidence)


def _confidence(
    brain: Inside, head: Inside, depth: npt.NDArray[np.float64], mm: npt.NDArray[np.float64]
) -> float:
    if not brain.any():
        return 0.0
    volume = _within(float(brain.sum() * mm.prod() / 1000), BRAIN_ML)
    share = _within(float(brain.sum() / head.sum()), BRAIN_OF_HEAD)
    rim = float((depth[brain] < RIM_MM).mean())
    return min(volume, share, max(0.0, 1 - 5 * rim))


def _within(value: float, limits: tuple[float, float]) -> float:
    """1 inside the limits, falling to 0 at half the lower and twice the upper one."""
    low, high = limits
    return float(np.clip(min(2 * value / low - 1, 2 - value / high), 0, 1))


def _largest(mask: Inside) -> Inside:
    labels, count = ndimage.label(mask)
    if not count:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax())


def _pieces(mask: Inside) -> Inside:
    """Without what is smaller than a share of the whole."""
    labels, _ = ndimage.label(mask)
    sizes = np.bincount(labels.ravel())
    large = sizes >= PIECE * mask.sum()
    large[0] = False
    return np.asarray(large[labels])


def _closed(mask: Inside, radius_mm: float, mm: npt.NDArray[np.float64]) -> Inside:
    """Closing by a ball in mm."""
    pad = [(int(np.ceil(radius_mm / one)) + 1,) * 2 for one in mm]
    wide = np.pad(mask, pad)
    grown = ndimage.distance_transform_edt(~wide, sampling=mm) <= radius_mm
    shut = ndimage.distance_transform_edt(grown, sampling=mm) > radius_mm
    return np.asarray(shut[tuple(slice(a, -b) for a, b in pad)] | mask)


def _filled(mask: Inside) -> Inside:
    """Without holes, slice by slice and in 3-D."""
    for number, one in enumerate(mask):
        mask[number] = ndimage.binary_fill_holes(one)
    return np.asarray(ndimage.binary_fill_holes(mask))


def _enlarged(mask: Inside, shape: tuple[int, ...], steps: tuple[int, ...]) -> Inside:
    """Back to the grid of the volume: every thinned voxel stands for its block."""
    for axis, (step, size) in enumerate(zip(steps, shape, strict=True)):
        mask = np.repeat(mask, step, axis=axis).take(range(size), axis=axis)
    return mask
