"""Draw the results of a run: tissue and pen outlines and the judged tile grid over the thumbnail.

Tiles: green PASS, red FAIL, with a black cross where lost; not drawn where they are no candidates.
Outlines: magenta tissue, blue pen. Example:
docs/make_overlay.py demo/results picture.jpg synthetic_pen CMU-1-Small-Region
"""

import argparse
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet

HEIGHT_PX, GAP_PX = 640, 16
TISSUE, PEN, PASS, FAIL, LOST = (160, 0, 160), (0, 60, 220), (0, 150, 60), (220, 40, 30), (0, 0, 0)


def overlay(results: Path, slide_id: str) -> np.ndarray:
    """(H, W, 3) uint8 RGB of one slide."""
    record = json.loads((results / f"slides/{slide_id}.json").read_text(encoding="utf-8"))
    picture = cv2.imread(str(results / f"tissue/thumbnails/{slide_id}.jpg"))[..., ::-1]
    scale = HEIGHT_PX / picture.shape[0]
    size = (round(picture.shape[1] * scale), HEIGHT_PX)
    picture = np.ascontiguousarray(cv2.resize(picture, size, interpolation=cv2.INTER_CUBIC))
    mask = cv2.imread(str(results / f"tissue/masks/{slide_id}.png"), cv2.IMREAD_GRAYSCALE)
    per_px = record["overview_downsample"] * mask.shape[0] / HEIGHT_PX  # level-0 px
    corner = np.array([record["bounds"]["x"], record["bounds"]["y"]])

    def place(points: Any) -> np.ndarray:
        return np.round((np.asarray(points) - corner) / per_px).astype(np.int32)

    for row in _tiles(results, slide_id):
        _draw_tile(picture, row, place)
    outlines = (results / f"tissue/outlines/{slide_id}.geojson").read_text(encoding="utf-8")
    for feature in json.loads(outlines)["features"]:
        is_pen = feature["properties"]["classification"]["name"] == "Pen"
        rings = [place(ring) for ring in _rings_of(feature["geometry"])]
        cv2.polylines(picture, rings, True, PEN if is_pen else TISSUE, 2, cv2.LINE_AA)
    return picture


def _tiles(results: Path, slide_id: str) -> list[dict[str, Any]]:
    """The slide's candidate tiles, those that pass last."""
    table = pyarrow.parquet.read_table(results / "cohort/patch_cohort.parquet")
    rows = table.filter(pc.equal(table["slide_id"], slide_id)).to_pylist()
    return sorted(rows, key=lambda row: row["qc_status_tile"])


def _draw_tile(picture: np.ndarray, row: dict[str, Any], place: Any) -> None:
    x, y, side = row["x_level0_px"], row["y_level0_px"], row["size_level0_px"]
    (left, top), (right, bottom) = place([(x, y), (x + side, y + side)])
    colour = PASS if row["qc_status_tile"] == "PASS" else FAIL
    area = picture[top + 2 : bottom - 1, left + 2 : right - 1]
    area[:] = cv2.addWeighted(area, 0.88, np.full_like(area, colour), 0.12, 0)
    cv2.rectangle(picture, (left + 2, top + 2), (right - 2, bottom - 2), colour, 2)
    if row["qc_reasons_tile"] == "lost":
        cv2.line(picture, (left, top), (right, bottom), LOST, 3, cv2.LINE_AA)
        cv2.line(picture, (left, bottom), (right, top), LOST, 3, cv2.LINE_AA)


def _rings_of(geometry: dict[str, Any]) -> list[Any]:
    """Outer and inner rings of a Polygon or MultiPolygon."""
    at = geometry["coordinates"]
    return [ring for part in at for ring in part] if geometry["type"] == "MultiPolygon" else at


def main() -> None:
    """Command line of `make_overlay`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="the results folder of a run")
    parser.add_argument("out", type=Path, help="JPEG to write")
    parser.add_argument("slide_id", nargs="+", help="drawn side by side")
    given = parser.parse_args()
    pictures = [overlay(given.results, slide_id) for slide_id in given.slide_id]
    gap = np.full((HEIGHT_PX, GAP_PX, 3), 255, np.uint8)
    side_by_side = np.hstack([part for picture in pictures for part in (gap, picture)][1:])
    cv2.imwrite(str(given.out), side_by_side[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])


if __name__ == "__main__":
    main()
