"""Nodule candidates: compact pieces in the lungs that are denser than lung, vessels left out."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import ndimage

from grossing.radiology.volumes.volume import Flags, Volume

Floats = npt.NDArray[Any]

#: HU of the smoothed volume above which a voxel may belong to a nodule, dense ones and pale ones
THRESHOLDS_HU = (-400.0, -700.0)
#: mm; radii of the openings: vessels thinner than that come off
RADII_MM = (1.5, 2.5, 4.0)
DIAMETER_MM = (3.0, 30.0)
SOLID_HU = -300.0
#: longest over shortest axis above which a piece is a vessel
ELONGATION_MAX = 2.2
#: share of a piece's surface that goes on into denser tissue, above which it is a part of a vessel
CONTACT_MAX = 0.37
#: share of its ellipsoid that a piece fills at least
FILL_MIN = 0.65


@dataclass(frozen=True)
class Candidate:
    """`x_mm`, `y_mm`, `z_mm`: the centre in the patient (LPS); `pleura_mm` from its centre to the
    border of the mask; `kind` is solid where its mean is at least -300 HU, else ground_glass."""

    candidate: int
    x_mm: float
    y_mm: float
    z_mm: float
    diameter_mm: float
    hu_mean: float
    hu_max: float
    elongation: float
    pleura_mm: float
    kind: str


def find(volume: Volume, lungs: Flags) -> list[Candidate]:
    """Candidates of a CT in the order of their size, largest first.

    Parameters
    ----------
    volume : HU, cubic voxels
    lungs : (z, y, x) bool

    Notes
    -----
    Not a detector: among them are crossings of vessels. What lies outside the mask is missed.
    """
    if not lungs.any():
        return []
    (box,) = ndimage.find_objects(lungs.view(np.uint8))
    inside, values = lungs[box], volume.values[box].astype(np.float32)
    side = volume.spacing[0]
    smooth = ndimage.gaussian_filter(values, 0.7 / side)
    depth = ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1, 1:-1] * side
    found: list[tuple[Candidate, tuple[float, ...]]] = []
    for threshold in THRESHOLDS_HU:
        dense = inside & np.asarray(smooth > threshold)
        thick = ndimage.distance_transform_edt(dense) * side
        for radius in RADII_MM:
            found += _pieces(dense, thick, radius, values, depth, side, len(found))
    offset = np.array([part.start for part in box])
    return _distinct(found, volume, offset)


def _pieces(
    dense: Flags,
    thick: Floats,
    radius: float,
    values: Floats,
    depth: Floats,
    side: float,
    start: int,
) -> list[tuple[Candidate, tuple[float, ...]]]:
    """Compact pieces that survive an opening by a ball."""
    cores = np.asarray(thick >= radius)
    if not cores.any():
        return []
    near = np.asarray(ndimage.distance_transform_edt(~cores) * side < radius)
    opened = dense & near
    labels = sitk.ConnectedComponent(sitk.GetImageFromArray(opened.view(np.uint8)), True)
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.Execute(labels)
    array = sitk.GetArrayFromImage(labels)
    boxes = ndimage.find_objects(array)
    found: list[tuple[Candidate, tuple[float, ...]]] = []
    for label in shape.GetLabels():
        voxels = shape.GetNumberOfPixels(label)
        diameter = 2 * (voxels * side**3 * 0.75 / np.pi) ** (1 / 3)
        moments = np.sqrt(np.maximum(shape.GetPrincipalMoments(label), 1e-3)) * side
        axes = np.sqrt(5) * moments + side / 4
        elongation = float(axes[2] / axes[0])
        fill = voxels * side**3 / (4 / 3 * np.pi * float(np.prod(axes)))
        if not DIAMETER_MM[0] <= diameter <= DIAMETER_MM[1] or elongation > ELONGATION_MAX:
            continue
        if fill < FILL_MIN:
            continue
        box = boxes[label - 1]
        part = array[box] == label
        if _contact(array, label, box, dense) > CONTACT_MAX:
            continue
        hu = values[box][part]
        x, y, z = shape.GetCentroid(label)
        mean = float(hu.mean())
        kind = "solid" if mean >= SOLID_HU else "ground_glass"
        candidate = Candidate(
            start + len(found) + 1, x, y, z, round(float(diameter), 2), round(mean, 1),
            round(float(hu.max()), 1), round(elongation, 3),
            round(float(depth[box][part].max()), 2), kind,
        )  # fmt: skip
        found.append((candidate, (z, y, x)))
    return found


def _contact(
    labels: npt.NDArray[Any],
    label: int,
    box: tuple[slice, ...],
    dense: Flags,
) -> float:
    """Share of the voxels around a piece that are dense."""
    around = tuple(slice(max(0, part.start - 1), part.stop + 1) for part in box)
    part = labels[around] == label
    rim = ndimage.binary_dilation(part) & ~part
    return float(dense[around][rim].mean())


def _distinct(
    found: list[tuple[Candidate, tuple[float, ...]]],
    volume: Volume,
    offset: npt.NDArray[Any],
) -> list[Candidate]:
    """The largest of pieces at one place, with its place in the patient."""
    kept: list[Candidate] = []
    places: list[tuple[Floats, float]] = []
    side = volume.spacing[0]
    axes = np.array(volume.direction).reshape(3, 3)
    for piece, place in sorted(found, key=lambda item: -item[0].diameter_mm):
        here = np.array(place)
        radius = piece.diameter_mm / 2 / side
        if any(np.linalg.norm(here - there) < max(r, radius) for there, r in places):
            continue
        places.append((here, radius))
        index = (here + offset)[::-1]
        x, y, z = np.array(volume.origin) + axes @ (index * side)
        kept.append(
            Candidate(
                **(
                    vars(piece)
                    | {"candidate": len(kept) + 1}
                    | {k: round(float(v), 2) for k, v in (("x_mm", x), ("y_mm", y), ("z_mm", z))}
                )
            )
        )
    return kept
