"""Draw zones of high cellularity: a liver with either method, and the real slide of the tests.

The liver is tile02_HE.jpg of https://github.com/mfarzi/liverquant (MIT; GTEx), 0.5 um/px. Example:
docs/make_zones.py tile02_HE.jpg docs/pictures/zones.jpg
"""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
import openslide

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from grossing.mask import labels, tissue
from grossing.zones import picture_zones

SLIDE = ROOT / "tests/data/CMU-1-Small-Region.svs"
MPP = 0.5
HEIGHT_PX, GAP_PX = 500, 12
LIVER, SKIN = np.s_[:, :1900], np.s_[500:2200, 900:2000]  # what is shown
OUTLINE = (0, 150, 60)


def panel(rgb: np.ndarray, method: str, shown: tuple[slice, slice]) -> np.ndarray:
    """(500, W, 3) uint8 RGB: part of a picture with its zones outlined."""
    mask = tissue.segment(rgb, MPP) == labels.TISSUE
    zones = picture_zones.find(rgb, MPP, mask, tissue.glass_colour(rgb), method=method)
    print(f"{method}: {zones.sum() * MPP**2 / 1e6:.3f} mm2")
    rgb, zones = rgb[shown], np.ascontiguousarray(zones[shown])
    scale = HEIGHT_PX / rgb.shape[0]
    size = (round(rgb.shape[1] * scale), HEIGHT_PX)
    picture = np.ascontiguousarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
    contours, _ = cv2.findContours(zones.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    rings = [np.round(contour * scale).astype(np.int32) for contour in contours]
    cv2.polylines(picture, rings, True, OUTLINE, 2, cv2.LINE_AA)
    return picture


def main() -> None:
    """Command line of `make_zones`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("liver", type=Path)
    parser.add_argument("out", type=Path, help="JPEG to write")
    given = parser.parse_args()
    liver = np.ascontiguousarray(cv2.imread(str(given.liver))[..., ::-1])
    with openslide.OpenSlide(SLIDE) as slide:
        skin = np.array(slide.read_region((0, 0), 0, slide.dimensions).convert("RGB"))
    panels = [
        panel(liver, "density", LIVER),
        panel(liver, "clahe_local", LIVER),
        panel(skin, "density", SKIN),
    ]
    gap = np.full((HEIGHT_PX, GAP_PX, 3), 255, np.uint8)
    row = np.hstack([part for picture in panels for part in (gap, picture)][1:])
    cv2.imwrite(str(given.out), row[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 62])


if __name__ == "__main__":
    main()
