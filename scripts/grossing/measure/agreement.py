"""Whether pixels are those of the slide: against its overview, and across stored tiles."""

import math
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from grossing.slide.region import Window
from grossing.support.types import Mask, Pixels

BLUR_1_PX, BLUR_2_PX = cv2.getGaussianKernel(7, 1.0), cv2.getGaussianKernel(13, 2.0)
#: blur in px of the overview, and weight of luma, Cr and Cb
CHANNELS = ((BLUR_1_PX, 1.0), (BLUR_2_PX, 1.4), (BLUR_2_PX, 1.4))
CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
MARGIN_PX = 6  # of the overview around a picture: what blurring reaches
QUANTILE = 0.99
SEGMENT_PX = 16  # of a border between stored tiles
REACH_PX = 5  # lines on either side of it
STEP_FLOOR = 3.0  # grey levels: steps of compression in even places


def overview_difference(
    rgb: Pixels,
    overview: Pixels,
    x: float,
    y: float,
    side: float,
    *,
    unscanned: Mask | None = None,
    absent: Mask | None = None,
) -> float | None:
    """How far a picture is from its place in the overview.

    Parameters
    ----------
    rgb : (size, size, 3) uint8
    overview : (H, W, 3) uint8
    x, y, side : where the picture lies in the overview, px of the overview
    unscanned : (H, W) bool, pixels of the overview that are not compared
    absent : (size, size) bool, pixels of the picture that are not compared

    Returns
    -------
    99th percentile over the place of the difference in grey levels, see `_difference`; None where
    the picture covers fewer than 2 x 2 pixels of the overview.

    Notes
    -----
    Blind where overview and picture come from the same level, to a shift below 1 px of the overview
    and to damage smaller than about 2 px of it (16 um).
    """
    left, top = math.ceil(x - 1e-6), math.ceil(y - 1e-6)
    right = min(math.floor(x + side + 1e-6), overview.shape[1])
    bottom = min(math.floor(y + side + 1e-6), overview.shape[0])
    if right - left < 2 or bottom - top < 2:
        return None
    scale = rgb.shape[0] / side
    rows = slice(round((top - y) * scale), round((bottom - y) * scale))
    columns = slice(round((left - x) * scale), round((right - x) * scale))
    size = (right - left, bottom - top)
    small = _shrunk(rgb[rows, columns], size)
    place = overview[top:bottom, left:right]
    if unscanned is not None and unscanned[top:bottom, left:right].any():
        small = np.where(unscanned[top:bottom, left:right, None], place, small)
    if absent is not None:
        share = absent[rows, columns].astype(np.float32)
        gaps = cv2.resize(share, size, interpolation=cv2.INTER_AREA) > 0
        small = np.where(gaps[..., None], place, small)
    x0, y0 = max(0, left - MARGIN_PX), max(0, top - MARGIN_PX)
    around = overview[y0 : bottom + MARGIN_PX, x0 : right + MARGIN_PX]
    inside = (slice(top - y0, bottom - y0), slice(left - x0, right - x0))
    shown = around.copy()
    shown[inside] = small
    values = _difference(shown, around)[inside].ravel()
    rank = int(QUANTILE * (len(values) - 1))
    return float(np.partition(values, rank)[rank])  # np.percentile takes 10 times as long


