"""Whether a slide's resolution levels show one picture, and which of them can be used.

The tissue comes from a coarse level and the tiles from a fine one. Levels that are padded to whole
stored tiles have another scale than their size tells, a label may be stored among the levels, and a
damaged index makes noise or a shuffled mosaic of any of them.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from grossing.measure import agreement
from grossing.slide.opening import Slide
from grossing.slide.record import FileFacts
from grossing.support.errors import ReadError, SlideError
from grossing.support.types import Pixels

#: grey levels (`agreement.overview_difference` in the level's own pixels); levels of sound slides
#: differ by up to 19 (other filters, compressed twice), padded ones by 160 and more
AGREEMENT_MAX = 40.0
PLACES = 6
PLACE_PX = 48  # side of a compared place in the coarser level,
MOST_LEVEL0_PX = 768  # if level 0 is not larger there
LEAST_PX = 8
FACTORS = (2, 4, 8, 16, 32, 64, 128, 256)
WHITE = (255, 255, 255)
LOG = logging.getLogger(__name__)

Point = tuple[int, int]


@dataclass(frozen=True)
class _Comparison:
    """Median difference from level 0 as the level states its scale, and at the scale found."""

    stated: float
    found: float
    factor: float

    @property
    def agrees(self) -> bool:
        return self.stated <= AGREEMENT_MAX and self.stated <= 2 * self.found


def trusted(
    slide: Slide, file: FileFacts, used: Sequence[int], places: Sequence[Point]
) -> FileFacts:
    """The file with every level marked that must not be used.

    Parameters
    ----------
    used : levels that will be read, besides those whose shape does not fit level 0
    places : level-0 px, centres of places with tissue

    Raises
    ------
    SlideError : no level confirms what level 0 shows.
    """
    odd = [i for i, level in enumerate(file.levels) if not level.trusted]
    checked = sorted({*used, *odd} - {0})
    comparisons = {level: _compare(slide, file, level, places) for level in checked}
    known = {level: c for level, c in comparisons.items() if c is not None}
    agrees = {level for level, c in known.items() if c.agrees} - set(odd)
    padded = {level for level, c in known.items() if c.found <= AGREEMENT_MAX} - agrees
    if known and not (agrees or padded):
        level, worst = min(known.items(), key=lambda item: item[1].found)
        raise SlideError(
            "levels_disagree",
            f"level {level} differs from level 0 by {worst.found:.0f} grey levels "
            f"at {len(places)} places (limit {AGREEMENT_MAX:g})",
            "copy or scan the slide again: one of its levels shows another picture",
        )
    for level in sorted(set(known) - agrees):
        LOG.warning(
            "level %d is not used: it differs from level 0 by %.0f grey levels (%.0f at scale %g)",
            level,
            known[level].stated,
            known[level].found,
            known[level].factor,
        )
    rejected = set(known) - agrees
    levels = tuple(
        replace(level, trusted=level.trusted and i not in rejected)
        for i, level in enumerate(file.levels)
    )
    return replace(file, levels=levels)


def _compare(
    slide: Slide, file: FileFacts, level: int, places: Sequence[Point]
) -> _Comparison | None:
    """A level against level 0; None where nothing can be compared."""
    extent = file.levels[level]
    reach = min(round(PLACE_PX * extent.downsample), MOST_LEVEL0_PX)
    if min(extent.width_px, extent.height_px, reach / extent.downsample) < LEAST_PX:
        return None
    patches = [(place, _level0(slide, file, place, reach)) for place in places]
    shown = [(place, patch) for place, patch in patches if patch is not None]
    if not shown:
        return None
    stated = _difference(slide, file, level, shown, reach, extent.downsample)
    others = {
        float(factor): _difference(slide, file, level, shown, reach, factor)
        for factor in _other_factors(file, level)
    }
    best = min(others, key=lambda factor: others[factor], default=extent.downsample)
    return _Comparison(stated, min(stated, others.get(best, stated)), best)


def _other_factors(file: FileFacts, level: int) -> list[int]:
    """Scales that a level may have instead of the one that its size tells.

    None where that is a whole factor but for the rounding of its size: nothing is padded then.
    """
    extent = file.levels[level]
    factor = round(extent.downsample)
    sides = ((file.width_px, extent.width_px), (file.height_px, extent.height_px))
    if all(abs(whole / factor - side) <= 1 for whole, side in sides):
        return []
    return [f for f in FACTORS if 0.4 < f / extent.downsample < 2.5]


def _level0(slide: Slide, file: FileFacts, place: Point, side: int) -> Pixels | None:
    x, y = (max(0, at - side // 2) for at in place)
    w, h = min(side, file.width_px - x), min(side, file.height_px - y)
    try:
        return slide.read(0, x, y, w, h, WHITE)
    except ReadError:
        return None


def _difference(
    slide: Slide,
    file: FileFacts,
    level: int,
    patches: Sequence[tuple[Point, Pixels]],
    side: int,
    factor: float,
) -> float:
    """Median difference of the patches from the level, if that is `factor` coarser than level 0."""
    stated = file.levels[level].downsample
    differences = []
    for place, patch in patches:
        x, y = (max(0, at - side // 2) for at in place)
        w, h = max(2, round(patch.shape[1] / factor)), max(2, round(patch.shape[0] / factor))
        try:
            there = slide.read(
                level, round(x / factor * stated), round(y / factor * stated), w, h, WHITE
            )
        except ReadError:
            continue
        small = cv2.resize(patch, (w, h), interpolation=cv2.INTER_AREA)
        square = min(w, h)
        value = agreement.overview_difference(
            np.asarray(small[:square, :square], np.uint8), there, 0, 0, square
        )
        if value is not None:
            differences.append(value)
    return float(np.median(differences)) if differences else 255.0
