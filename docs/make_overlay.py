"""Overlays of a run side by side, at equal height.

Example: docs/make_overlay.py demo/results picture.jpg synthetic_pen CMU-1-Small-Region
"""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1] / "scripts"))

from grossing.support import files, images

HEIGHT_PX, GAP_PX = 760, 16


def main() -> None:
    """Command line of `make_overlay`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="the results folder of a run")
    parser.add_argument("out", type=Path, help="JPEG to write")
    parser.add_argument("slide_id", nargs="+", help="drawn side by side")
    given = parser.parse_args()
    gap = np.full((HEIGHT_PX, GAP_PX, 3), 255, np.uint8)
    parts = []
    for slide_id in given.slide_id:
        picture = images.read(given.results / f"overlays/{slide_id}.jpg")
        size = (round(picture.shape[1] * HEIGHT_PX / picture.shape[0]), HEIGHT_PX)
        parts += [gap, np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))]
    files.write(given.out, images.jpeg(np.hstack(parts[1:]), quality=85))


if __name__ == "__main__":
    main()
