"""Size, shape and stain of segmented nuclei, and their outlines."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.ndimage
import shapely

from grossing.mask import outlines

Labels = npt.NDArray[np.int32]
Values = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shapes:
    """Columns of one entry per nucleus 1, 2, ... of a label picture; `x_px` and `y_px` of the
    centroid, from the middle of the first pixel."""

    x_px: Numbers
    y_px: Numbers
    area_um2: Numbers
    equivalent_diameter_um: Numbers
    perimeter_um: Numbers
    eccentricity: Numbers
    mean: Numbers


def measure(labels: Labels, intensity: Values, mpp: float) -> Shapes:
    """Size, shape and mean intensity of each nucleus.

    Parameters
    ----------
    labels : (H, W) int32, numbers without gaps
    intensity : (H, W), hematoxylin OD or brightness
    mpp : um per pixel

    Returns
    -------
    Arrays of one entry per nucleus. Perimeter by Crofton's formula over four directions; the
    eccentricity is that of the ellipse with equal second moments (0 circle, 1 line).

    Notes
    -----
    The numbers of `skimage.measure.regionprops_table`, measured at a fifteenth of its time (889
    nuclei: 18 ms instead of 270).

    References
    ----------
    .. [1] Legland et al. 2007, doi:10.5566/ias.v26.p83-92
    """
    inside = np.flatnonzero(labels)
    y, x = np.divmod(inside.astype(np.int32), labels.shape[1])
    owner = labels.ravel()[inside]
    count = int(owner.max()) + 1 if len(owner) else 1

    def sums(values: npt.NDArray[Any] | None = None) -> Numbers:
        return np.asarray(np.bincount(owner, values, count)[1:], np.float64)

    area = sums()
    x_px, y_px = sums(x) / area, sums(y) / area
    dx, dy = x - x_px[owner - 1], y - y_px[owner - 1]
    xx, yy, xy = (sums(product) / area for product in (dx * dx, dy * dy, dx * dy))
    spread = np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
    major, minor = (xx + yy) / 2 + spread, (xx + yy) / 2 - spread
    return Shapes(
        x_px,
        y_px,
        area * mpp**2,
        np.sqrt(4 * area / math.pi) * mpp,
        _perimeters(labels, count) * mpp,
        np.sqrt(np.clip(1 - minor / np.maximum(major, 1e-9), 0, 1)),
        sums(intensity.ravel()[inside]) / area,
    )


def _perimeters(labels: Labels, count: int) -> Numbers:
    """Crofton: borders crossed by lines in four directions; pixels."""
    padded = np.pad(labels, 1)
    height, width = padded.shape
    total = np.zeros(count)
    for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
        one = padded[: height - down, max(0, -across) : width - max(0, across)]
        other = padded[down:, max(0, across) : width - max(0, -across)]
        crossed = one != other
        spacing = 1 / math.hypot(down, across)
        for side in (one, other):
            total += spacing * np.bincount(side[crossed], minlength=count)
    return np.asarray(total[1:] * math.pi / 8)


def polygons(labels: Labels, numbers: Sequence[int]) -> list[shapely.Polygon]:
    """Valid polygons of some nuclei, in pixels from the picture's corner.

    Parameters
    ----------
    labels : (H, W) int32
    numbers : of nuclei; each has one polygon, its largest piece
    """
    if not len(numbers):
        return []
    boxes = scipy.ndimage.find_objects(labels)
    corners = [(boxes[n - 1][1].start - 1, boxes[n - 1][0].start - 1) for n in numbers]
    big = outlines.doubled(labels)
    pieces = outlines.largest(*outlines.of_doubled(_cut(big, n, boxes[n - 1]) for n in numbers))
    offsets = np.repeat(np.array(corners), shapely.get_num_coordinates(pieces), axis=0)
    moved: list[shapely.Polygon] = shapely.transform(pieces, lambda at: at + offsets).tolist()
    return moved


def _cut(big: Labels, number: int, box: tuple[slice, slice]) -> npt.NDArray[np.uint8]:
    """A nucleus of a doubled picture with an empty rim of one pixel (two of the doubled one)."""
    part = big[tuple(slice(2 * side.start, 2 * side.stop) for side in box)]
    mask = np.zeros((part.shape[0] + 4, part.shape[1] + 4), np.uint8)
    np.equal(part, number, out=mask[2:-2, 2:-2].view(np.bool_))
    return mask
