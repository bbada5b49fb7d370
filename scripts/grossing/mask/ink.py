"""Pen ink on an overview picture of about 8 um/px: by hue, and by evenness and shape.

At that resolution tissue is textured by its nuclei and gaps, whatever its colour; strokes of ink
are even. So colours that no stain has (green, blue) are ink wherever they are, others where they
form strokes: even, sharp, long and of one width, across the glass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask.glass import LIGHT
from grossing.mask.shapes import as_bool, as_byte, commonest, disc, extremes, grown, opened, strips
from grossing.support.types import Mask, Pixels

FAINTEST = 14  # grey levels below the glass, in the darkest channel
EVEN, EVEN_LEVELS = 0.25, 9  # range within 5 x 5 px, of the depth; grey levels
NEARLY_EVEN = 0.4
LEAST_PX, LEAST_STROKE_PX = 40, 300  # of an even piece; of a stroke of tissue's colours
MOST_PX = 0.25  # of the picture: larger even pieces are no strokes
LEAST_EVEN, MOSTLY_EVEN = 0.3, 0.55  # share of a piece that is even, not only nearly so
LEAST_DEPTH = 30  # grey levels
GREEN = 1  # the channel that hematoxylin and eosin absorb most
ONE_COLOUR = 0.2  # deviation of the colour within a stroke, of its depth
ON_GLASS, LONG_ON_GLASS, FOREIGN_LENGTH = 0.3, 2.5, 1.0  # share of the rim; widths
LONG, RIBBON, STRONG, STRONG_STEP = 3.5, 1.55, 180, 50
FILM, SAME_INK = 140, 15  # grey levels: depth of ink that is seen over tissue; its colour
VERY_COLOUR = 0.07
LEAST_BLUE = 0.38  # of what red is above green: less in red ink and blood
EVEN_AS_TISSUE = 0.65  # share of a piece of tissue's hue: dense lymphoid tissue has .65 to .85
AS_WIDE = 1.3  # of the stroke on the glass: what is darker and wider is dense tissue
FILM_ON_GLASS = 0.05  # of the rim
BROAD_PX = 10.0
WHOLLY_EVEN = 0.85  # share of a piece: more than any tissue has along the glass
COLOURS = 3  # of a piece that are looked at by themselves
MOSTLY_ON_GLASS, ACROSS_GLASS = 0.6, 0.15  # of the rim of a dot (fat reaches half); a long piece
MOSTLY_DRAWN = 0.5  # of what is as red or black as blood or pigment: then all of it is ink
VIVID_RED_FRACTION = 5e-4  # of the picture: more than vessels reach, less than one stroke
BROAD_RED_FRACTION = 2e-3  # of the picture, left by an opening of 9 px


@dataclass(frozen=True)
class Ink:
    """(H, W) bool.

    `pen` is ink; `reached` ink with its rim, which shows neither tissue nor glass; `possible` what
    may be ink; `shown` what is darker than the glass; `even` where that is even within 5 x 5 px.
    """

    pen: Mask
    reached: Mask
    possible: Mask
    shown: Mask
    even: Mask


def find(rgb: Pixels) -> Ink:
    """Ink on a picture that was divided by its glass.

    Parameters
    ----------
    rgb : (H, W, 3) uint8, at about 8 um/px; glass is 240

    Notes
    -----
    Of tissue's own colours (red, pink, purple, brown, black) a piece is ink where it is long and
    borders on glass, or, inside the tissue, where it is strong, long and of one width. Blood and
    pigment inside the tissue are not. A needle core of dense tissue is as long, and nearly as
    even: of the hues of stains only what is more even is ink. An even piece on the glass that is
    not long may be a dot of ink or a clot, one that runs into tissue a short stroke, and an even
    ribbon inside the tissue a stroke or a fold: `possible`. Faint ink over tissue, strokes narrower
    than 6 px and streaky strokes of tissue's colours are missed.
    """
    depth = LIGHT - np.minimum(extremes(rgb)[1], LIGHT)
    pen = _foreign(rgb)
    for mask in (_red(rgb), _black(rgb)):
        pieces = list(_pieces(rgb, depth, mask, mask, around=0))
        strokes = [piece for piece in pieces if piece.is_stroke]
        drawn = sum(piece.area for piece in pieces if piece.is_drawn)
        if mask.mean() > MOST_PX or drawn > MOSTLY_DRAWN * np.count_nonzero(mask):
            pen |= mask
        for stroke in strokes:
            stroke.draw(pen)
    certain, even, possible = _even_strokes(rgb, depth)
    reached = pen | even
    deepest = cv2.dilate(depth * reached, np.ones((9, 9), np.uint8))
    pen = reached & (depth >= deepest - deepest // 2)
    reached = as_bool(cv2.dilate(as_byte(reached), disc(5)))
    return Ink(pen, reached, possible & ~reached, depth > FAINTEST, certain)


def _foreign(rgb: Pixels) -> Mask:
    """Green and blue ink, by hue with hysteresis.

    Green ink over tissue has no more red than green, whereas hematoxylin and eosin always have
    more.
    """
    shown = np.zeros(rgb.shape[:2], np.uint8)  # a bit for each of the four masks
    for rows in strips(len(rgb)):
        for bit, mask in enumerate(_green_and_blue(rgb[rows])):
            shown[rows] |= as_byte(mask) << bit
    foreign = grown(shown & 1 > 0, shown & 2 > 0)
    foreign |= grown(shown & 4 > 0, shown & 8 > 0)
    return foreign


def _green_and_blue(rgb: Pixels) -> tuple[Mask, Mask, Mask, Mask]:
    """What has the colour of green ink, what may have it, and both of blue ink."""
    r, g, b = cv2.split(rgb)
    hue, saturation, value = cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV))
    green = (hue >= 35) & (hue <= 100)
    over_tissue = (_above(r, g) < 8) & (value < 180)
    blue, bluer = (hue >= 100) & (hue <= 122), _above(b, r)
    return (
        green & (saturation >= 40),
        (green & (saturation >= 25)) | over_tissue,
        blue & (saturation >= 90) & (bluer >= 40),
        blue & (saturation >= 60) & (bluer >= 30),
    )


def _red(rgb: Pixels) -> Mask:
    """What has the colour of red ink, and of blood."""
    r, g, b = cv2.split(rgb)
    red, blue = _above(r, g), _above(b, g)
    plain = (red >= 80) & _is_less(blue, 0.25, red)
    vivid = opened((red >= 130) & _is_less(blue, 0.27, red), 5)
    if vivid.mean() < VIVID_RED_FRACTION:
        broad = plain.mean() >= BROAD_RED_FRACTION
        if not broad or opened(plain, 9).mean() < BROAD_RED_FRACTION:
            return np.zeros(red.shape, np.bool_)
    return grown(plain, (red >= 50) & _is_less(blue, 0.38, red))


def _above(channel: npt.NDArray[Any], other: npt.NDArray[Any]) -> Pixels:
    """Grey levels by which a channel is above another, 0 where it is not."""
    return np.asarray(cv2.subtract(channel, other), np.uint8)


def _is_less(levels: Pixels, share: float, of: Pixels) -> Mask:
    """Where `levels` < `share` x `of`, without pictures of floats."""
    least = np.ceil(share * np.arange(256)).astype(np.uint8)
    return np.asarray(levels < cv2.LUT(of, least))


def _black(rgb: Pixels) -> Mask:
    """What has the colour of black ink, and of carbon and melanin."""
    highest, lowest = extremes(rgb)
    chroma = highest - lowest
    core = opened((highest <= 70) & (chroma <= 30), 5)
    return grown(core, (highest <= 100) & (chroma <= 45))


def _even_strokes(rgb: Pixels, depth: Pixels) -> tuple[Mask, Mask, Mask]:
    """Strokes of any colour, and even pieces that may be ink."""
    certain, likely = _evenness(rgb, depth)
    whole = list(_pieces(rgb, depth, grown(certain, opened(likely, 3)), certain, around=3))
    pieces = [
        piece
        for piece in whole
        if piece.deviation <= ONE_COLOUR and piece.depth >= LEAST_DEPTH and piece.even >= LEAST_EVEN
    ]
    strokes = [piece for piece in pieces if piece.is_stroke]
    strokes += _strokes_within(rgb, depth, certain, [p for p in whole if p not in strokes])
    pieces += [stroke for stroke in strokes if stroke not in pieces]
    inks = [stroke for stroke in strokes if stroke.depth >= FILM]
    pen, possible = np.zeros(depth.shape, np.bool_), np.zeros(depth.shape, np.bool_)
    for piece in pieces:
        film = any(
            piece.width <= AS_WIDE * ink.width and (piece.colour <= ink.colour + SAME_INK).all()
            for ink in inks
        )
        same = piece.is_on_glass and any(
            (np.abs(piece.colour - stroke.colour) <= SAME_INK).all() for stroke in strokes
        )
        if film or same or piece in strokes:
            piece.draw(pen)
        elif piece.is_rather_even and (piece.glass >= MOSTLY_ON_GLASS or piece.is_broad_ribbon):
            piece.draw(possible)
    for piece in whole:
        if piece not in strokes and piece.is_wholly_even:
            piece.draw(possible)
    return certain, pen, possible


def _evenness(rgb: Pixels, depth: Pixels) -> tuple[Mask, Mask]:
    """Where the picture is even within 5 x 5 px, and where nearly so."""
    kernel = np.ones((5, 5), np.uint8)
    spread = np.zeros(depth.shape, np.uint8)
    for channel in cv2.split(rgb):
        cv2.max(spread, _above(cv2.dilate(channel, kernel), cv2.erode(channel, kernel)), dst=spread)
    shown = depth > FAINTEST
    most = [np.maximum(share * np.arange(256), EVEN_LEVELS) for share in (EVEN, NEARLY_EVEN)]
    certain, likely = (shown & (spread <= cv2.LUT(depth, m.astype(np.uint8))) for m in most)
    return certain, likely


def _strokes_within(
    rgb: Pixels, depth: Pixels, certain: Mask, pieces: list[_Piece]
) -> list[_Piece]:
    """Strokes that run into even tissue: parts of a piece that have one colour."""
    strokes = []
    for piece in pieces:
        if piece.glass < FILM_ON_GLASS or piece.area < 2 * LEAST_STROKE_PX:
            continue
        place = (piece.rows, piece.columns)
        seen = rgb[place].astype(np.int16)
        left = piece.body.copy()
        for _ in range(COLOURS):
            colour = commonest(seen[left])
            part = opened(left & (np.abs(seen - colour).max(axis=2) <= SAME_INK + 5), 5)
            left &= ~part
            corner = (piece.rows.start, piece.columns.start)
            found = _pieces(
                rgb,
                depth,
                part,
                certain[place],
                around=3,
                corner=corner,
                least_even=WHOLLY_EVEN,
            )
            strokes += [each for each in found if each.is_even_ribbon]
    return strokes


@dataclass(frozen=True, eq=False)
class _Piece:
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
    def is_stroke(self) -> bool:
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


def _pieces(
    rgb: Pixels,
    depth: Pixels,
    mask: Mask,
    certain: Mask,
    *,
    around: int,
    corner: tuple[int, int] = (0, 0),
    least_even: float = 0.0,
) -> Iterator[_Piece]:
    """Pieces of a mask, each grown by `around` px into what is at least half as dark.

    Those of which a smaller share than `least_even` is certain are left out.

    `mask` and `certain` may be a part of the picture: `corner` is its first row and column.
    """
    if not mask.any():
        return
    _, labels, stats, _ = cv2.connectedComponentsWithStats(as_byte(mask))
    areas = stats[:, cv2.CC_STAT_AREA]
    for label in np.flatnonzero((areas >= LEAST_PX) & (areas <= MOST_PX * depth.size)):
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
) -> _Piece:
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
    return _Piece(
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
