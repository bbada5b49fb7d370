"""What no volume may have: values that are no numbers, slices that are empty, twice, elsewhere."""

import dataclasses
import itertools

import numpy as np

from grossing.radiology.volumes import slice_likeness
from grossing.radiology.volumes.volume import Volume


def measure(volume: Volume, modality: str) -> dict[str, float | int | bool | None]:
    """Counts of them.

    Returns
    -------
    `voxels_not_finite`; `slices_blank`, slices of one value, of an MR only those between others
    with content (extracted brains end in blank ones); `slices_repeated`, slices that equal the one
    before voxel by voxel; `slices_displaced` (`slice_likeness.displaced`).
    """
    values = volume.values
    blank = [bool(plane.min() == plane.max()) for plane in values]
    filled = [place for place, is_blank in enumerate(blank) if not is_blank]
    ends = (0, len(blank)) if modality == "CT" else (filled[0], filled[-1]) if filled else (0, 0)
    repeated = sum(
        not blank[b] and np.array_equal(values[a], values[b])
        for a, b in itertools.pairwise(range(len(values)))
    )
    return {
        "voxels_not_finite": _not_finite(volume),
        "slices_blank": sum(blank[slice(*ends)]) if filled else 0,
        "slices_repeated": int(repeated),
        "slices_displaced": slice_likeness.displaced(finite(volume).values),
    }


def _not_finite(volume: Volume) -> int:
    if volume.values.dtype.kind != "f":
        return 0
    return int(volume.values.size - np.isfinite(volume.values).sum())


def finite(volume: Volume) -> Volume:
    """The volume with its smallest number where it has none, so that the rest can be measured."""
    if not _not_finite(volume):
        return volume
    there = np.isfinite(volume.values)
    least = volume.values[there].min() if there.any() else np.float32(0)
    return dataclasses.replace(volume, values=np.where(there, volume.values, least))
