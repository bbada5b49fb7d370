"""Draw the effect of `tiles.denoise` across the border of two tiles of the real slide of the tests.

Strengths 0, 3, 5 and 10, left to right; prints the seam and the CPU seconds per tile. Example:
docs/make_denoised.py docs/pictures/denoised.jpg
"""

import argparse
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import openslide

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from grossing.measure import focus
from grossing.tiles import denoising

SLIDE = ROOT / "tests/data/CMU-1-Small-Region.svs"
MPP = 0.499
TILE_PX, COLUMNS, ROWS = 512, 3, 5
LEFT_PX = TILE_PX  # the first column of the grid is glass
SHOWN = np.s_[1580:1740, 432:592]  # 160 px a side, the border of two tiles in the middle
ENLARGED, GAP_PX = 2, 8
SEARCH_PX = 21


def by_tile(picture: np.ndarray, strength: float) -> np.ndarray:
    """A picture of whole tiles, each denoised on its own."""
    out = picture.copy()
    for y in range(0, picture.shape[0], TILE_PX):
        for x in range(0, picture.shape[1], TILE_PX):
            at = np.s_[y : y + TILE_PX, x : x + TILE_PX]
            out[at] = denoising.denoise(np.ascontiguousarray(picture[at]), strength, SEARCH_PX)
    return out


def steps(picture: np.ndarray) -> tuple[float, float]:
    """Mean step (dE in CIELAB) between neighbours across tile borders, and 6 to 12 px beside."""
    lab = cv2.cvtColor((picture / 255).astype(np.float32), cv2.COLOR_RGB2LAB)
    across, beside = [], []
    for axis in (0, 1):
        step = np.sqrt((np.diff(lab, axis=axis) ** 2).sum(-1))
        borders = np.arange(TILE_PX - 1, step.shape[axis], TILE_PX)
        across.append(step.take(borders, axis).ravel())
        near = [borders + k for k in (-12, -10, -6, 6, 10, 12)]
        beside.append(step.take(np.concatenate(near), axis).ravel())
    return float(np.concatenate(across).mean()), float(np.concatenate(beside).mean())


def main() -> None:
    """Command line of `make_denoised`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="JPEG to write")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    size = (COLUMNS * TILE_PX, ROWS * TILE_PX)
    with openslide.OpenSlide(SLIDE) as slide:
        picture = np.array(slide.read_region((LEFT_PX, 0), 0, size).convert("RGB"))
    print("strength: step across tile borders, beside them; the same without borders; CPU s; focus")
    panels = []
    for strength in (0, 3, 5, 10):
        start = time.process_time()
        tiled = by_tile(picture, strength)
        spent = (time.process_time() - start) / (COLUMNS * ROWS)
        whole = denoising.denoise(picture, strength, SEARCH_PX)
        middle = np.ascontiguousarray(tiled[1024:1536, :512])
        measures = focus.measure(middle, MPP)
        print(
            f"{strength:2d}: {steps(tiled)[0]:.2f} {steps(tiled)[1]:.2f}; {steps(whole)[0]:.2f} "
            f"{steps(whole)[1]:.2f}; {spent:.2f}; {measures['focus']:.3f} "
            f"{measures['laplacian_var']:.0f}"
        )
        shown = cv2.resize(
            tiled[SHOWN], None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_NEAREST
        )
        panels += [shown, np.full((shown.shape[0], GAP_PX, 3), 255, np.uint8)]
    row = np.hstack(panels[:-1])
    cv2.imwrite(str(given.out), row[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])


if __name__ == "__main__":
    main()
