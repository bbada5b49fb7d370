"""Draw what preparing does to an X-ray and to a made MR head.

The X-ray: with air black, after CLAHE, and with its lung fields. The head: with its bias
field, the field that was put in, the one N4 finds, and corrected. Prints the CPU seconds. Example:
docs/make_radiology.py RG1.dcm docs/pictures/xray.jpg docs/pictures/mr.jpg
(`RG1_J2KI` of the Python package pydicom-data, MIT)
"""

import argparse
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import SimpleITK as sitk

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

import brain_phantom
from grossing.radiology.mr import bias_field
from grossing.radiology.reading import study_reading
from grossing.radiology.xr import contrast, lung_field, photometric

SIDE_PX, GAP_PX = 360, 8


def tile(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Grey picture of a part of the values."""
    grey = np.clip((values - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    height = round(SIDE_PX * values.shape[0] / values.shape[1])
    return cv2.resize(grey, (SIDE_PX, height), interpolation=cv2.INTER_AREA)


def write(tiles: list[np.ndarray], path: str) -> None:
    """Pictures side by side."""
    coloured = [one if one.ndim == 3 else cv2.cvtColor(one, cv2.COLOR_GRAY2BGR) for one in tiles]
    gap = np.full((coloured[0].shape[0], GAP_PX, 3), 255, np.uint8)
    row = [part for one in coloured for part in (one, gap)][:-1]
    cv2.imwrite(path, np.hstack(row), [cv2.IMWRITE_JPEG_QUALITY, 85])


def draw_xray(source: str, path: str) -> None:
    """Three pictures of one X-ray."""
    opened = study_reading.open_study(source)
    stored = study_reading.pixels(opened).values[0]
    start = time.process_time()
    unit = photometric.air_black(stored, opened.header.photometric)
    full = (1 << opened.header.bits_stored) - 1
    chosen = contrast.parameters(full - stored, full)
    equalised = contrast.equalise(unit, chosen, opened.header.bits_stored)
    between = time.process_time()
    lungs = lung_field.find(unit)
    print(f"X-ray: CLAHE {between - start:.2f} s, lungs {time.process_time() - between:.2f} s")
    print(chosen, contrast.figures(unit), contrast.figures(equalised), lungs.confidence)
    tiles = [tile(unit, 0, 1), tile(equalised, 0, 1)]
    drawn = cv2.cvtColor(tiles[1], cv2.COLOR_GRAY2BGR)
    mask = tile(lungs.mask.astype(np.float32), 0, 1) > 127
    outlines, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    write([*tiles, cv2.drawContours(drawn, outlines, -1, (0, 200, 255), 2)], path)


def draw_mr(path: str) -> None:
    """Four pictures of one slice."""
    head = brain_phantom.make_head(biased=True)
    start = time.process_time()
    found = bias_field.correct(head.image(), head.image(head.brain))
    print(f"MR: N4 {time.process_time() - start:.2f} s")
    middle = head.volume.shape[0] // 2
    field, corrected = (sitk.GetArrayFromImage(v)[middle] for v in (found.field, found.corrected))
    inside = head.brain[middle]
    truth = head.bias[middle] / np.median(head.bias[head.brain])
    fields = [np.where(inside, one, 0.5) for one in (truth, field)]
    write(
        [
            tile(head.volume[middle], 0, 700),
            *(tile(one, 0.5, 1.6) for one in fields),
            tile(corrected, 0, 700),
        ],
        path,
    )


def main() -> None:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("xray")
    parser.add_argument("xray_picture")
    parser.add_argument("mr_picture")
    given = parser.parse_args()
    draw_xray(given.xray, given.xray_picture)
    draw_mr(given.mr_picture)


if __name__ == "__main__":
    main()
