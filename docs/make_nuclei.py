"""Draw the nuclei that a run found, as outlines over a piece of a slide.

Example: docs/make_nuclei.py demo/results docs/pictures/nuclei.jpg CMU-1-Small-Region 3 1
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from grossing import tileset

SCALE, OUTLINE = 2, (20, 220, 60)


def picture(results: Path, slide_id: str, column: int, row: int) -> np.ndarray:
    """A tile beside itself with outlines, (H, W, 3) uint8 RGB."""
    container = results / f"tiles/{slide_id}.zip"
    with tileset.TileSet(container, results / f"tile_metrics/{slide_id}.parquet") as tiles:
        plain = tiles.pixels(column, row)
        at = next(r for r in tiles.rows if (r["tile_col"], r["tile_row"]) == (column, row))
    if plain is None:
        raise SystemExit(f"{slide_id}: no tile {column}_{row}")
    plain = cv2.resize(plain, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_CUBIC)
    drawn, px = plain.copy(), len(plain) / at["size_level0_px"]
    outlines = json.loads((results / f"nuclei/{slide_id}.geojson").read_text(encoding="utf-8"))
    for feature in outlines["features"]:
        for ring in feature["geometry"]["coordinates"]:
            points = (np.array(ring) - (at["x_level0_px"], at["y_level0_px"])) * px
            cv2.polylines(drawn, [np.round(points).astype(np.int32)], True, OUTLINE, 1, cv2.LINE_AA)
    return np.hstack([plain, np.full((len(plain), 8, 3), 255, np.uint8), drawn])


def main() -> None:
    """Command line of `make_nuclei`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="the results folder of a run")
    parser.add_argument("out", type=Path, help="JPEG to write")
    parser.add_argument("slide_id")
    parser.add_argument("column", type=int)
    parser.add_argument("row", type=int)
    parser.add_argument("--part", type=int, default=0, help="px of the tile to show from a corner")
    given = parser.parse_args()
    drawn = picture(given.results, given.slide_id, given.column, given.row)
    cv2.imwrite(str(given.out), drawn[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])


if __name__ == "__main__":
    main()
