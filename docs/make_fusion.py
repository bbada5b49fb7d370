"""Draw how a stack is fused: map of the planes, best single plane, fused slide.

The planes are made from the real slide in tests/data, blurred by a height that varies over the
field. Example: docs/make_fusion.py docs/pictures/fusion.jpg
"""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests/data")]

import make_stack
from grossing.zstack import fusion, plane_map

PLANES, BLOCK_PX, MPP = 5, 128, 0.499
FIELD = slice(1300, 2580), slice(560, 1840)
DETAILS = ((860, 330), (800, 1020))  # row, column of what is shown enlarged
SIDE_PX, ENLARGED, GAP_PX = 186, 2, 12


def picture() -> np.ndarray:
    """(H, W, 3) uint8 RGB."""
    sharp = make_stack.region(ROOT / "tests/data/CMU-1-Small-Region.svs")[FIELD].copy()
    truth = make_stack.heights(*sharp.shape[:2], PLANES)
    planes = make_stack.defocused(sharp, truth, PLANES)
    fused, chosen = fusion.fuse_planes(planes, BLOCK_PX)
    single = min(planes, key=lambda plane: np.square(plane.astype(float) - sharp).mean())
    names = [str(number) for number in range(PLANES)]
    tissue = np.ones(chosen.shape, bool)
    drawn = plane_map.draw(
        chosen, tissue, names, title="map of the planes", block_um=BLOCK_PX * MPP
    )
    scale = (2 * ENLARGED * SIDE_PX + GAP_PX) / drawn.shape[0]
    parts = [cv2.resize(drawn, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)]
    for whole in (single, fused):
        details = [_enlarged(whole[y : y + SIDE_PX, x : x + SIDE_PX]) for y, x in DETAILS]
        gap = np.full((GAP_PX, details[0].shape[1], 3), 255, np.uint8)
        column = np.vstack([details[0], gap, details[1]])
        parts += [np.full((len(column), GAP_PX, 3), 255, np.uint8), column]
    return np.hstack(parts)


def _enlarged(rgb: np.ndarray) -> np.ndarray:
    return cv2.resize(rgb, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)


def main() -> None:
    """Command line of `make_fusion`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    options = [cv2.IMWRITE_JPEG_QUALITY, 72]
    cv2.imwrite(str(parser.parse_args().out), picture()[..., ::-1], options)


if __name__ == "__main__":
    main()
