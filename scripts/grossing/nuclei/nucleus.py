"""One nucleus of a slide, as a row of `nuclei` and as a detection for QuPath."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from grossing.mask import outlines
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

    def to_feature(self, number: int, geometry: GeoJson) -> GeoJson:
        """A detection of QuPath; the geometry in level-0 px."""
        values = {name: getattr(self, name) for name in MEASUREMENTS}
        return {
            "type": "Feature",
            "geometry": geometry,
            "properties": {
                "objectType": "detection",
                "name": f"Nucleus {number}",
                "classification": {"name": "Nucleus", "color": list(COLOUR)},
                "measurements": {k: round(v, 4) for k, v in values.items() if v is not None},
            },
        }


def geometries(polygons: Sequence[shapely.Polygon]) -> list[GeoJson]:
    """Polygons rounded to hundredths as GeoJSON; the largest piece where one falls apart."""
    rounded = shapely.transform(np.array(polygons, object), lambda at: np.round(at, 2))
    parts = outlines.largest(*shapely.get_parts(shapely.make_valid(rounded), return_index=True))
    rings, owners = shapely.get_rings(parts, return_index=True)
    at = shapely.get_coordinates(rings).tolist()
    ends = np.cumsum(shapely.get_num_coordinates(rings)).tolist()
    coordinates: list[list[Any]] = [[] for _ in parts]
    for owner, (start, end) in zip(owners.tolist(), pairwise([0, *ends]), strict=True):
        coordinates[owner].append(at[start:end])
    return [{"type": "Polygon", "coordinates": its} for its in coordinates]
