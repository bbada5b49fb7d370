"""Passing tiles as GeoJSON that QuPath opens: a square per tile, with its measurements.

References
----------
.. [1] QuPath, `PathObjectTypeAdapters`: objects of the type "tile"
"""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from grossing.export.selection import ExportSlide, Selection, each
from grossing.support import files
from grossing.support.types import PathLike

MEASUREMENTS = (
    *("tissue_fraction", "pen_fraction", "focus", "blurred_fraction", "mean_od"),
    *("hematoxylin_od", "eosin_od", "nuclei_count", "nuclei_per_mm2"),
)
CLASS = {"name": "Passing tile", "color": [40, 160, 70]}
GeoJson = dict[str, Any]


def export(selection: Selection, folder: PathLike) -> pa.Table:
    """Write `{slide_id}.geojson`, squares in level-0 px; returns the table `exports`.

    Parameters
    ----------
    selection : with the columns of `MEASUREMENTS`
    """
    to = Path(folder)

    def write(slide: ExportSlide, tiles: pa.Table) -> None:
        features = [feature(row, slide.mpp) for row in tiles.to_pylist()]
        text = json.dumps({"type": "FeatureCollection", "features": features}, allow_nan=False)
        files.write(to / f"{slide.slide_id}.geojson", text.encode() + b"\n")

    return selection.report("geojson", each(selection, write))


def feature(row: dict[str, Any], mpp: float) -> GeoJson:
    """The square of a tile; `mpp` is that of level 0."""
    x, y, side = row["x_level0_px"], row["y_level0_px"], row["size_level0_px"]
    ring = [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
    measured = {name: row[name] for name in MEASUREMENTS if row[name] is not None}
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "objectType": "tile",
            "name": f"{row['tile_col']}_{row['tile_row']}",
            "classification": CLASS,
            "measurements": {"area_mm2": round((side * mpp / 1000) ** 2, 6)} | measured,
        },
    }
