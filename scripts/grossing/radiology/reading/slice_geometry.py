"""Geometry of a stack of slices from the position and orientation of every one of them.

A reader that is asked for the volume gives one spacing for slices with a gap, for slices at one
place and for a tilted gantry alike; so nothing here is taken from a reader.
"""

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from grossing.radiology.reading.dicom_frames import Frame
from grossing.radiology.studies.study_record import Geometry

#: mm; positions closer than this are one place
SAME_PLACE_MM = 0.01
#: a gap of more than this many median gaps lacks a slice
GAP_FACTOR = 1.5

Array = npt.NDArray[np.float64]


def in_order(frames: Sequence[Frame]) -> list[Frame]:
    """Frames along the normal of the first one; as they are where positions are missing."""
    if not all(frame.position and frame.orientation for frame in frames):
        return list(frames)
    normal = _normal(_orientations(frames[:1])[0])
    return sorted(frames, key=lambda f: (round(float(np.dot(f.position or (), normal)), 4), f.path))


def of_frames(frames: Sequence[Frame]) -> Geometry:
    """Geometry of frames that `in_order` has ordered.

    Parameters
    ----------
    frames : at least one
    """
    first = frames[0]
    spacing = first.spacing or (None, None)
    thick = [frame.thickness for frame in frames if frame.thickness]
    placed = [frame for frame in frames if frame.position and frame.orientation]
    same = {(frame.rows, frame.columns, frame.spacing) for frame in frames}
    found = {
        "slices": len(frames),
        "rows": first.rows,
        "columns": first.columns,
        "row_spacing_mm": spacing[0],
        "column_spacing_mm": spacing[1],
        "slice_thickness_mm": max(thick, default=None),
        "in_plane_differs": len(same) > 1,
        "position_missing": len(frames) - len(placed),
    }
    if len(placed) < len(frames):
        return Geometry(**found)  # type: ignore[arg-type]
    return Geometry(**(found | _placed(placed)))  # type: ignore[arg-type]


def _placed(frames: Sequence[Frame]) -> dict[str, object]:
    """What positions and orientations say."""
    orientations = _orientations(frames)
    normal = _normal(orientations[0])
    positions = np.array([frame.position for frame in frames])
    row, column = orientations[0, :3], orientations[0, 3:]
    found: dict[str, object] = {
        "origin_mm": _rounded(positions[0]),
        "direction": _rounded(np.column_stack([row, column, normal]).ravel()),
        "orientation_spread_deg": _spread(orientations),
    }
    if len(frames) < 2:
        return found
    gaps = np.diff(positions @ normal)
    doubles = int((gaps < SAME_PLACE_MM).sum())
    found["slices_duplicate"] = doubles
    steps = gaps[gaps >= SAME_PLACE_MM]
    if not steps.size:
        return found
    median = float(np.median(steps))
    line = positions[-1] - positions[0]
    return found | {
        "slice_spacing_mm": round(median, 4),
        "slice_spacing_min_mm": round(float(steps.min()), 4),
        "slice_spacing_max_mm": round(float(steps.max()), 4),
        "slices_missing": _missing(steps),
        "tilt_deg": round(_angle(line, normal), 2),
        "slice_order_differs": _order_differs(frames),
    }


def _missing(steps: Array) -> int:
    """Slices that fit into the gaps, by the smaller of median and lower quartile of the steps."""
    usual = float(np.quantile(steps, 0.25))
    return int(sum(round(step / usual) - 1 for step in steps if step > GAP_FACTOR * usual))


def _order_differs(frames: Sequence[Frame]) -> bool:
    """Whether the numbers of the slices contradict their places; equal ones say nothing."""
    numbers = [f.instance if f.frames == 1 else None for f in frames]
    known = [n for n in numbers if n is not None]
    if len(known) < len(frames) or len(set(known)) < len(known):
        return False
    rises = {a < b for a, b in itertools.pairwise(known)}
    return len(rises) > 1


def _orientations(frames: Sequence[Frame]) -> Array:
    return np.array([frame.orientation for frame in frames], float)


def _normal(orientation: Array) -> Array:
    normal = np.cross(orientation[:3], orientation[3:])
    length = float(np.linalg.norm(normal))
    return np.asarray(normal / length if length else normal)


def _spread(orientations: Array) -> float:
    """Largest angle of rows, columns and normals of all slices against those of the first; 180 of a
    slice that lies upside down or mirrored."""
    normals = np.cross(orientations[:, :3], orientations[:, 3:])
    parts = (orientations[:, :3], orientations[:, 3:], normals)
    return round(max(_angle(part[i], part[0]) for part in parts for i in range(len(part))), 2)


def _angle(a: Array, b: Array) -> float:
    """Angle between two directions in degrees; exact for small ones."""
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b)), np.dot(a, b))))


def _rounded(values: Array) -> tuple[float, ...]:
    return tuple(round(float(value), 6) for value in values)
