"""Lungs of a CT: air of the body without airways and bowel, closed over vessels and nodules.

"The two largest components of air" are not the lungs: with the trachea both are one component, and
on an abdominal field the largest is gas of the bowel. So airways are grown from the trachea and
taken off, and what is gas to its core is no lung.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import ndimage

from grossing.radiology.volumes import axial_view
from grossing.radiology.volumes.volume import Flags, Volume

AIR_HU = -500
#: HU below which a smoothed voxel is gas, not lung
GAS_HU = -950
#: share of a component's core that is gas, above which it is no lung (lungs .03, bowel .96)
GAS_FRACTION_MAX = 0.5
#: limits of the airways that are grown: HU, and ml beyond which they have leaked into the lung
AIRWAY_HU = (-930, -945, -960, -975)
AIRWAY_ML_MAX = 110.0
#: ml of the smallest lung, and its share of the larger one
LUNG_ML_MIN, LUNG_SHARE_MIN = 60.0, 0.05
#: mm2 of the largest hole of a slice that is filled: vessels and nodules, not the dome of the liver
HOLE_MM2_MAX = 500.0

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Lungs:
    """`mask` (z, y, x) bool; litres; HU of the core; `gas_fraction` of the largest air space;
    `cut_fraction`, lung in the first or last slice over the largest of any slice; ml of airways."""

    mask: Flags
    volume_l: float
    median_hu: float | None
    gas_fraction: float | None
    cut_fraction: float
    trachea_ml: float


def segment(volume: Volume, *, threshold_hu: float = AIR_HU, closing_mm: float = 14.0) -> Lungs:
    """The lungs of a CT, an empty mask where there are none.

    Parameters
    ----------
    volume : HU (not windowed, not equalised), cubic voxels
    threshold_hu : what is below it and inside the body is air or lung
    closing_mm : radius of the closing; larger: larger nodules at the pleura are inside the mask,
        and so is more of the mediastinum

    Notes
    -----
    Consolidations and tumours denser than the threshold are outside as far as the closing does not
    reach them: a search inside the mask alone misses them.
    """
    side = volume.spacing[0]
    values = np.ascontiguousarray(axial_view.of(volume.values, volume.direction))
    air = _inside_air(np.asarray(values < threshold_hu))
    smooth = np.asarray(ndimage.gaussian_filter(values, 1.0 / side, output=np.float32))
    airways = _airways(smooth, air, side)
    tissue = air & ~_grown(airways, 1.5 / side) if airways.any() else air
    lungs, gas = _components(tissue, smooth, side)
    mask = np.zeros(air.shape, bool)
    for lung in lungs:
        mask |= _closed(lung, closing_mm, side)
    mask &= ~_outer_air(values < threshold_hu)
    mask &= ~airways
    areas = mask.sum(axis=(1, 2))
    core = _shrunk(mask, 3 / side)
    return Lungs(
        mask=np.ascontiguousarray(axial_view.back(mask, volume.direction)),
        volume_l=round(float(mask.sum()) * side**3 / 1e6, 4),
        median_hu=round(float(np.median(values[core])), 1) if core.any() else None,
        gas_fraction=None if gas is None else round(gas, 4),
        cut_fraction=round(float(max(areas[0], areas[-1]) / areas.max()), 4)
        if areas.any()
        else 0.0,
        trachea_ml=round(float(airways.sum()) * side**3 / 1e3, 2),
    )


def _outer_air(air: Flags) -> Flags:
    """Air that reaches the border of its slice."""
    outer = np.empty(air.shape, bool)
    for place, plane in enumerate(air):
        padded = np.pad(plane.astype(np.uint8), 1, constant_values=1)
        cv2.floodFill(padded, None, (0, 0), 2)
        outer[place] = padded[1:-1, 1:-1] == 2
    return outer


def _inside_air(air: Flags) -> Flags:
    return air & ~_outer_air(air)


def _airways(smooth: Floats, air: Flags, side: float) -> Flags:
    """Trachea and main bronchi: the connected dark air that holds a tube along z.

    The limit is lowered until what is grown is no larger than airways are.
    """
    for limit in AIRWAY_HU:
        dark = air & np.asarray(smooth < limit)
        labels = sitk.GetArrayFromImage(sitk.ConnectedComponent(_image(dark)))
        trunk = _trachea(labels, side)
        if trunk:
            found = np.asarray(labels == trunk)
            if float(found.sum()) * side**3 / 1e3 <= AIRWAY_ML_MAX:
                return found
    return np.zeros(air.shape, bool)


def _trachea(labels: npt.NDArray[np.uint32], side: float) -> int:
    """Label of what is a tube of 7 to 30 mm along z for at least 25 mm; 0 where nothing is."""
    best, longest = 0, 25.0 / side
    boxes = ndimage.find_objects(labels)
    for label, box in enumerate(boxes, 1):
        if box is None or box[0].stop - box[0].start < longest:
            continue
        areas = np.sum(labels[box] == label, axis=(1, 2)) * side**2
        tube = (areas > 40) & (areas < 700)
        upper = tube[::-1][: max(1, len(tube) // 2)]
        if tube.sum() >= longest and upper.mean() > 0.6:
            best, longest = label, float(tube.sum())
    return best


def _components(tissue: Flags, smooth: Floats, side: float) -> tuple[list[Flags], float | None]:
    """The one or two components that are lung, and the share of gas in the largest air space."""
    labels = sitk.RelabelComponent(
        sitk.ConnectedComponent(_image(tissue)), int(LUNG_ML_MIN * 1e3 / side**3)
    )
    array = sitk.GetArrayFromImage(labels)
    found: list[Flags] = []
    largest: float | None = None
    for label in range(1, min(int(array.max()), 6) + 1):
        part = np.asarray(array == label)
        core = _shrunk(part, 3 / side)
        gas = float(np.mean(smooth[core] < GAS_HU)) if core.any() else 1.0
        largest = gas if largest is None else largest
        is_large = not found or part.sum() >= LUNG_SHARE_MIN * found[0].sum()
        if gas <= GAS_FRACTION_MAX and is_large and len(found) < 2:
            found.append(part)
    return found, largest


def _closed(mask: Flags, radius_mm: float, side: float) -> Flags:
    """Closed by a ball, and small holes of its slices filled.

    The ball is as large as nodules are; so it is computed on a grid of 2 mm, and only what it adds
    is taken from there.
    """
    (found_box,) = ndimage.find_objects(mask.view(np.uint8))
    box = tuple(slice(max(0, part.start - 2), part.stop + 2) for part in found_box)
    part = mask[box]
    step = max(1, round(2 / side))
    margin = int(np.ceil(radius_mm / (side * step))) + 1
    coarse = np.pad(part[::step, ::step, ::step], margin)
    radius = radius_mm / (side * step)
    near = ndimage.distance_transform_edt(~coarse) <= radius
    depth = ndimage.distance_transform_edt(near)[margin:-margin, margin:-margin, margin:-margin]
    fine = sitk.Resample(
        _spaced(depth.astype(np.float32), step), _spaced(part, 1), sitk.Transform(),
        sitk.sitkLinear, 0.0, sitk.sitkFloat32,
    )  # fmt: skip
    added = np.asarray(sitk.GetArrayFromImage(fine) > radius + 0.3)
    whole = part | added
    found = np.zeros(mask.shape, bool)
    found[box] = _holes_filled(whole, HOLE_MM2_MAX / side**2)
    return found


def _holes_filled(mask: Flags, area_max: float) -> Flags:
    """Holes of each slice that are not larger, filled."""
    filled = mask.copy()
    for place, plane in enumerate(mask):
        count, labels, stats, _ = cv2.connectedComponentsWithStats(
            (~plane).astype(np.uint8), connectivity=4
        )
        small = [
            i
            for i in range(1, count)
            if stats[i, cv2.CC_STAT_AREA] <= area_max and not _at_border(stats[i], plane.shape)
        ]
        if small:
            filled[place] |= np.isin(labels, small)
    return filled


def _at_border(stats: npt.NDArray[np.int32], shape: tuple[int, ...]) -> bool:
    left, top, width, height = stats[:4]
    return bool(left == 0 or top == 0 or left + width == shape[1] or top + height == shape[0])


def _grown(mask: Flags, radius: float) -> Flags:
    return _ball(mask, radius, sitk.BinaryDilate)


def _shrunk(mask: Flags, radius: float) -> Flags:
    return _ball(mask, radius, sitk.BinaryErode)


def _ball(mask: Flags, radius: float, operation: object) -> Flags:
    size = max(1, round(radius))
    done = operation(_image(mask), [size] * 3, sitk.sitkBall)  # type: ignore[operator]
    return np.asarray(sitk.GetArrayFromImage(done) > 0)


def _spaced(array: npt.NDArray[np.generic], spacing: float) -> sitk.Image:
    image = sitk.GetImageFromArray(array.view(np.uint8) if array.dtype == bool else array)
    image.SetSpacing([float(spacing)] * 3)
    return image


def _image(mask: Flags) -> sitk.Image:
    return sitk.GetImageFromArray(mask.view(np.uint8))
