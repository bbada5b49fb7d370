"""The map of focal planes as a picture for people, with its legend."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

MAP_PX = 800  # about the longer side of the map
MOST_BLOCK_PX = 48
LEGEND_PX, LINE_PX, MARGIN_PX = 250, 26, 16
MOST_LINES = 24
PALE = 0.75  # how much of a block without tissue is white
INK, WHITE = (40, 40, 40), 255
FONT, SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.5

Pixels = npt.NDArray[np.uint8]


def draw(
    plane: npt.NDArray[np.int32],
    tissue: npt.NDArray[np.bool_],
    names: Sequence[str],
    *,
    title: str,
    block_um: float,
) -> Pixels:
    """Colour per block by its plane, pale where there is no tissue; legend at the right.

    Parameters
    ----------
    plane : (rows, columns) int, from 0
    tissue : (rows, columns) bool
    names : of the planes, in their order
    title : stands above the legend
    block_um : side of a block, um

    Returns
    -------
    (H, W, 3) uint8 RGB
    """
    colours = _colours(len(names))
    blocks = colours[plane].astype(np.float32)
    blocks[~tissue] += PALE * (255 - blocks[~tissue])
    side = max(1, min(MOST_BLOCK_PX, MAP_PX // max(plane.shape)))
    picture = np.rint(blocks).astype(np.uint8).repeat(side, 0).repeat(side, 1)
    legend = _legend(plane[tissue], names, colours, title, block_um)
    height = max(len(picture), len(legend)) + 2 * MARGIN_PX
    width = picture.shape[1] + LEGEND_PX + 3 * MARGIN_PX
    page = np.full((height, width, 3), WHITE, np.uint8)
    page[MARGIN_PX:][: len(picture), MARGIN_PX : MARGIN_PX + picture.shape[1]] = picture
    page[MARGIN_PX:][: len(legend), -LEGEND_PX - MARGIN_PX : -MARGIN_PX] = legend
    return page


def _colours(count: int) -> Pixels:
    """(count, 3) RGB, dark blue for the first plane to yellow for the last."""
    steps = np.linspace(0, 255, count).astype(np.uint8)[:, None]
    return np.asarray(cv2.applyColorMap(steps, cv2.COLORMAP_VIRIDIS)[:, 0, ::-1], np.uint8)


def _legend(
    chosen: npt.NDArray[np.int32],
    names: Sequence[str],
    colours: Pixels,
    title: str,
    block_um: float,
) -> Pixels:
    """A line per plane with its share of the tissue; of many planes, those that are used most."""
    counts = np.bincount(chosen, minlength=len(names))
    shown = np.sort(np.argsort(-counts, kind="stable")[:MOST_LINES])
    pale = np.uint8(255 * PALE + (1 - PALE) * colours[len(names) // 2])
    lines = [(f"plane {names[i]}", f"{_percent(counts, i)} %", colours[i]) for i in shown]
    left = len(names) - len(shown)
    lines += [(f"and {left} planes more", "", None)] if left else []
    lines += [("no tissue", "", pale), (f"block: {block_um:.4g} um", "", None)]
    panel = np.full(((len(lines) + 2) * LINE_PX, LEGEND_PX, 3), WHITE, np.uint8)
    _write(panel, title, 0, LINE_PX)
    _write(panel, "sharpest plane, share of tissue", 0, 2 * LINE_PX)
    for number, (text, share, colour) in enumerate(lines, 3):
        bottom = number * LINE_PX
        if colour is not None:
            corner = (0, bottom - 16), (20, bottom + 2)
            cv2.rectangle(panel, *corner, [int(c) for c in colour], cv2.FILLED)
            cv2.rectangle(panel, *corner, INK, 1)
        _write(panel, text, 30 if colour is not None else 0, bottom)
        _write(panel, share, 180, bottom)
    return panel


def _percent(counts: npt.NDArray[np.int64], plane: int) -> str:
    total = int(counts.sum())
    return f"{100 * counts[plane] / total:.1f}" if total else "0.0"


def _write(panel: Pixels, text: str, x: int, y: int) -> None:
    """Text that fits: smaller where it is long, cut where that is not enough."""
    room = LEGEND_PX - x
    scale = SCALE
    while cv2.getTextSize(text, FONT, scale, 1)[0][0] > room and scale > 0.32:
        scale -= 0.02
    while text and cv2.getTextSize(text, FONT, scale, 1)[0][0] > room:
        text = text[:-1]
    cv2.putText(panel, text, (x, y), FONT, scale, INK, 1, cv2.LINE_AA)
