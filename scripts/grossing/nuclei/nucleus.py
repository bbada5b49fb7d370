"""One nucleus of a slide, as a row of `nuclei` and as a detection for QuPath."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import shapely.geometry

from grossing.mask.outlines import GeoJson

COLOUR = (90, 60, 200)
MEASUREMENTS = ("area_um2", "perimeter_um", "eccentricity", "hematoxylin_od", "brightness")


@dataclass(frozen=True)
class Nucleus:
    """Where a nucleus lies, and its measures.

    `x_level0_px`, `y_level0_px` of its centroid, which lies in the tile `tile_col`, `tile_row`;
    `hematoxylin_od` is None in fluorescence, `brightness` in H&E.
    """

    slide_id: str
    x_level0_px: float
    y_level0_px: float
    area_um2: float
    equivalent_diameter_um: float
    perimeter_um: float
    eccentricity: float
    tile_col: int
    tile_row: int
    hematoxylin_od: float | None = None
    brightness: float | None = None

    def to_row(self, number: int) -> Mapping[str, Any]:
        """The row of `nuclei`; `number` counts the slide's nuclei from 1."""
        return {"nucleus": number, **vars(self)}

    def to_feature(self, number: int, outline: shapely.Polygon) -> GeoJson:
        """A detection of QuPath; the outline in level-0 px."""
        rounded = shapely.make_valid(shapely.transform(outline, lambda at: np.round(at, 2)))
        largest = max(shapely.get_parts(rounded), key=lambda part: part.area)
        values = {name: getattr(self, name) for name in MEASUREMENTS}
        return {
            "type": "Feature",
            "geometry": shapely.geometry.mapping(largest),
            "properties": {
                "objectType": "detection",
                "name": f"Nucleus {number}",
                "classification": {"name": "Nucleus", "color": list(COLOUR)},
                "measurements": {k: round(v, 4) for k, v in values.items() if v is not None},
            },
        }
