"""Draw the stain pictures of docs/algorithms.md from the real slide of the tests.

`normalized.jpg`: tiles as scanned; in the shipped reference's colours with one fit for the slide;
with one fit per tile. `hdx.jpg`: what the textbook's `hdx_from_rgb` gives for eosin.
Example: docs/make_stains.py tests/data/CMU-1-Small-Region.svs docs/pictures
"""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
import openslide
from skimage import color

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from grossing.stain import fit as stain_fit
from grossing.stain import normalisation, optical_density

CORNER, TILE_PX, COLUMNS, ROWS, GAP_PX, BAND_PX = (512, 896), 192, 4, 4, 12, 28
INK, PAPER = (30, 30, 30), 255
BARS = {"hematoxylin": (110, 70, 150), "eosin": (225, 110, 165)}


def read(path: Path, corner: tuple[int, int], size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 of a place at level 0."""
    with openslide.OpenSlide(path) as slide:
        return np.ascontiguousarray(np.asarray(slide.read_region(corner, 0, size))[..., :3])


def titled(picture: np.ndarray, title: str) -> np.ndarray:
    """The picture with a line of text above it."""
    band = np.full((BAND_PX, picture.shape[1], 3), PAPER, np.uint8)
    cv2.putText(band, title, (2, 19), cv2.FONT_HERSHEY_SIMPLEX, 0.5, INK, 1, cv2.LINE_AA)
    return np.vstack([band, picture])


def side_by_side(pictures: list[np.ndarray]) -> np.ndarray:
    """Pictures of one height with gaps between them."""
    gap = np.full((pictures[0].shape[0], GAP_PX, 3), PAPER, np.uint8)
    return np.hstack([part for picture in pictures for part in (gap, picture)][1:])


def normalized(path: Path) -> np.ndarray:
    """The same tiles three times: raw, with the slide's fit, each with its own fit."""
    with openslide.OpenSlide(path) as slide:
        whole = read(path, (0, 0), slide.dimensions)
    of_slide = stain_fit.fit(whole[whole.min(axis=2) < 225])
    x0, y0 = CORNER
    raw = whole[y0 : y0 + ROWS * TILE_PX, x0 : x0 + COLUMNS * TILE_PX]
    one, own = raw.copy(), raw.copy()
    for y in range(0, raw.shape[0], TILE_PX):
        for x in range(0, raw.shape[1], TILE_PX):
            tile = np.ascontiguousarray(raw[y : y + TILE_PX, x : x + TILE_PX])
            one[y : y + TILE_PX, x : x + TILE_PX] = normalisation.apply(of_slide, tile)[0]
            own[y : y + TILE_PX, x : x + TILE_PX] = normalisation.apply(stain_fit.fit(tile), tile)[
                0
            ]
    size = (raw.shape[1] * 7 // 12, raw.shape[0] * 7 // 12)
    titles = {"as scanned": raw, "scope: slide": one, "scope: tile": own}
    return side_by_side(
        [titled(cv2.resize(p, size, interpolation=cv2.INTER_AREA), t) for t, p in titles.items()]
    )


def separated(path: Path) -> np.ndarray:
    """A place, its channels with both matrices, and what pure stains give in channel 1."""
    rgb = np.maximum(read(path, (700, 1000), (300, 300)), 1)  # 0 would have an absurd density
    hed = color.separate_stains(rgb, color.hed_from_rgb) * 6  # OD, log10
    hdx = color.separate_stains(rgb, color.hdx_from_rgb) * 6
    dark = rgb[..., 1] < 206
    for name, other in (("eosin", hed[..., 1]), ("DAB", hed[..., 2])):
        r = np.corrcoef(hdx[..., 1][dark], other[dark])[0, 1]
        print(f"hdx channel 1 and {name}, {dark.sum()} dark pixels: r = {r:.2f}")
    grey = {
        "hed, channel 1: eosin": hed[..., 1],
        "hed, channel 2: DAB": hed[..., 2],
        "hdx, channel 1": hdx[..., 1],
    }
    shown = [titled(rgb, "H&E")]
    for title, values in grey.items():
        ink = np.clip(255 - values * 400, 0, 255).astype(np.uint8)
        shown.append(titled(cv2.cvtColor(ink, cv2.COLOR_GRAY2RGB), title))
    return side_by_side([*shown, titled(bars(rgb.shape[0]), "channel 1 of a pure stain of OD 1")])


def bars(height: int) -> np.ndarray:
    """What pure hematoxylin and pure eosin of density 1 give in channel 1 of both matrices."""
    chart = np.full((height, 320, 3), PAPER, np.uint8)
    floor, scale = height - 40, height - 80
    for group, (name, matrix) in enumerate(
        (("hed", color.hed_from_rgb), ("hdx", color.hdx_from_rgb))
    ):
        for place, (stain_name, colour) in enumerate(BARS.items()):
            row = optical_density.RUIFROK_JOHNSTON[place]
            pure = (10.0 ** -(row / np.linalg.norm(row)))[None, None]
            value = float(color.separate_stains(pure, matrix)[0, 0, 1] * 6)
            left = 24 + group * 150 + place * 62
            top = round(floor - max(value, 0.004) * scale)
            cv2.rectangle(chart, (left, top), (left + 50, floor), colour, -1)
            write(chart, f"{value:.2f}", (left + 6, top - 6))
            write(chart, stain_name[:1].upper(), (left + 20, floor + 16))
        write(chart, name, (70 + group * 150, floor + 34))
    cv2.line(chart, (10, floor), (310, floor), INK, 1)
    return chart


def write(chart: np.ndarray, text: str, at: tuple[int, int]) -> None:
    """Small text on a chart."""
    cv2.putText(chart, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.45, INK, 1, cv2.LINE_AA)


def main() -> None:
    """Command line of `make_stains`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("slide", type=Path, help="CMU-1-Small-Region.svs")
    parser.add_argument("out", type=Path, help="folder to write to")
    given = parser.parse_args()
    picture = normalized(given.slide)[..., ::-1]
    cv2.imwrite(str(given.out / "normalized.jpg"), picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
    chart = separated(given.slide)[..., ::-1]
    cv2.imwrite(str(given.out / "hdx.jpg"), chart, [cv2.IMWRITE_JPEG_QUALITY, 85])


if __name__ == "__main__":
    main()
