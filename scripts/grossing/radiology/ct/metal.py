"""Metal in a CT: voxels above what bone reaches, in pieces; streaks in the slices they touch."""

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from grossing.radiology.volumes.volume import Array, Flags, Volume

#: HU; 2000 and 4000 are used too
THRESHOLD_HU = 3000.0
#: pieces with fewer voxels are noise
VOXELS_MIN = 100
#: a largest value that this many voxels share is where the scanner cuts off
CEILING_VOXELS = 30
#: HU that a ceiling is above at least, else it is no ceiling of a scanner
CEILING_MIN_HU = 2000.0
#: mm3 from which metal is slight, moderate (a clip, a screw), severe (a prosthesis)
SEVERITY_MM3 = (0.0, 200.0, 5000.0)


@dataclass(frozen=True)
class Metal:
    """Metal of a volume; `mask` (z, y, x) bool. `severity`: 0 none, 1 slight, 2 moderate, 3 severe.

    `streak_index` is the spread of soft tissue in the slices with metal over that in the others.
    """

    mask: Flags
    threshold_hu: float
    ceiling_hu: float | None
    volume_mm3: float
    fraction: float
    components: int
    severity: int
    streak_index: float | None


def find(volume: Volume, *, threshold_hu: float = THRESHOLD_HU) -> Metal:
    """Metal of a CT.

    Parameters
    ----------
    volume : HU, as scanned (not resampled: B-splines overshoot)
    threshold_hu : lowered to just below the scanner's ceiling where that is below it
    """
    ceiling = _ceiling(volume)
    limit = threshold_hu if ceiling is None else min(threshold_hu, ceiling - 1)
    above = np.asarray(volume.values > limit)
    mask, count = _pieces(above) if above.any() else (above, 0)
    voxels = int(mask.sum())
    voxel = float(np.prod(volume.spacing))
    severity = sum(voxels * voxel > least for least in SEVERITY_MM3)
    return Metal(
        mask=mask,
        threshold_hu=limit,
        ceiling_hu=ceiling,
        volume_mm3=round(voxels * voxel, 2),
        fraction=voxels / mask.size,
        components=count,
        severity=severity,
        streak_index=_streaks(volume, mask) if voxels else None,
    )


def _ceiling(volume: Volume) -> float | None:
    """The HU at which a scanner cuts off: a largest value that many voxels share."""
    top = float(volume.values.max())
    shared = int((volume.values == top).sum())
    return top if top > CEILING_MIN_HU and shared >= CEILING_VOXELS else None


def _pieces(above: Flags) -> tuple[Flags, int]:
    places = np.nonzero(above)
    box = tuple(slice(int(p.min()), int(p.max()) + 1) for p in places)
    part = sitk.GetImageFromArray(above[box].view(np.uint8))
    labels = sitk.RelabelComponent(sitk.ConnectedComponent(part, True), VOXELS_MIN)
    found = sitk.GetArrayFromImage(labels)
    mask = np.zeros(above.shape, bool)
    mask[box] = found > 0
    return mask, int(found.max())


def _streaks(volume: Volume, mask: Flags) -> float | None:
    touched = mask.any(axis=(1, 2))
    inside, outside = (_spread(volume.values[rows]) for rows in (touched, ~touched))
    return round(inside / outside, 3) if inside is not None and outside else None


def _spread(values: Array) -> float | None:
    """Range that holds the middle two thirds of what is about water."""
    body = values[(values > -250) & (values < 350)]
    if body.size < 1000:
        return None
    low, high = np.percentile(body, [16, 84])
    return float(high - low) / 2
