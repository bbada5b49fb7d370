"""Connected pieces of an overview, and which of them have the shape and the colour of ink."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask.shapes import as_bool, as_byte, disc
from grossing.support.types import Mask, Pixels

FAINTEST = 14  # grey levels below the glass, in the darkest channel
LEAST_PX, LEAST_STROKE_PX = 40, 300  # of an even piece; of a stroke of tissue's colours
MOST_PX = 0.25  # of the picture: larger even pieces are no strokes
LEAST_EVEN, MOSTLY_EVEN = 0.3, 0.55  # share of a piece that is even, not only nearly so
LEAST_DEPTH = 30  # grey levels
GREEN = 1  # the channel that hematoxylin and eosin absorb most
ON_GLASS, LONG_ON_GLASS, FOREIGN_LENGTH = 0.3, 2.5, 1.0  # share of the rim; widths
LONG, RIBBON, STRONG, STRONG_STEP = 3.5, 1.55, 180, 50
VERY_COLOUR = 0.07
LEAST_BLUE = 0.38  # of what red is above green: less in red ink and blood
EVEN_AS_TISSUE = 0.65  # share of a piece of tissue's hue: dense lymphoid tissue has .65 to .85
BROAD_PX = 10.0
WHOLLY_EVEN = 0.85  # share of a piece: more than any tissue has along the glass
ACROSS_GLASS = 0.15  # of the rim of a long piece
BLOOD_DEPTH, TAN = 150, -0.6  # lysed blood is paler; its blue above green, of what red is
LONGEST_LAKE = 6.0  # widths


@dataclass(frozen=True, eq=False)
class Piece:
    """A connected piece and its surroundings."""

    rows: slice
    columns: slice
    body: Mask
    width: float
    colour: npt.NDArray[np.float64]
    deviation: float
    depth: float
    step: float
    glass: float
    even: float

    @property
    def area(self) -> int:
        """Pixels."""
        return int(np.count_nonzero(self.body))

    @property
    def length(self) -> float:
        """Length in widths."""
        return self.area / self.width**2

    @property
    def ribbon(self) -> float:
        """Its outline times its width over twice its area: 1 for a ribbon, 2 for a disc."""
        outlines, _ = cv2.findContours(
            as_byte(np.pad(self.body, 1)), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE
        )
        length = sum(cv2.arcLength(outline, True) for outline in outlines)
        return float(length * self.width / (2 * self.area))

    @property
    def has_tissues_hue(self) -> bool:
        """Whether its colour is that of a stain or a mixture of stains, as no red ink's is."""
        red, green, blue = self.colour
        return bool(self.colour.argmin() == GREEN and blue - green >= LEAST_BLUE * (red - green))

    @property
    def is_on_glass(self) -> bool:
        return self.glass >= ON_GLASS

    @property
    def is_ribbon(self) -> bool:
        """Whether it is large, long and of one width."""
        return self.area >= LEAST_STROKE_PX and self.length >= LONG and self.ribbon <= RIBBON

    @property
    def is_broad_ribbon(self) -> bool:
        """Whether it is a ribbon that is broader than most folds."""
        return self.width >= BROAD_PX and self.is_ribbon

    @property
    def is_drawn(self) -> bool:
        """Whether it is long and leads from tissue to glass, as lakes of blood do not."""
        return self.glass >= ACROSS_GLASS and self.length >= LONG

    @property
    def may_be_blood(self) -> bool:
        """Whether it has a colour of lysed blood, pale red to tan, and is no clear stroke."""
        red, green, blue = self.colour
        bloody = self.depth < BLOOD_DEPTH and red > blue >= green + TAN * (red - green)
        return bool(bloody and (self.length < LONGEST_LAKE or self.ribbon > RIBBON))

    @property
    def is_stroke(self) -> bool:
        """Whether it has the shape and the evenness of a stroke, and is no lysed blood."""
        return self.looks_drawn and not self.may_be_blood

    @property
    def looks_drawn(self) -> bool:
        """Whether it has the shape and the evenness of a stroke; lysed blood may have them too."""
        strong = self.depth >= STRONG
        if not self.is_on_glass:
            red, _, blue = self.colour
            fold = self.colour.argmin() == GREEN and blue >= red  # as dark as ink, and purple
            crossing = strong and self.step >= STRONG_STEP and not fold
            return crossing and self.length >= LONG and self.ribbon <= RIBBON
        even = self.even >= (WHOLLY_EVEN if self.has_tissues_hue else MOSTLY_EVEN)
        if even and self.colour.argmin() != GREEN:
            return self.length >= FOREIGN_LENGTH
        if self.length < LONG_ON_GLASS or self.area < LEAST_STROKE_PX:
            return False
        one_ink = even and (strong or self.deviation <= VERY_COLOUR)
        one_ink |= self.even >= WHOLLY_EVEN and self.deviation <= 1.5 * VERY_COLOUR
        even_ribbon = self.even >= (WHOLLY_EVEN if self.has_tissues_hue else LEAST_EVEN)
        return one_ink or (even_ribbon and self.ribbon <= RIBBON)

    @property
    def is_rather_even(self) -> bool:
        """Whether most of it is even, or, of tissue's hue, more than of tissue or of one colour."""
        least = EVEN_AS_TISSUE if self.has_tissues_hue else MOSTLY_EVEN
        return self.even >= least or (self.even >= MOSTLY_EVEN and self.deviation <= VERY_COLOUR)

    @property
    def is_wholly_even(self) -> bool:
        """Whether it is large, borders on glass and is more even than tissue does there."""
        return (
            self.even >= WHOLLY_EVEN
            and self.is_on_glass
            and self.area >= LEAST_STROKE_PX
            and self.depth >= LEAST_DEPTH
        )

    @property
    def is_even_ribbon(self) -> bool:
        """Whether it is a stroke also where its colour was chosen, which makes any part even."""
        return (
            self.even >= WHOLLY_EVEN
            and self.glass >= ON_GLASS
            and self.depth >= LEAST_DEPTH
            and self.width >= BROAD_PX
            and self.is_ribbon
        )

    def draw(self, mask: Mask) -> None:
        mask[self.rows, self.columns] |= self.body


