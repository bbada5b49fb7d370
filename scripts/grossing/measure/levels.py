"""Whether a slide's resolution levels show one picture, and which of them can be used.

The tissue comes from a coarse level and the tiles from a fine one. Levels that are padded to whole
stored tiles have another scale than their size tells, a label may be stored among the levels, and a
damaged index makes noise or a shuffled mosaic of any of them.
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from grossing.measure import agreement
from grossing.slide import opening
from grossing.slide.opening import Slide
from grossing.slide.record import FileFacts, Level
from grossing.support.errors import ReadError, SlideError
from grossing.support.types import Mask, Pixels

#: grey levels (`agreement.overview_difference` in the level's own pixels): levels of sound slides
#: differ by up to 12, by up to 26 where they were shrunk by leaving pixels out; others by 48 and
#: more
AGREEMENT_MAX = 30.0
NOISE = 8.0  # grey levels by which a sound level may differ more than at another scale: even places
#: a level was shrunk by leaving pixels out if it has more detail (gradient energy) than the mean of
#: level 0, by this factor, and differs by more than this from it
ALIASED_DETAIL, ALIASED_DIFFERENCE = 1.5, 5.0
PLACES = 6
PLACE_PX = 48  # side of a compared place in the coarser level,
MOST_LEVEL0_PX = 512  # if level 0 is not larger there
LEAST_PX = 6
LEAST_DETAIL = 1.0  # of even places
MOST_ABSENT = 0.5  # of a place: the rest is compared
AREA = cv2.INTER_AREA
FACTORS = (*range(2, 17), 32, 64, 128, 256)
WHITE = (255, 255, 255)
LOG = logging.getLogger(__name__)

Point = tuple[int, int]


@dataclass(frozen=True)
class _Place:
    """Pixels of level 0, and where they lie there; `absent` (h, w) bool were never scanned."""

    x: int
    y: int
    rgb: Pixels
    absent: Mask


@dataclass(frozen=True)
class _Comparison:
    """Median difference from level 0 as the level states its scale, and at the scale found.

    Infinite where the level does not decode. `detail` is its gradient energy at the stated
    scale, as a multiple of that of level 0's mean.
    """

    stated: float
    detail: float
    found: float
    factor: float

    @property
    def agrees(self) -> bool:
        return self.stated <= AGREEMENT_MAX and self.stated <= 2 * self.found + NOISE

    @property
    def rescaled(self) -> bool:
        """Whether it shows level 0, but at another scale than its size tells."""
        return self.found <= AGREEMENT_MAX and not self.agrees

    @property
    def aliased(self) -> bool:
        rough = self.detail > ALIASED_DETAIL and self.stated > ALIASED_DIFFERENCE
        return self.agrees and rough

    def __str__(self) -> str:
        if self.stated == math.inf:
            return "it does not decode"
        text = f"it differs from level 0 by {self.stated:.0f} grey levels"
        return text + (f" ({self.found:.0f} at scale {self.factor:g})" if self.rescaled else "")


@dataclass(frozen=True)
class Checked:
    """The file with every level marked that must not be used.

    `aliased` levels are right, but were shrunk by leaving pixels out: they are too rough to be
    compared with. `scales` are level-0 px per px of each level: its downsample, or where its size
    was rounded the whole factor, if it agrees better.
    """

    file: FileFacts
    aliased: frozenset[int] = frozenset()
    scales: tuple[float, ...] = ()

    def without(self, level: int) -> "Checked":
        """A level marked that does not decode."""
        LOG.warning("level %d is not used: it does not decode", level)
        levels = list(self.file.levels)
        levels[level] = replace(levels[level], trusted=False)
        return replace(self, file=replace(self.file, levels=tuple(levels)))


def check(slide: Slide, file: FileFacts, places: Sequence[Point]) -> Checked:
    """All levels compared with level 0.

    Parameters
    ----------
    places : level-0 px, centres of places with tissue

    Raises
    ------
    SlideError : levels differ from level 0, and none confirms what it shows.
    """
    sides = [_reach(level) for level in file.levels[1:]]
    shown = _level0(slide, file, places, max(sides, default=0))
    every = {level: _compare(slide, file, level, shown) for level in range(1, len(file.levels))}
    known = {level: c for level, c in every.items() if c is not None}
    fitting = {level: known[level] for level in known if file.levels[level].trusted}
    against = {level: c for level, c in fitting.items() if AGREEMENT_MAX < c.found < math.inf}
    confirmed = any(c.rescaled for c in known.values()) or any(c.agrees for c in fitting.values())
    if against and not confirmed:
        level, worst = min(against.items(), key=lambda item: item[1].found)
        raise SlideError(
            "levels_disagree",
            f"level {level} differs from level 0 by {worst.found:.0f} grey levels "
            f"at {len(shown)} places (limit {AGREEMENT_MAX:g})",
        )
    rejected = {level for level, c in fitting.items() if not c.agrees}
    for level in rejected:
        LOG.warning("level %d is not used: %s", level, known[level])
    levels = tuple(
        replace(level, trusted=level.trusted and i not in rejected)
        for i, level in enumerate(file.levels)
    )
    aliased = frozenset(level for level, c in fitting.items() if c.aliased)
    scales = tuple(
        known[i].factor if i in known and levels[i].trusted else level.downsample
        for i, level in enumerate(levels)
    )
    return Checked(replace(file, levels=levels), aliased, scales)


def _reach(level: Level) -> int:
    """Side of a compared place in level-0 px; 0 where that is too small in the level."""
    reach = min(round(PLACE_PX * level.downsample), MOST_LEVEL0_PX)
    small = min(level.width_px, level.height_px, reach / level.downsample) < LEAST_PX
    return 0 if small else reach


def _level0(slide: Slide, file: FileFacts, places: Sequence[Point], side: int) -> list[_Place]:
    """The places as level 0 shows them; those that do not decode are left out."""
    shown = []
    for place in places if side else ():
        x, y = (max(0, at - side // 2) for at in place)
        w, h = min(side, file.width_px - x), min(side, file.height_px - y)
        try:
            shown.append(_Place(x, y, *_read(slide, 0, x, y, w, h)))
        except ReadError as error:
            LOG.warning("level 0 at %d,%d does not decode: %s", x, y, error)
    return shown


def _read(slide: Slide, level: int, x: int, y: int, w: int, h: int) -> tuple[Pixels, Mask]:
    """RGB and what was never scanned."""
    bgra = slide.read_premultiplied(level, x, y, w, h)
    return opening.over_glass(bgra, WHITE), bgra[..., 3] < opening.SCANNED_ALPHA


def _compare(
    slide: Slide, file: FileFacts, level: int, shown: Sequence[_Place]
) -> _Comparison | None:
    """A level against level 0; None where nothing can be compared."""
    extent = file.levels[level]
    reach = _reach(extent)
    if not (reach and shown):
        return None
    as_stated = _difference(slide, file, level, shown, extent.downsample)
    if as_stated is None:
        return None
    stated, detail = as_stated
    best, found = extent.downsample, stated
    for factor in _other_factors(file, level):
        other = _difference(slide, file, level, shown, factor)
        if other is not None and other[0] < found:
            best, found = float(factor), other[0]
    return _Comparison(stated, detail, found, best)


def _other_factors(file: FileFacts, level: int) -> list[int]:
    """Scales that a level may have instead of the one that its size tells.

    Where that is a whole factor but for the rounding of its size nothing is padded; OpenSlide takes
    the mean of both sides, which is another factor on long and narrow slides.
    """
    extent = file.levels[level]
    factor = round(extent.downsample)
    if factor == extent.downsample:
        return []
    sides = ((file.width_px, extent.width_px), (file.height_px, extent.height_px))
    if all(abs(whole / factor - side) <= 1 for whole, side in sides):
        return [factor]
    return [f for f in FACTORS if 0.4 < f / extent.downsample < 2.5]


def _difference(
    slide: Slide, file: FileFacts, level: int, shown: Sequence[_Place], factor: float
) -> tuple[float, float] | None:
    """Median difference from the level, if that is `factor` coarser than level 0, and its detail.

    The difference is infinite where no place decodes, None where none can be compared.
    """
    results, failed = [], 0
    for place in shown:
        try:
            result = _at_place(slide, level, file.levels[level].downsample, place, factor)
        except ReadError:
            failed += 1
            continue
        if result is not None:
            results.append(result)
    if not results:
        return (math.inf, 0.0) if failed else None
    difference, detail = np.median(results, axis=0).tolist()
    return difference, detail


def _at_place(
    slide: Slide, level: int, stated: float, place: _Place, factor: float
) -> tuple[float, float] | None:
    """Difference and detail of a level at one place; None where that is small or never scanned."""
    height, width = place.rgb.shape[:2]
    x, w = _inside(place.x, width, factor)
    y, h = _inside(place.y, height, factor)
    if min(w, h) < LEAST_PX:
        return None
    there, absent = _read(slide, level, round(x * stated), round(y * stated), w, h)
    left, top = round(x * factor) - place.x, round(y * factor) - place.y
    part = (slice(top, top + round(h * factor)), slice(left, left + round(w * factor)))
    absent |= cv2.resize(place.absent[part].astype(np.float32), (w, h), interpolation=AREA) > 0
    if absent.mean() > MOST_ABSENT:
        return None
    small = np.asarray(cv2.resize(place.rgb[part], (w, h), interpolation=AREA), np.uint8)
    small[absent] = there[absent]
    side = min(w, h)
    value = agreement.overview_difference(small[:side, :side], there, 0, 0, side)
    if value is None:
        return None
    return value, _detail(there) / max(_detail(small), LEAST_DETAIL)


def _inside(start: int, side: int, factor: float) -> tuple[int, int]:
    """Pixels of a coarser level inside a stretch of level 0: the first and their number.

    At most `PLACE_PX`, from the middle.
    """
    first = math.ceil(start / factor)
    count = math.floor((start + side) / factor) - first
    spare = max(0, count - PLACE_PX)
    return first + spare // 2, count - spare


def _detail(rgb: Pixels) -> float:
    """Gradient energy: mean squared difference of neighbouring pixels of the grey picture."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float(np.square(np.diff(grey, axis=0)).mean() + np.square(np.diff(grey, axis=1)).mean())
