"""Pen ink on an overview picture of about 8 um/px: by hue, and by evenness and shape.

At that resolution tissue is textured by its nuclei and gaps, whatever its colour; strokes of ink
are even. So colours that no stain has (green, blue) are ink wherever they are, others where they
form strokes: even, sharp, long and of one width, across the glass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask.glass import LIGHT
from grossing.mask.ink_pieces import (
    FAINTEST,
    LEAST_DEPTH,
    LEAST_EVEN,
    LEAST_STROKE_PX,
    MOST_PX,
    WHOLLY_EVEN,
    Piece,
    pieces_of,
)
from grossing.mask.shapes import as_bool, as_byte, commonest, disc, extremes, grown, opened, strips
from grossing.support.types import Mask, Pixels

EVEN, EVEN_LEVELS = 0.25, 9  # range within 5 x 5 px, of the depth; grey levels
NEARLY_EVEN = 0.4
FINELY_EVEN, FINE_LEVELS = 0.175, 5  # within 3 x 3 px
ONE_COLOUR = 0.2  # deviation of the colour within a stroke, of its depth
FILM, SAME_INK = 140, 15  # grey levels: depth of ink that is seen over tissue; its colour
AS_WIDE = 1.3  # of the stroke on the glass: what is darker and wider is dense tissue
FILM_ON_GLASS = 0.05  # of the rim
COLOURS = 3  # of a piece that are looked at by themselves
MOSTLY_ON_GLASS = 0.6  # of the rim of a dot: fat reaches half
MOSTLY_DRAWN = 0.5  # of what is as red or black as blood or pigment: then all of it is ink
MOSTLY_RED = 0.9  # of what is darker than the glass: more than blood in a section
RAGGED = 2.6  # `ribbon` of bleeding between fat is 2.8 to 5, of strokes, also crossed, to 2.4
VIVID_RED_FRACTION = 5e-4  # of the picture: more than vessels reach, less than one stroke
BROAD_RED_FRACTION = 2e-3  # of the picture, left by an opening of 9 px


@dataclass(frozen=True)
class Ink:
    """(H, W) bool.

    `pen` is ink; `reached` ink with its rim, which shows neither tissue nor glass; `possible` what
    may be ink; `shown` what is darker than the glass; `even` where that is even within 3 x 3 px.
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
    shown, ranges = depth > FAINTEST, _ranges(rgb)
    red, black = _red(rgb), _black(rgb)
    mostly = MOSTLY_RED * np.count_nonzero(shown)
    for mask, least, ragged in ((red, mostly, RAGGED), (black, 0, np.inf)):
        pieces = list(pieces_of(rgb, depth, mask, mask, around=0, most=1.0))
        strokes = [piece for piece in pieces if piece.is_stroke]
        drawn = sum(piece.area for piece in pieces if piece.is_drawn and piece.ribbon <= ragged)
        size = np.count_nonzero(mask)
        if size > max(MOST_PX * mask.size, least) or drawn > MOSTLY_DRAWN * size:
            pen |= mask
        for stroke in strokes:
            stroke.draw(pen)
    even, possible = _even_strokes(rgb, depth, shown, ranges[1])
    reached = pen | even
    deepest = cv2.dilate(depth * reached, np.ones((9, 9), np.uint8))
    pen = reached & (depth >= deepest - deepest // 2)
    reached = as_bool(cv2.dilate(as_byte(reached), disc(5)))
    finely = _within(shown, ranges[0], depth, FINELY_EVEN, FINE_LEVELS)
    return Ink(pen, reached, possible & ~reached, shown, finely)


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


def _even_strokes(rgb: Pixels, depth: Pixels, shown: Mask, ranges: Pixels) -> tuple[Mask, Mask]:
    """Strokes of any colour, and even pieces that may be ink."""
    certain, likely = (
        _within(shown, ranges, depth, most, EVEN_LEVELS) for most in (EVEN, NEARLY_EVEN)
    )
    whole = list(pieces_of(rgb, depth, grown(certain, opened(likely, 3)), certain, around=3))
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
        if piece not in strokes and (piece.is_wholly_even or piece.looks_drawn):
            piece.draw(possible)
    return pen, possible


def _ranges(rgb: Pixels) -> tuple[Pixels, Pixels]:
    """Grey levels that the picture varies by within 3 x 3 px and within 5 x 5 px."""
    kernel = np.ones((3, 3), np.uint8)
    fine, coarse = np.zeros(rgb.shape[:2], np.uint8), np.zeros(rgb.shape[:2], np.uint8)
    for channel in cv2.split(rgb):
        highest, lowest = cv2.dilate(channel, kernel), cv2.erode(channel, kernel)
        cv2.max(fine, _above(highest, lowest), dst=fine)
        highest, lowest = cv2.dilate(highest, kernel), cv2.erode(lowest, kernel)
        cv2.max(coarse, _above(highest, lowest), dst=coarse)
    return fine, coarse


def _within(shown: Mask, ranges: Pixels, depth: Pixels, share: float, levels: int) -> Mask:
    """What varies by at most this share of its depth below the glass, or these grey levels."""
    most = np.maximum(share * np.arange(256), levels).astype(np.uint8)
    return np.asarray(shown & (ranges <= cv2.LUT(depth, most)))


def _strokes_within(rgb: Pixels, depth: Pixels, certain: Mask, pieces: list[Piece]) -> list[Piece]:
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
            found = pieces_of(
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
