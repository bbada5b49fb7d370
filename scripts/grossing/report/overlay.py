"""The overlay of one slide: tissue, ink, folds, focus and judged tiles over its thumbnail."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask import labels
from grossing.report import caption
from grossing.report.caption import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    WHITE,
    YELLOW,
    Key,
    Rgb,
)
from grossing.support.types import Mask, Pixels

LONGER_PX = 1024
OUTLINE_PX, RIM_PX = 2, 4
TINT, FILL = 0.18, 0.5  # shares of the colour
TILE_LINES, SMALL_TILE_LINES, SMALL_TILE_PX = 0.85, 0.4, 10  # dense lines would hide the tissue
LARGE_TILE_PX = 64  # with lines of 2 px
SMOOTH_PX = 0.6  # of the mask
# A dark field is shown so that this percentile of its tissue has that grey level, unless it is
# bright enough as it is
BRIGHT_PERCENT, BRIGHT_LEVEL, LEAST_FACTOR, MOST_FACTOR = 99.5, 220.0, 1.5, 12.0


@dataclass(frozen=True)
class Mark:
    """How squares of one kind are drawn: colour, and the strokes inside ("", "/" or "x")."""

    text: str
    colour: Rgb
    strokes: str = ""


PASSES = Mark("tile: passes", GREEN)
BLURRED = Mark("tile: out of focus", VERMILLION, "/")
INKED = Mark("tile: ink", ORANGE, "/")
LITTLE_TISSUE = Mark("tile: little tissue", GREY)
DOUBTFUL = Mark("tile: not scanned or doubtful", SKY, "x")
LOST = Mark("tile: does not decode", BLACK, "x")
SHARP_PLACE = Mark("sampled place: sharp", GREEN)
BLURRED_PLACE = Mark("sampled place: out of focus", VERMILLION, "/")
#: reason of a tile, or how it begins -> its mark; DOUBTFUL for all others
MARKS = {
    "lost": LOST,
    "tissue": LITTLE_TISSUE,
    "focus": BLURRED,
    "blurred": BLURRED,
    "no_focus": BLURRED,
    "pen": INKED,
}
#: order in the legend; those without a tint come first
ORDER = (PASSES, SHARP_PLACE, LITTLE_TISSUE, BLURRED, BLURRED_PLACE, INKED, DOUBTFUL, LOST)
UNTINTED = (PASSES, SHARP_PLACE)
#: label -> its name, colour, and whether it is filled
OUTLINES = {
    labels.BUBBLE: ("bubble, edge", PURPLE, False),
    labels.DARK_SPOT: ("dark spot", YELLOW, False),
    labels.FOLD: ("fold", YELLOW, True),
    labels.TISSUE: ("tissue", BLUE, False),
    labels.PEN: ("ink", ORANGE, False),
    labels.POSSIBLE_PEN: ("possible ink", ORANGE, True),
}


@dataclass(frozen=True)
class Squares:
    """Judged tiles, or sampled places, (N,) each: level-0 px, and how they are drawn."""

    x_level0_px: npt.NDArray[np.int64]
    y_level0_px: npt.NDArray[np.int64]
    size_level0_px: npt.NDArray[np.int64]
    marks: Sequence[Mark]


@dataclass(frozen=True)
class Layers:
    """What is drawn of a slide.

    `thumbnail` (h, w, 3) uint8 and `mask` (H, W) uint8 labels span the scanned bounds, which begin
    at `origin` (x, y) in level-0 px; a pixel of the mask is `downsample` level-0 px. The thumbnail
    is `brightness` times as bright as the slide (`brightened`).
    """

    thumbnail: Pixels
    mask: Pixels
    origin: tuple[int, int]
    downsample: float
    mpp: float
    squares: Squares
    brightness: float = 1.0


def brightened(thumbnail: Pixels, tissue: Mask, background: Pixels) -> tuple[Pixels, float]:
    """A dark thumbnail as bright as an eye needs it, and the factor; 1 where it is bright enough.

    Parameters
    ----------
    thumbnail : (h, w, 3) uint8
    tissue : (H, W) bool, of the same field at any resolution; where there is none, all counts
    background : (3,) uint8 RGB, is shown black
    """
    above = np.where(thumbnail > background, thumbnail - background, np.uint8(0))
    there = cv2.resize(tissue.view(np.uint8), thumbnail.shape[1::-1], interpolation=cv2.INTER_AREA)
    levels = above.max(axis=2)
    signal = levels[there > 0] if there.any() else levels
    factor = min(BRIGHT_LEVEL / max(float(np.percentile(signal, BRIGHT_PERCENT)), 1), MOST_FACTOR)
    if factor < LEAST_FACTOR:
        return thumbnail, 1.0
    return np.asarray(np.minimum(np.rint(above * factor), 255), np.uint8), factor


def draw(layers: Layers, *, slide_id: str, status: str, reasons: str | None) -> Pixels:
    """The thumbnail with everything found on it, a title with the verdict, and a legend.

    Parameters
    ----------
    status, reasons : the slide's verdict, as in `cohort_qc`

    Returns
    -------
    (h, w, 3) uint8 RGB; the slide's part has a longer side of 1024 px, whatever its thumbnail has.

    Notes
    -----
    Colours are those of [1]_, distinct also for colour-blind readers; kinds of tiles that need a
    look differ in their strokes, too.

    References
    ----------
    .. [1] Okabe and Ito 2008, Color Universal Design, https://jfly.uni-koeln.de/color
    """
    picture = _enlarged(layers.thumbnail)
    scale = (
        picture.shape[1] / (layers.mask.shape[1] * layers.downsample),
        picture.shape[0] / (layers.mask.shape[0] * layers.downsample),
    )
    picture, squares = _with_squares(picture, layers, scale)
    keys = [*_draw_outlines(picture, layers.mask), *squares]
    if layers.brightness != 1:
        keys.append(Key(f"shown {layers.brightness:.1f} times as bright", BLACK, "area"))
    px_per_mm = 1000 / layers.mpp * scale[0]
    return caption.framed(
        picture, keys, slide_id=slide_id, status=status, reasons=reasons, px_per_mm=px_per_mm
    )


def _enlarged(thumbnail: Pixels) -> Pixels:
    scale = LONGER_PX / max(thumbnail.shape[:2])
    size = tuple(max(1, round(side * scale)) for side in thumbnail.shape[1::-1])
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    return np.asarray(cv2.resize(thumbnail, size, interpolation=how), np.uint8)


def mark_of(reasons: str | None) -> Mark:
    """How a tile is drawn: by the first of its reasons (`qc_reasons_tile`)."""
    if not reasons:
        return PASSES
    return next((mark for code, mark in MARKS.items() if reasons.startswith(code)), DOUBTFUL)


def _with_squares(
    picture: Pixels, layers: Layers, scale: tuple[float, float]
) -> tuple[Pixels, list[Key]]:
    """The picture with tiles or places, passing ones first: they hide no line of another."""
    squares = layers.squares
    near, far = (
        _on_picture(squares.x_level0_px + side, squares.y_level0_px + side, layers.origin, scale)
        for side in (0, squares.size_level0_px)
    )
    drawn = sorted(
        zip(squares.marks, (near + 1).tolist(), (far - 1).tolist(), strict=True),
        key=lambda square: ORDER.index(square[0]),
    )
    tinted = picture.copy()
    for mark, upper, lower in drawn:
        if mark not in UNTINTED:
            cv2.rectangle(tinted, upper, lower, mark.colour, cv2.FILLED)
    picture = _blend(picture, tinted, TINT)
    lines, side_px = picture.copy(), float(squares.size_level0_px.max(initial=0)) * scale[0]
    for mark, upper, lower in drawn:
        cv2.rectangle(lines, upper, lower, mark.colour, 2 if side_px >= LARGE_TILE_PX else 1)
        caption.strokes(lines, mark.strokes, mark.colour, upper, lower)
    counts = Counter(squares.marks)
    keys = [
        Key(f"{mark.text}: {counts[mark]}", mark.colour, "tile", mark.strokes)
        for mark in ORDER
        if counts[mark]
    ]
    share = SMALL_TILE_LINES if side_px < SMALL_TILE_PX else TILE_LINES
    return _blend(picture, lines, share), keys


def _on_picture(
    x: npt.NDArray[np.int64],
    y: npt.NDArray[np.int64],
    origin: tuple[int, int],
    scale: tuple[float, float],
) -> npt.NDArray[np.int64]:
    """(N, 2) pixels of the picture of places in level-0 px."""
    places = (np.stack([x, y], axis=1) - np.asarray(origin)) * np.asarray(scale)
    return np.asarray(np.rint(places), np.int64)


def _blend(picture: Pixels, drawn: Pixels, share: float) -> Pixels:
    return np.asarray(cv2.addWeighted(picture, 1 - share, drawn, share, 0), np.uint8)


def _draw_outlines(picture: Pixels, mask: Pixels) -> list[Key]:
    """Draw the outlines of the mask's labels, smooth where its pixels are enlarged."""
    keys = []
    for label, (name, colour, filled) in OUTLINES.items():
        there = (mask == label).astype(np.uint8)
        if not there.any():
            continue
        soft = cv2.GaussianBlur(255 * there, (0, 0), SMOOTH_PX)
        soft = cv2.resize(soft, picture.shape[1::-1], interpolation=cv2.INTER_CUBIC)
        _, inside = cv2.threshold(soft, 127, 255, cv2.THRESH_BINARY)
        rings, _ = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        if filled:
            tinted = picture.copy()
            tinted[inside > 0] = colour
            picture[:] = _blend(picture, tinted, FILL)
        for ink, width in ((WHITE, RIM_PX), (colour, OUTLINE_PX)):
            cv2.drawContours(picture, rings, -1, ink, width, cv2.LINE_AA)
        keys.append(Key(name, colour, "area" if filled else "line"))
    return keys
