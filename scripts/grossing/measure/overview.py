"""The whole slide as one small picture, read in blocks so that memory stays bounded."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from grossing.slide import opening
from grossing.slide.facts import level_for
from grossing.slide.record import FileFacts
from grossing.support.errors import ReadError
from grossing.support.types import Mask, Pixels

BLOCK_PX = 2048
SMALLEST_BLOCK_PX = 256
MOST_RETRIES = 400  # a reopened handle costs milliseconds: a mostly damaged slide must end quickly
INPAINT_PX = 3
ALIASED_SHRINK = 4


@dataclass(frozen=True)
class Overview:
    """Small picture of the scanned bounds.

    `rgb` (H, W, 3) uint8, white where nothing was scanned; `scanned` (H, W) bool; `level` that it
    was read from; `downsample` level-0 px per pixel, from the origin of the bounds; `mpp` um per
    pixel; `lost_fraction` of the picture did not decode and was filled in from its surroundings, so
    that damaged tissue stays a candidate and is reported as lost tiles.
    """

    rgb: Pixels
    scanned: Mask
    level: int
    downsample: float
    mpp: float
    lost_fraction: float


def read(
    slide: opening.Slide,
    file: FileFacts,
    slide_mpp: float,
    *,
    mpp: float,
    max_side_px: int = 2000,
    aliased: Collection[int] = (),
) -> Overview:
    """Read the best level once and shrink it by area, by a whole factor.

    Parameters
    ----------
    slide_mpp : um per level-0 pixel
    mpp : about the um per pixel of the overview
    max_side_px : about the maximum of the longer side
    aliased : levels that were shrunk by leaving pixels out: these are shrunk by 4 or more
    """
    longer = max(file.bounds.width, file.bounds.height)
    factor = max(1.0, mpp / slide_mpp, longer / max_side_px)
    usable = [d * (ALIASED_SHRINK if i in aliased else 1) for i, d in enumerate(file.downsamples)]
    level = level_for(usable, factor)
    whole = max(1, round(factor / file.downsamples[level]))
    picture, lost = _shrunk_level(slide, file, level, whole)
    rgb = opening.over_glass(picture, (255, 255, 255))
    if lost.any():
        rgb = np.asarray(cv2.inpaint(rgb, lost, INPAINT_PX, cv2.INPAINT_TELEA), np.uint8)
    downsample = whole * file.downsamples[level]
    return Overview(
        rgb=rgb,
        scanned=np.asarray((picture[..., 3] > 127) | (lost > 0)),
        level=level,
        downsample=downsample,
        mpp=downsample * slide_mpp,
        lost_fraction=round(float((lost > 0).mean()), 4),
    )


def _shrunk_level(
    slide: opening.Slide, file: FileFacts, level: int, whole: int
) -> tuple[Pixels, Pixels]:
    """The bounds at one level, shrunk by a whole factor: premultiplied BGRA, and lost pixels."""
    bounds, scale = file.bounds, whole * file.downsamples[level]
    columns, rows = max(1, int(bounds.width / scale)), max(1, int(bounds.height / scale))
    out = np.zeros((rows, columns, 4), np.uint8)
    lost = np.zeros((rows, columns), np.uint8)
    waiting = list(_blocks(0, 0, columns, rows, max(1, BLOCK_PX // whole)))
    failures = 0
    while waiting:
        column, row, w, h = waiting.pop()
        x, y = bounds.x + round(column * scale), bounds.y + round(row * scale)
        try:
            block = slide.read_premultiplied(level, x, y, w * whole, h * whole)
        except ReadError:
            failures += 1
            side = max(w, h) // 2
            if side * whole >= SMALLEST_BLOCK_PX and failures < MOST_RETRIES:
                waiting += _blocks(column, row, w, h, side)
            else:
                lost[row : row + h, column : column + w] = 255
            continue
        out[row : row + h, column : column + w] = cv2.resize(
            block, (w, h), interpolation=cv2.INTER_AREA
        )
    return out, lost


def _blocks(x: int, y: int, width: int, height: int, side: int) -> Iterator[tuple[int, ...]]:
    for top in range(y, y + height, side):
        for left in range(x, x + width, side):
            yield left, top, min(side, x + width - left), min(side, y + height - top)