def _shrunk(rgb: Pixels, size: tuple[int, int]) -> Pixels:
    """Mean of each pixel's area, of every second line where it has 8 or more.

    Halved as long as that is exact, which is several times faster.
    """
    if rgb.shape[0] >= 8 * size[1]:
        rgb = rgb[::2]
    height, width = rgb.shape[:2]
    while width % 2 == height % 2 == 0 and width >= 2 * size[0] and height >= 2 * size[1]:
        width, height = width // 2, height // 2
        rgb = np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    if (width, height) == size:
        return rgb
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _difference(shown: Pixels, reference: Pixels) -> npt.NDArray[np.float32]:
    """(H, W) difference of two pictures, grey levels: the larger one of luma and chroma.

    Luma is blurred by 1 px. Chroma (Cr and Cb, times 1.4) is blurred by 2 px: JPEG levels store it
    at half the resolution. What lies between a pixel of the reference and its four neighbours is no
    difference: levels are shrunk with many filters, and lie up to a pixel beside level 0.
    """
    ours, theirs = (
        cv2.split(cv2.cvtColor(each, cv2.COLOR_RGB2YCrCb)) for each in (shown, reference)
    )
    largest = np.zeros(shown.shape[:2], np.float32)
    for one, other, (kernel, weight) in zip(ours, theirs, CHANNELS, strict=True):
        soft, limit = (cv2.sepFilter2D(c, cv2.CV_32F, kernel, kernel) for c in (one, other))
        above, below = soft - cv2.dilate(limit, CROSS), cv2.erode(limit, CROSS) - soft
        largest = np.maximum(largest, weight * np.maximum(above, below))
    return largest


def borders(
    height: int, width: int, x: int, y: int, tile_px: tuple[int, int] | None
) -> list[Window]:
    """The 10 lines around each border of stored tiles in a picture, as long as whole segments.

    Parameters
    ----------
    height, width : of the picture, px
    x, y : of its corner in the level, px
    tile_px : width and height of the stored tiles; None: unknown
    """
    if tile_px is None:
        return []
    across = slice(0, width // SEGMENT_PX * SEGMENT_PX)
    down = slice(0, height // SEGMENT_PX * SEGMENT_PX)
    rows = [(at, across) for at in _around(y, tile_px[1], height) if across.stop]
    return rows + [(down, at) for at in _around(x, tile_px[0], width) if down.stop]


def _around(start: int, step: int, side: int) -> list[slice]:
    """The lines around each border in a side of a picture that starts at `start`."""
    first = -(-(start + REACH_PX) // step) * step - start
    return [slice(at - REACH_PX, at + REACH_PX) for at in range(first, side - REACH_PX + 1, step)]


def seam_step(lines: Sequence[Pixels], absent: Sequence[Mask] | None = None) -> float | None:
    """How far a picture breaks at the borders of the slide's stored tiles.

    A picture goes on across such a border; swapped, missing and damaged tiles do not.

    Parameters
    ----------
    lines : (10, n, 3) or (n, 10, 3) uint8 around each border (`borders`), at the resolution at
        which the picture is stored
    absent : bool in the same shapes, pixels that were never scanned: the edge of the scan is no
        seam

    Returns
    -------
    (step - beside) / (beside + 3) of the worst segment of 16 px of a border: `step` is the mean
    largest channel difference across the border, `beside` the largest of those between lines up to
    4 px before and after it (an enlarged picture has steps at every second or fourth line alone).
    None where no border crosses the picture.
    """
    if not lines:
        return None
    steps = _steps(np.concatenate([_along(each) for each in lines], 1))
    if absent is not None:
        gaps = np.concatenate([_along(each.view(np.uint8)) for each in absent], 1)
        steps = steps[~gaps.reshape(2 * REACH_PX, -1, SEGMENT_PX).any(axis=(0, 2))]
    return float(steps.max()) if steps.size else None


def _along(lines: Pixels) -> Pixels:
    """The lines of a border as rows."""
    return lines if len(lines) == 2 * REACH_PX else np.asarray(cv2.transpose(lines), np.uint8)


def _steps(lines: Pixels) -> npt.NDArray[np.float32]:
    """(segments,) the step of each segment of borders, of which lines has 10 lines."""
    red, green, blue = cv2.split(cv2.absdiff(lines[1:], lines[:-1]))
    largest = cv2.max(cv2.max(red, green), blue).reshape(-1, SEGMENT_PX)
    sums = cv2.reduce(largest, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32F)
    means = sums.reshape(len(lines) - 1, -1) * np.float32(1 / SEGMENT_PX)
    before, step, after = means[: REACH_PX - 1], means[REACH_PX - 1], means[: REACH_PX - 1 : -1]
    beside = ((before + after) / 2).max(axis=0)
    return np.asarray((step - beside) / (beside + STEP_FLOOR))
