"""The same tiles by fastslide: read at level 0, shrunk by area averaging, JPEG in one file.

It finds no tissue, measures no tile and writes no lower levels: the places are those of our job
(`floor.py list`). Runs in an environment of its own. The last line printed is the number of tiles.
Example: fastslide_tiles.py slide.svs list.npz out
"""

import sys
from pathlib import Path

import cv2
import fastslide
import numpy as np
import simplejpeg

QUALITY, FACTOR = 85, 2


def run(slide_path: Path, list_path: Path, out: Path) -> int:
    """Tile a slide; the number of tiles."""
    cv2.setNumThreads(1)
    with np.load(list_path) as given:
        places, size_px = given["tiles"].tolist(), int(given["size_px"])
    slide = fastslide.FastSlide.from_file_path(str(slide_path))
    side = size_px * FACTOR
    width, height = slide.dimensions
    with (out / "tiles.bin").open("wb") as file:
        for column, row in places:
            x, y = column * side, row * side
            wide, high = min(side, width - x), min(side, height - y)
            rgb = slide.read_region((x, y), 0, (wide, high)).numpy()
            small = (wide // FACTOR, high // FACTOR)
            tile = np.full((size_px, size_px, 3), 255, np.uint8)
            tile[: small[1], : small[0]] = cv2.resize(rgb, small, interpolation=cv2.INTER_AREA)
            file.write(simplejpeg.encode_jpeg(tile, QUALITY, "RGB", "420"))
    return len(places)


if __name__ == "__main__":
    print(run(*map(Path, sys.argv[1:4])))
