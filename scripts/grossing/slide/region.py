"""A rectangle of pixels as a reader gives it."""

import functools
import itertools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy.typing as npt

from grossing.support.types import Mask, Pixels

#: rows and columns of a picture
Place = tuple[slice, slice]


class Window(NamedTuple):
    """A part of a picture, px; `bottom` and `right` are the first beyond it."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.bottom - self.top, self.right - self.left

    def of(self, picture: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A view of the part of a picture."""
        return picture[self.seen_from()]

    def seen_from(self, y: int = 0, x: int = 0) -> Place:
        """Its rows and columns in a picture whose corner is at x, y."""
        return slice(self.top - y, self.bottom - y), slice(self.left - x, self.right - x)

    def shared(self, other: "Window") -> "Window | None":
        """What it shares with another; None if nothing."""
        top, left = max(self.top, other.top), max(self.left, other.left)
        bottom, right = min(self.bottom, other.bottom), min(self.right, other.right)
        return Window(top, bottom, left, right) if top < bottom and left < right else None


class Part(NamedTuple):
    """A stored tile's part in a rectangle that is shrunk, and what of it goes where.

    `row`, `column` of the tile, counted from that at the rectangle's corner; `whole`: all of it;
    its part `inside` the tile and in the `shrunk` rectangle, with `size` (width, height) there;
    `copies`: of the windows, which, where in it, from where in the tile.
    """

    row: int
    column: int
    whole: bool
    inside: Place
    shrunk: Place
    size: tuple[int, int]
    copies: list[tuple[int, Place, Place]]


@functools.lru_cache(maxsize=256)
def parts(
    x: int,
    y: int,
    w: int,
    h: int,
    tile_px: tuple[int, int],
    factor: int,
    windows: tuple[Window, ...],
) -> list[Part]:
    """The parts of a rectangle that is shrunk tile by tile; none if a pixel would lie on two tiles.

    The tiles of a slide lie over its stored tiles in a few ways only, each of which is worked out
    once.

    Parameters
    ----------
    x, y : of the rectangle's corner in its first stored tile, px
    w, h : of the rectangle, px
    tile_px : width and height of the stored tiles
    factor : by how much it shrinks
    windows : of the rectangle
    """
    wide, high = tile_px
    lefts, tops = range(-x, w, wide), range(-y, h, high)
    if any(at % factor for at in (w, h, *lefts[1:], *tops[1:])):
        return []
    found = []
    for (row, top), (column, left) in itertools.product(enumerate(tops), enumerate(lefts)):
        tile, corner = Window(top, top + high, left, left + wide), (top, left)
        part = tile.shared(Window(0, h, 0, w))
        assert part is not None
        shrunk = Window(*(at // factor for at in part))
        shared = [(n, window, window.shared(part)) for n, window in enumerate(windows)]
        copies = [
            (n, both.seen_from(window.top, window.left), both.seen_from(*corner))
            for n, window, both in shared
            if both is not None
        ]
        inside, size = part.seen_from(*corner), shrunk.shape[::-1]
        found.append(Part(row, column, part == tile, inside, shrunk.seen_from(), size, copies))
    return found


class Reduced(NamedTuple):
    """`rgb`, a rectangle at 1/n of its resolution, and `lines`, windows of it at its own."""

    rgb: Pixels
    lines: list[Pixels]


@dataclass(frozen=True, slots=True)
class Region:
    """`rgb` (h, w, 3) uint8; `absent` (h, w) bool, True where nothing was scanned, None if nowhere.

    Absent pixels have the glass colour. `decoders_disagree`: the fast reader refused a part that
    OpenSlide decodes, so that at least one of them takes damaged data for a picture.
    """

    rgb: Pixels
    absent: Mask | None = None
    decoders_disagree: bool = False

    @property
    def absent_fraction(self) -> float:
        return 0.0 if self.absent is None else float(self.absent.mean())
