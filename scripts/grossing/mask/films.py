"""Ink that lies over glass and tissue alike, on an overview of about 8 um/px.

A stroke across the edge of the tissue is a film. On the glass it is even and shows the ink's
density; over the tissue the same density is added to whatever is below, so that it is not even
there and has another colour. Tissue may be as even on the glass, but adds nothing to the tissue
beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from grossing.mask import strokes
from grossing.mask.glass import LIGHT
from grossing.mask.ink_density import Densities, Numbers, Overview, Tissue, density_of
from grossing.mask.shapes import as_bool, as_byte, commonest, disc, grown, odd, opened
from grossing.support.types import Mask, Pixels

Place = tuple[slice, slice]

LEAST_EVEN_PX, LEAST_PIECE_PX = 60, 30  # of the overview: of an ink; of each even area
SEED_PX = 3  # width of an even area
LEAST_DEPTH = 30  # grey levels
ON_GLASS = 0.1  # share of the surroundings
ONE_COLOUR, COLOURS = 20, 3  # grey levels around the commonest colour of a piece; such colours
MOST_INKS = 4
ONE_INK, ITS_COLOUR = 0.25, 0.12  # difference, of its density
WORKING_MPP = 16.0
LEAST_PX, LEAST_FILM_PX = 12, 40  # at 16 um/px: of either part of a film; of both
LEAST_TISSUE_PX = 75  # at 16 um/px, without ink
EVEN_SHARE = 0.25  # of what has the colour of the ink alone: less is tissue of that colour
ALONG_GLASS = 0.18  # of its rim: tissue of its colour has less
ROUNDS = 2
AROUND_PX, MORE_TISSUE = 15, 2  # side of the square around a place; tissue by glass within it
TOLD_DEVIATION = 0.25  # of the amount of the ink: what this tissue varies by itself
SOFT_PX = 2  # of the width on the glass, which is paler there
SHORT, LONG = 1.5, 2.5  # widths: a disc has less than 1
AS_WIDE, WIDER = 0.35, 2.0  # of the width on the glass: less is a rim; strokes that cross are wider
FEW = 0.25  # pieces of a film, of all that have its density


@dataclass
class _Ink:
    """Density of each channel, (3,), and even areas of it on the glass, each with its corner."""

    density: Numbers
    areas: list[tuple[int, int, Mask]]

    @property
    def px(self) -> int:
        return sum(int(np.count_nonzero(area)) for _, _, area in self.areas)

    def seeds(self, shape: tuple[int, ...]) -> Mask:
        """The areas in a picture of this shape."""
        seeds = np.zeros(shape, np.bool_)
        for top, left, area in self.areas:
            height, width = area.shape
            seeds[top : top + height, left : left + width] |= area
        return seeds


def find(picture: Overview, even: Mask, shown: Mask, whole: Mask, mpp: float) -> Mask:
    """Films of ink of any colour that continue from the glass over the tissue.

    Parameters
    ----------
    picture : divided by its glass, which is 240
    even : (H, W) bool, where the picture is even within 3 x 3 px, and no glass
    shown : (H, W) bool, what is darker than the glass
    whole : (H, W) bool, the tissue with what ink hides of it
    mpp : um per pixel

    Returns
    -------
    (H, W) bool : both parts of the films, on the glass and over the tissue, and what has the same
    ink elsewhere on the tissue.

    Notes
    -----
    Misses ink whose parts on the glass are narrower than 8 px, hold less than 60 even px together
    or are uneven, and ink that this tissue varies by itself as much as the film differs.
    """
    inks = _inks(picture.rgb, even, shown)
    if not inks:
        return np.zeros(whole.shape, np.bool_)
    factor = min(1.0, mpp / WORKING_MPP)
    small, seen = (strokes.scaled(mask, factor) for mask in (whole, shown))
    densities = picture.densities(small.shape)
    drawn = np.zeros(small.shape, np.bool_)
    for ink in inks:
        alone = _alone(picture.rgb, ink, shown)
        if alone is not None:
            alone = strokes.scaled(alone, factor)
            over = _over(densities, ink.density, small, alone, seen)
            drawn |= _film(alone & ~over, over, seen)
    size = whole.shape[::-1]
    return as_bool(cv2.resize(as_byte(drawn), size, interpolation=cv2.INTER_NEAREST))


def _inks(rgb: Pixels, even: Mask, shown: Mask) -> list[_Ink]:
    """Even areas of one colour that border on glass, together where they are of one ink."""
    inks: list[_Ink] = []
    for place, body in _pieces(opened(even, SEED_PX), LEAST_PIECE_PX):
        if shown[place].all():
            continue
        left, seen = body.copy(), rgb[place].astype(np.int16)
        for _ in range(COLOURS):
            if np.count_nonzero(left) < LEAST_PIECE_PX:
                break
            colour = commonest(seen[left])
            part = opened(left & (np.abs(seen - colour).max(axis=2) <= ONE_COLOUR), SEED_PX)
            left &= ~part
            for within, seeds in _pieces(part, LEAST_PIECE_PX):
                colours = rgb[place][within][seeds]
                if _on_glass(seeds, shown[place][within]) and _is_deep(colours):
                    y, x = (a.start + b.start for a, b in zip(place, within, strict=True))
                    _of_density(inks, _density(colours)).areas.append((y, x, seeds))
    inks = [ink for ink in inks if ink.px >= LEAST_EVEN_PX]
    return sorted(inks, key=lambda ink: -ink.px)[:MOST_INKS]


def _of_density(inks: list[_Ink], density: Numbers) -> _Ink:
    """The ink of this density, which is added where it is a new one."""
    for ink in inks:
        if np.linalg.norm(ink.density - density) <= ONE_INK * np.linalg.norm(ink.density):
            return ink
    inks.append(_Ink(density, []))
    return inks[-1]


def _pieces(mask: Mask, least_px: int) -> Iterator[tuple[Place, Mask]]:
    """Places of large pieces, with a margin, and the piece."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(as_byte(mask))
    for label in np.flatnonzero(stats[:, cv2.CC_STAT_AREA] >= least_px):
        if label:
            x, y, w, h = stats[label, :4]
            place = slice(max(0, y - 8), y + h + 8), slice(max(0, x - 8), x + w + 8)
            yield place, labels[place] == label


