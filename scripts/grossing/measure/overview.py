"""The whole slide as one small picture, and its thumbnail, read in blocks: bounded memory."""

import contextlib
import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from grossing.slide import opening
from grossing.slide.facts import level_for
from grossing.slide.record import FileFacts
from grossing.support.errors import ReadError
from grossing.support.types import Mask, Pixels

BLOCK_PX = 2048
SMALLEST_BLOCK_PX = 128
MOST_RETRIES = 400  # a reopened handle costs milliseconds: a mostly damaged slide must end quickly
INPAINT_PX = 3
HOLE_PX = 512  # side of the squares in which holes of a level are filled
ALIASED_SHRINK = 4
WHITE = (255, 255, 255)
THUMBNAIL_PX = 1024  # longer side
MOST_READ_PX = 4608  # longer side of a level that is read for the thumbnail alone


class Levels(Protocol):
    """What an overview is read from: a slide (`opening.Slide`), or a page of a TIFF."""

    def read_stored(self, level: int, x: int, y: int, w: int, h: int) -> Pixels: ...
    def read_premultiplied(self, level: int, x: int, y: int, w: int, h: int) -> Pixels: ...


@dataclass(frozen=True)
class Overview:
    """Small picture of the scanned bounds.

    `rgb` (H, W, 3) uint8, white where nothing was scanned; `detail` (n H, n W, 3) the same read for
    the thumbnail, `rgb` itself where that is large enough; `scanned` (H, W) bool; `level` that it
    was read from; `downsample` level-0 px per pixel, from the origin of the bounds; `mpp` um per
    pixel; `lost_fraction` of the picture did not decode and was filled in from its surroundings, so
    that damaged tissue stays a candidate and is reported as lost tiles.
    """

    rgb: Pixels
    detail: Pixels
    scanned: Mask
    level: int
    downsample: float
    mpp: float
    lost_fraction: float