def pieces_of(
    rgb: Pixels,
    depth: Pixels,
    mask: Mask,
    certain: Mask,
    *,
    around: int,
    corner: tuple[int, int] = (0, 0),
    least_even: float = 0.0,
    most: float = MOST_PX,
) -> Iterator[Piece]:
    """Pieces of a mask, each grown by `around` px into what is at least half as dark.

    Those of which a smaller share than `least_even` is certain are left out, and those that are
    larger than `most` of the picture.

    `mask` and `certain` may be a part of the picture: `corner` is its first row and column.
    """
    if not mask.any():
        return
    _, labels, stats, _ = cv2.connectedComponentsWithStats(as_byte(mask))
    areas = stats[:, cv2.CC_STAT_AREA]
    for label in np.flatnonzero((areas >= LEAST_PX) & (areas <= most * depth.size)):
        if label == 0:
            continue
        x, y, w, h = stats[label, :4]
        rows, columns = (slice(max(0, at - 12), at + side + 12) for at, side in ((y, h), (x, w)))
        core = labels[rows, columns] == label
        even = float(certain[rows, columns][core].mean())
        if even < least_even:
            continue
        height, width = core.shape
        top, left = rows.start + corner[0], columns.start + corner[1]
        place = (slice(top, top + height), slice(left, left + width))
        yield _described(rgb[place], depth[place], core, place, even, around)


def _described(
    rgb: Pixels, depth: Pixels, core: Mask, place: tuple[slice, slice], even: float, around: int
) -> Piece:
    deep = float(np.median(depth[core]))
    body = core
    if around:
        body = core | (
            as_bool(cv2.dilate(as_byte(core), disc(2 * around + 1))) & (depth >= deep / 2)
        )
    inner = cv2.distanceTransform(as_byte(np.pad(body, 1)), cv2.DIST_L2, 5)
    near, far = (as_bool(cv2.dilate(as_byte(body), disc(size))) for size in (5, 9))
    ring = depth[far & ~near]
    pixels = rgb[core]
    return Piece(
        rows=place[0],
        columns=place[1],
        body=body,
        width=max(1.0, 2 * float(inner.max()) - 1),
        colour=pixels.mean(axis=0),
        deviation=float(pixels.std(axis=0).max()) / max(deep, 25),
        depth=deep,
        step=deep - float(np.median(ring)) if len(ring) else 0.0,
        glass=float((ring <= FAINTEST).mean()) if len(ring) else 0.0,
        even=even,
    )