def _is_deep(colours: Pixels) -> bool:
    return bool(LIGHT - colours.mean(axis=0).min() >= LEAST_DEPTH)


def _density(colours: Pixels) -> Numbers:
    return np.asarray(density_of(colours.mean(axis=0)), np.float64)


def _on_glass(seeds: Mask, shown: Mask) -> bool:
    """Whether there is glass around an even area, beyond its soft rim."""
    beside = _wider(seeds, 15) & ~_wider(seeds, 9)
    return bool(np.count_nonzero(beside & ~shown) > ON_GLASS * np.count_nonzero(beside))


def _wider(mask: Mask, size: int) -> Mask:
    return as_bool(cv2.dilate(as_byte(mask), disc(size)))


def _alone(rgb: Pixels, ink: _Ink, shown: Mask) -> Mask | None:
    """Where the ink is seen by itself; None where most of that is not even or not on the glass."""
    off = ITS_COLOUR * np.linalg.norm(ink.density)
    lowest, highest = (LIGHT * np.exp(-ink.density - sign * off) for sign in (1, -1))
    alone = as_bool(cv2.inRange(rgb, lowest, highest)) & shown
    alone = grown(ink.seeds(shown.shape), alone, 1)
    is_even = ink.px >= EVEN_SHARE * np.count_nonzero(alone)
    rim = _wider(alone, 9) & ~_wider(alone, 5)
    on_glass = np.count_nonzero(rim & ~shown) >= ALONG_GLASS * np.count_nonzero(rim)
    return alone if is_even and on_glass else None


def _over(densities: list[Densities], ink: Numbers, whole: Mask, alone: Mask, seen: Mask) -> Mask:
    """Where the tissue has at least half of the ink's density more than the tissue around.

    What the tissue is like is told without what was found, once more. Ink over pale tissue looks
    as it does alone; it lies over tissue where there is more of that than glass around.
    """
    tissue = whole & ~_wider(alone, 5)
    on_glass = alone & (_around(tissue) <= MORE_TISSUE * _around(~seen))
    where = whole & ~_wider(on_glass, 5)
    over, deviation = np.zeros(tissue.shape, np.bool_), 1.0
    for _ in range(ROUNDS):
        plain = tissue & ~over
        if np.count_nonzero(plain) < LEAST_TISSUE_PX:
            break
        sample = Tissue(densities, plain)
        excess, deviation = sample.excess(sample.amount(ink))
        over = where & (excess > 0.5)
    return over if deviation <= TOLD_DEVIATION else np.zeros(tissue.shape, np.bool_)


def _around(mask: Mask) -> Densities:
    """Its share of the square around each place."""
    return np.asarray(cv2.blur(mask.astype(np.float32), (AROUND_PX,) * 2), np.float32)


def _film(alone: Mask, over: Mask, seen: Mask) -> Mask:
    """Pieces that are no wider than strokes, if some of them continue from the glass.

    The others count where they are few: many are the texture of this tissue.
    """
    film = as_bool(cv2.morphologyEx(as_byte(alone | over), cv2.MORPH_CLOSE, disc(5)))
    width = strokes.width_of(alone)
    widest = odd(WIDER * (width + SOFT_PX))
    drawn, others = np.zeros(film.shape, np.bool_), np.zeros(film.shape, np.bool_)
    continuing = apart = 0
    for place, body in _pieces(opened(film & seen, 3), LEAST_FILM_PX):
        length = np.count_nonzero(body) / strokes.width_of(body) ** 2
        if length < LONG:
            body &= ~strokes.without_narrow(body, widest)
        if length < SHORT or np.count_nonzero(body) < LEAST_FILM_PX:
            continue
        if _continues(body & alone[place], body & over[place], AS_WIDE * width):
            continuing += 1
            drawn[place] |= body
        else:
            apart += 1
            others[place] |= body
    return drawn | others if continuing >= FEW * (continuing + apart) else drawn


def _continues(alone: Mask, over: Mask, width: float) -> bool:
    """Whether both parts are large, and that over the tissue is of this width at least."""
    least = min(np.count_nonzero(alone), np.count_nonzero(over))
    return bool(least >= LEAST_PX and strokes.width_of(over) >= width)
