"""Title and legend around a picture, and the signs that picture and legend share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from grossing.support.types import Pixels

Rgb = tuple[int, int, int]
Point = Sequence[int]

#: Okabe and Ito 2008: distinct for colour-blind readers
BLACK, GREY, WHITE = (0, 0, 0), (110, 110, 110), (255, 255, 255)
BLUE, SKY, GREEN = (0, 114, 178), (86, 180, 233), (0, 158, 115)
ORANGE, VERMILLION, YELLOW, PURPLE = (230, 159, 0), (213, 94, 0), (240, 228, 66), (204, 121, 167)
STATUS = {"PASS": GREEN, "REVIEW": ORANGE, "FAIL": VERMILLION, "ERROR": BLACK}

LEAST_WIDTH_PX = 640
MARGIN_PX, LINE_PX, SIGN_PX, GAP_PX = 12, 24, 18, 8
FONT, TITLE_SIZE, TEXT_SIZE = cv2.FONT_HERSHEY_SIMPLEX, 0.65, 0.5
SCALE_MM = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20)
SCALE_SHARE = 0.2  # of the width, at most


@dataclass(frozen=True)
class Key:
    """An entry of the legend: text, colour, the kind of its sign, and strokes in it."""

    text: str
    colour: Rgb
    sign: Literal["tile", "line", "area"]
    strokes: str = ""


def strokes(picture: Pixels, kind: str, colour: Rgb, near: Point, far: Point) -> None:
    """Draw a "/" or an "x" into a square from its upper left to its lower right corner."""
    if kind:
        cv2.line(picture, (near[0], far[1]), (far[0], near[1]), colour, 1, cv2.LINE_AA)
    if kind == "x":
        cv2.line(picture, near, far, colour, 1, cv2.LINE_AA)


def framed(
    picture: Pixels,
    keys: Sequence[Key],
    *,
    slide_id: str,
    status: str,
    reasons: str | None,
    px_per_mm: float,
) -> Pixels:
    """A picture below its title (slide and verdict) and above its legend and scale.

    Parameters
    ----------
    picture : (H, W, 3) uint8 RGB
    reasons : `;`-joined, wrapped into several lines where they are long
    px_per_mm : pixels of the picture

    Returns
    -------
    (h, w, 3) uint8 RGB, at least 640 px wide, the picture in its middle.
    """
    width = max(LEAST_WIDTH_PX, picture.shape[1])
    side = width - picture.shape[1]
    middle = cv2.copyMakeBorder(
        picture, 0, 0, side // 2, side - side // 2, cv2.BORDER_CONSTANT, value=WHITE
    )
    title = _title(width, slide_id, status, reasons)
    return np.vstack([title, np.asarray(middle, np.uint8), _legend(width, keys, px_per_mm)])


def _band(width: int, lines: int) -> Pixels:
    return np.full((lines * LINE_PX + MARGIN_PX, width, 3), 255, np.uint8)


def _title(width: int, slide_id: str, status: str, reasons: str | None) -> Pixels:
    wrapped = _wrapped((reasons or "").replace(";", ";  "), width - 2 * MARGIN_PX)
    band = _band(width, 1 + len(wrapped))
    chip = _text_px(status, TITLE_SIZE) + 2 * GAP_PX
    room = width - 2 * MARGIN_PX - chip - GAP_PX
    size = TITLE_SIZE * min(1.0, room / max(1, _text_px(slide_id, TITLE_SIZE)))
    _write(band, slide_id, (MARGIN_PX + chip + GAP_PX, LINE_PX), BLACK, size)
    far = (MARGIN_PX + chip, LINE_PX + GAP_PX)
    cv2.rectangle(band, (MARGIN_PX, GAP_PX // 2), far, STATUS[status], cv2.FILLED)
    _write(band, status, (MARGIN_PX + GAP_PX, LINE_PX), WHITE, TITLE_SIZE)
    for number, line in enumerate(wrapped, 2):
        _write(band, line, (MARGIN_PX, number * LINE_PX), BLACK, TEXT_SIZE)
    return band


def _wrapped(text: str, width_px: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and _text_px(longer, TEXT_SIZE) <= width_px:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _legend(width: int, keys: Sequence[Key], px_per_mm: float) -> Pixels:
    """Signs and their texts from left to right, then the scale."""
    mm = max((mm for mm in SCALE_MM if mm * px_per_mm <= SCALE_SHARE * width), default=SCALE_MM[0])
    scale_px, scale_text = round(mm * px_per_mm), f"{mm:g} mm" if mm >= 1 else f"{1000 * mm:g} um"
    scale_width = scale_px + GAP_PX + _text_px(scale_text, TEXT_SIZE)
    places, x, line = [], MARGIN_PX, 0
    widths = [SIGN_PX + GAP_PX + _text_px(key.text, TEXT_SIZE) for key in keys] + [scale_width]
    for needed in widths:
        if x > MARGIN_PX and x + needed > width - MARGIN_PX:
            x, line = MARGIN_PX, line + 1
        places.append((x, line * LINE_PX + GAP_PX))
        x += needed + 2 * GAP_PX
    band = _band(width, line + 1)
    for key, (x, y) in zip(keys, places, strict=False):
        _sign(band, key, x, y)
        _write(band, key.text, (x + SIGN_PX + GAP_PX, y + SIGN_PX - 4), BLACK, TEXT_SIZE)
    _scale(band, places[-1], scale_px, scale_text)
    return band


def _sign(band: Pixels, key: Key, x: int, y: int) -> None:
    near, far, middle = (x, y), (x + SIGN_PX, y + SIGN_PX), y + SIGN_PX // 2
    if key.sign == "line":
        cv2.line(band, (x, middle), (x + SIGN_PX, middle), key.colour, 3)
    elif key.sign == "area":
        cv2.rectangle(band, near, far, key.colour, cv2.FILLED)
    else:
        cv2.rectangle(band, near, far, key.colour, 2)
        strokes(band, key.strokes, key.colour, near, far)


def _scale(band: Pixels, at: Point, length_px: int, text: str) -> None:
    (x, y), middle = at, at[1] + SIGN_PX // 2
    cv2.line(band, (x, middle), (x + length_px, middle), BLACK, 2)
    for end in (x, x + length_px):
        cv2.line(band, (end, middle - 5), (end, middle + 5), BLACK, 2)
    _write(band, text, (x + length_px + GAP_PX, y + SIGN_PX - 4), BLACK, TEXT_SIZE)


def _text_px(text: str, size: float) -> int:
    return int(cv2.getTextSize(text, FONT, size, 1)[0][0])


def _write(band: Pixels, text: str, at: Point, colour: Rgb, size: float) -> None:
    cv2.putText(band, text, at, FONT, size, colour, 1, cv2.LINE_AA)