def read(
    slide: Levels,
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
    parts = _parts(longer / (whole * file.downsamples[level]), whole)
    picture, detail, lost = _shrunk_level(slide, file, level, whole, parts)
    rgb = opening.over_glass(picture, WHITE)
    if lost.any():
        rgb = np.asarray(cv2.inpaint(rgb, lost, INPAINT_PX, cv2.INPAINT_TELEA), np.uint8)
    downsample = whole * file.downsamples[level]
    return Overview(
        rgb=rgb,
        detail=rgb if parts == 1 else _filled(opening.over_glass(detail, WHITE), lost, rgb),
        scanned=np.asarray((picture[..., 3] >= opening.SCANNED_ALPHA) | (lost > 0)),
        level=level,
        downsample=downsample,
        mpp=downsample * slide_mpp,
        lost_fraction=round(float((lost > 0).mean()), 4),
    )


def thumbnail(slide: Levels, file: FileFacts, small: Overview, glass: Pixels) -> Pixels:
    """The overview with a longer side of 1024 px, from the read that made it where that suffices.

    Else from the next finer level, unless that is a large read; smaller where the slide has fewer
    pixels.

    Parameters
    ----------
    file : with the levels that may be used
    glass : (3,) uint8 colour of what was not scanned

    Returns
    -------
    (h, w, 3) uint8 RGB.
    """
    detail = small.detail
    if max(detail.shape) < THUMBNAIL_PX:
        detail = _from_finer(slide, file, small)
    size = detail.shape[1::-1]
    if not small.scanned.all():
        gaps = cv2.resize((~small.scanned).view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
        detail = np.where(gaps[..., None] > 0, glass, detail)
    scale = min(1.0, THUMBNAIL_PX / max(size))
    size = tuple(max(1, round(side * scale)) for side in size)
    return np.asarray(cv2.resize(detail, size, interpolation=cv2.INTER_AREA), np.uint8)


def _from_finer(slide: Levels, file: FileFacts, small: Overview) -> Pixels:
    """The overview from a finer level; its own detail where there is none, or only a large one."""
    bounds = file.bounds
    longer = max(bounds.width, bounds.height)
    level = level_for(file.downsamples, longer / THUMBNAIL_PX)
    downsample = file.downsamples[level]
    if level == small.level or not longer / MOST_READ_PX <= downsample < small.downsample:
        return small.detail
    whole = max(1, int(longer / downsample / THUMBNAIL_PX))
    picture, _, lost = _shrunk_level(slide, file, level, whole, 1)
    return _filled(opening.over_glass(picture, WHITE), lost, small.rgb)


def _parts(longer_px: float, whole: int) -> int:
    """Into how many parts a pixel is divided along each side so that thumbnails have detail.

    Parameters
    ----------
    longer_px : longer side of the overview
    whole : level pixels per pixel of the overview; a divisor of it is shrunk several times faster
    """
    need = min(whole, math.ceil(THUMBNAIL_PX / longer_px))
    most = min(whole, int(2 * THUMBNAIL_PX / longer_px))
    return next((n for n in range(need, most + 1) if whole % n == 0), need)


def _filled(rgb: Pixels, lost: Pixels, coarse: Pixels) -> Pixels:
    """A picture whose lost pixels are those of a coarser one that has none."""
    if not lost.any():
        return rgb
    size = rgb.shape[1::-1]
    gaps = cv2.resize(lost, size, interpolation=cv2.INTER_NEAREST)[..., None] > 0
    return np.where(gaps, cv2.resize(coarse, size, interpolation=cv2.INTER_LINEAR), rgb)


def _shrunk_level(
    slide: Levels, file: FileFacts, level: int, whole: int, parts: int
) -> tuple[Pixels, Pixels, Pixels]:
    """The bounds at one level, shrunk by a whole factor, and with `parts` times its pixels a side.

    Both are premultiplied BGRA; last, the lost pixels of the first.
    """
    bounds, scale = file.bounds, whole * file.downsamples[level]
    columns, rows = max(1, int(bounds.width / scale)), max(1, int(bounds.height / scale))
    out = np.zeros((rows, columns, 4), np.uint8)
    detail = out if parts == 1 else np.zeros((rows * parts, columns * parts, 4), np.uint8)
    lost = np.zeros((rows, columns), np.uint8)
    waiting = list(_blocks(0, 0, columns, rows, max(1, BLOCK_PX // whole)))
    failures = 0
    while waiting:
        column, row, w, h = waiting.pop()
        x, y = bounds.x + round(column * scale), bounds.y + round(row * scale)
        try:
            block = _read(slide, file, level, x, y, w * whole, h * whole)
        except ReadError:
            failures += 1
            side = max(w, h) // 2
            if side * whole >= SMALLEST_BLOCK_PX and failures < MOST_RETRIES:
                waiting += _blocks(column, row, w, h, side)
            else:
                lost[row : row + h, column : column + w] = 255
            continue
        _put_shrunk(block, out, column, row, w, h)
        if parts > 1:
            _put_shrunk(block, detail, *(parts * place for place in (column, row, w, h)))
    return out, detail, lost


def _put_shrunk(block: Pixels, to: Pixels, x: int, y: int, w: int, h: int) -> None:
    small = cv2.resize(block, (w, h), interpolation=cv2.INTER_AREA)
    opaque = block.shape[2] == 3
    to[y : y + h, x : x + w] = cv2.cvtColor(small, cv2.COLOR_RGB2BGRA) if opaque else small


def _read(slide: Levels, file: FileFacts, level: int, x: int, y: int, w: int, h: int) -> Pixels:
    """RGB, or premultiplied BGRA, of one level; what it lacks comes from the next finer level."""
    block = slide.read_stored(level, x, y, w, h)
    own = file.downsamples[level]
    finer = max((i for i, d in enumerate(file.downsamples) if d < own), default=None)
    if finer is None or block.shape[2] == 3 or opening.lowest_alpha(block) >= opening.SCANNED_ALPHA:
        return block
    scale = own / file.downsamples[finer]
    for left, top, width, height in _blocks(0, 0, w, h, HOLE_PX):
        part = block[top : top + height, left : left + width]
        gaps = part[..., 3] < opening.SCANNED_ALPHA
        if not gaps.any():
            continue
        place = (x + round(left * own), y + round(top * own))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        with contextlib.suppress(ReadError):
            fine = slide.read_premultiplied(finer, *place, *size)
            shrunk = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
            part[gaps] = shrunk[gaps]
    return block


def _blocks(x: int, y: int, width: int, height: int, side: int) -> Iterator[tuple[int, ...]]:
    for top in range(y, y + height, side):
        for left in range(x, x + width, side):
            yield left, top, min(side, x + width - left), min(side, y + height - top)
