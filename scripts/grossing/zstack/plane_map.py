"""The map of focal planes as a picture for people, with its legend."""

import textwrap
from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

MAP_PX = 800  # about the longer side of the map
MOST_BLOCK_PX = 48
LEGEND_PX, LINE_PX, MARGIN_PX = 250, 26, 16
MOST_LINES = 24
PALE = 0.75  # how much of a block without tissue is white
INK, FONT_PX, TITLE_LETTERS = (40, 40, 40), 15, 22

Pixels = npt.NDArray[np.uint8]
Line = tuple[str, str, Pixels | None]  # text, number at the right, colour of the square before it


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
    lines = _legend(plane[tissue], names, colours, title, block_um)
    left = picture.shape[1] + 2 * MARGIN_PX
    height = max(len(picture), len(lines) * LINE_PX) + 2 * MARGIN_PX
    page = Image.new("RGB", (left + LEGEND_PX + MARGIN_PX, height), "white")
    page.paste(Image.fromarray(picture), (MARGIN_PX, MARGIN_PX))
    _write(page, left, lines)
    return np.asarray(page)


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
) -> list[Line]:
    """A line per plane with its share of the tissue; of many planes, those that are used most."""
    counts = np.bincount(chosen, minlength=len(names))
    shown = np.sort(np.argsort(-counts, kind="stable")[:MOST_LINES])
    left = len(names) - len(shown)
    pale = (255 * PALE + (1 - PALE) * colours[len(names) // 2]).astype(np.uint8)
    heading = [*textwrap.wrap(title, TITLE_LETTERS), "sharpest plane, share of tissue"]
    lines: list[Line] = [(text, "", None) for text in heading]
    lines += [(f"plane {names[i]}", f"{_percent(counts, i)} %", colours[i]) for i in shown]
    lines += [(f"and {left} planes more", "", None)] if left else []
    return [*lines, ("no tissue", "", pale), (f"block: {block_um:.4g} um", "", None)]


def _percent(counts: npt.NDArray[np.int64], plane: int) -> str:
    total = int(counts.sum())
    return f"{100 * counts[plane] / total:.1f}" if total else "0.0"


def _write(page: Image.Image, left: int, lines: Sequence[Line]) -> None:
    """Text with the square of its colour before it, its number at the right."""
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(FONT_PX)
    for number, (text, share, colour) in enumerate(lines):
        middle = MARGIN_PX + number * LINE_PX + LINE_PX // 2
        if colour is not None:
            pen.rectangle((left, middle - 9, left + 20, middle + 9), tuple(colour.tolist()), INK)
        pen.text((left + (30 if colour is not None else 0), middle), text, INK, font, "lm")
        pen.text((left + LEGEND_PX, middle), share, INK, font, "rm")
