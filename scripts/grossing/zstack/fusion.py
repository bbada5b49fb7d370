"""One picture from focal planes that are in memory."""

import logging
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from grossing.support.errors import SlideError
from grossing.support.types import Pixels
from grossing.zstack import blending, matching, plane_choice, registration
from grossing.zstack.blending import FEATHER_PX, PlaneIndex, ReadPart
from grossing.zstack.block_grid import BlockGrid
from grossing.zstack.matched_plane import moved, offset
from grossing.zstack.matching import lit
from grossing.zstack.registration import Shift

PLACES_ACROSS = 3  # and down, where shifts are measured
MOST_LEFT_PX = 0.5

LOG = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]


def fuse_planes(
    planes: Sequence[Pixels] | Pixels,
    cell_px: int,
    *,
    method: str = "laplacian",
    tissue_fraction: Floats | None = None,
) -> tuple[Pixels, PlaneIndex]:
    """One picture from focal planes: each block from the plane that is sharpest there.

    Parameters
    ----------
    planes : registered pictures of equal size, in the order of their height, (H, W, 3) or (H, W)
        uint8
    cell_px : side of a block, px, at least 16; the last blocks may be smaller
    method : "laplacian" (variance of the Laplacian after a Gaussian of sigma 1 px) or "absdiff"
        (mean absolute difference from the 5 x 5 mean)
    tissue_fraction : (rows, columns) in 0..1; blocks below 0.05 are not measured. All are if None

    Returns
    -------
    fused : (H, W, 3) uint8
    plane : (rows, columns) int, from 0

    Raises
    ------
    ValueError : no planes, planes of different or other shapes or types, `cell_px` below 16; a
        plane is shifted by more than 2 px or more than twice (or half) as bright as the middle one.

    Notes
    -----
    Planes are brought to the light of the middle one first (`matching.gains`), and shifts of 0.1
    to 2 px are undone where the planes have 128 px a side and details in common. Blocks where the
    sharpest plane is less than 5 % sharper than the median plane take the plane of the nearest
    block that is sure; the map is smoothed by a 3 x 3 median; blocks of different planes merge
    over 16 px. Planes that are turned or stretched stay so (a warning in the log). Wrong
    where two heights share a block: only one of them is sharp then. A field of one plane that is
    narrower than two blocks is lost.

    References
    ----------
    .. [1] Pech-Pacheco et al. 2000, doi:10.1109/ICPR.2000.903548
    """
    pictures = _matched(_checked(planes, cell_px))
    height, width = pictures[0].shape[:2]
    grid = BlockGrid(width, height, cell_px)
    shares = np.ones(grid.shape) if tissue_fraction is None else tissue_fraction
    greys = [plane_choice.grey_of(picture) for picture in pictures]

    def measure(row: int, column: int) -> Floats:
        at = _slices(grid, row, column)
        return np.array([plane_choice.sharpness(grey[at], method) for grey in greys])

    choice = plane_choice.choose(measure, shares >= plane_choice.TISSUE_MIN, len(pictures))
    near = np.pad(choice.plane, 1, mode="edge")
    fused = np.empty((height, width, 3), np.uint8)
    for row, column in np.ndindex(grid.shape):
        at = _slices(grid, row, column)
        parts = [picture[at] for picture in pictures]
        around = near[row : row + 3, column : column + 3]
        fused[at] = blending.blended(around, _reader(parts), *parts[0].shape[:2])
    return fused, choice.plane


def _matched(pictures: Sequence[Pixels]) -> list[Pixels]:
    """The planes in the light and at the position of the middle one, RGB."""
    colour: list[Pixels] = [
        one if one.ndim == 3 else np.asarray(cv2.cvtColor(one, cv2.COLOR_GRAY2RGB), np.uint8)
        for one in pictures
    ]
    gains, middle = matching.gains(colour), len(colour) // 2
    shifts = _shifts(colour)
    try:
        for number, (gain, shift) in enumerate(zip(gains, shifts, strict=True)):
            matching.check_gain(str(number), str(middle), gain)
            registration.check_length(str(number), str(middle), shift)
    except SlideError as error:
        raise ValueError(error.message) from error
    size = colour[0].shape[1::-1]
    matched = [
        lit(one if (by := offset(shift)) == (0, 0) else moved(one, by, size), gain, colour[middle])
        for one, gain, shift in zip(colour, gains, shifts, strict=True)
    ]
    for number, left in enumerate(_shifts(matched)):
        if (left.most_px or 0.0) > MOST_LEFT_PX:
            LOG.warning("plane %d is still shifted by %g px in places", number, left.most_px)
    return matched


def _shifts(pictures: Sequence[Pixels]) -> list[Shift]:
    """Shifts against the middle one, measured at places all over the picture."""
    greys = [np.asarray(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY), np.uint8) for one in pictures]
    height, width = greys[0].shape
    parts = np.arange(1, 2 * PLACES_ACROSS, 2) / (2 * PLACES_ACROSS)
    centres = [(int(x * width), int(y * height)) for y in parts for x in parts]

    def read(plane: int, x: int, y: int, w: int, h: int) -> Pixels:
        return greys[plane][y : y + h, x : x + w]

    return registration.shifts(read, len(greys), (width, height), centres)


def _slices(grid: BlockGrid, row: int, column: int) -> tuple[slice, slice]:
    x, y, w, h = grid.extent(row, column)
    return slice(y, y + h), slice(x, x + w)


def _reader(parts: Sequence[Pixels]) -> ReadPart:
    def read(plane: int, x: int, y: int, w: int, h: int) -> Pixels:
        part = parts[plane][y : y + h, x : x + w]
        return part if part.ndim == 3 else np.asarray(cv2.cvtColor(part, cv2.COLOR_GRAY2RGB))

    return read


def _checked(planes: Sequence[Pixels] | Pixels, cell_px: int) -> list[Pixels]:
    pictures = [np.asarray(plane) for plane in planes]
    if not pictures:
        raise ValueError("no planes")
    shape = pictures[0].shape
    for number, picture in enumerate(pictures):
        is_picture = picture.ndim == 2 or (picture.ndim == 3 and picture.shape[2] == 3)
        if (
            not is_picture
            or picture.dtype != np.uint8
            or picture.shape != shape
            or not picture.size
        ):
            kind = f"{picture.shape} {picture.dtype}"
            raise ValueError(f"plane {number} must be uint8 and shaped like plane 0, not {kind}")
    if cell_px < FEATHER_PX:
        raise ValueError(f"cell_px must be at least {FEATHER_PX} px, not {cell_px}")
    return pictures
