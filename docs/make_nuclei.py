"""Draw the nuclei of a finished run as outlines over a part of a slide.

The run needs `nuclei: {enabled: true, geojson: true}`. Example, a square of 320 px of tile 2_3:
docs/make_nuclei.py demo/results docs/pictures/nuclei.jpg CMU-1-Small-Region 2 3 0 140 320
"""

import argparse
import json
import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1] / "scripts"))

from grossing.tiles import stored_tiles

SCALE, OUTLINE = 2, (20, 220, 60)


def picture(results: Path, slide_id: str, column: int, row: int) -> tuple[np.ndarray, np.ndarray]:
    """A tile and the tile with outlines, both (H, W, 3) uint8 RGB."""
    container = results / f"tiles/{slide_id}.zip"
    with stored_tiles.StoredTiles(container, results / f"tile_metrics/{slide_id}.parquet") as tiles:
        plain = tiles.pixels((column, row))
        at = next(r for r in tiles.rows if r.place == (column, row))
    if plain is None:
        raise SystemExit(f"{slide_id}: no tile {column}_{row}")
    plain = cv2.resize(plain, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_CUBIC)
    drawn, px = plain.copy(), len(plain) / at.size_level0_px
    outlines = json.loads((results / f"nuclei/{slide_id}.geojson").read_text(encoding="utf-8"))
    for feature in outlines["features"]:
        for ring in feature["geometry"]["coordinates"]:
            points = (np.array(ring) - (at.x_level0_px, at.y_level0_px)) * px
            cv2.polylines(drawn, [np.round(points).astype(np.int32)], True, OUTLINE, 1, cv2.LINE_AA)
    return plain, drawn


def main() -> None:
    """Command line of `make_nuclei`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="the results folder of a run")
    parser.add_argument("out", type=Path, help="JPEG to write")
    parser.add_argument("slide_id")
    for name in ("column", "row", "left", "top", "side"):
        parser.add_argument(name, type=int)
    given = parser.parse_args()
    y, x = (slice(SCALE * at, SCALE * (at + given.side)) for at in (given.top, given.left))
    both = picture(given.results, given.slide_id, given.column, given.row)
    plain, drawn = (shown[y, x] for shown in both)
    gap = np.full((len(plain), 16, 3), 255, np.uint8)
    beside = np.hstack([plain, gap, drawn])
    cv2.imwrite(str(given.out), beside[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 72])


if __name__ == "__main__":
    main()
