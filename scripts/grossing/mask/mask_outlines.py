"""A mask of the user's own that is GeoJSON: outlines in level-0 pixels, as QuPath writes them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import shapely
import shapely.geometry

from grossing.mask.mask_grid import MaskGrid
from grossing.support.errors import SlideError
from grossing.support.types import Mask

OUTSIDE_MAX = 0.05  # of the area: outlines drawn by hand may cross the slide's edge a little
FINE = 3  # drawn on a finer picture, of which the middle pixels count: cv2 fills its edges too
SHIFT = 6  # binary digits of a fraction of a pixel
NO_TISSUE = ("pen", "possible pen")  # classes of our own outlines; a * marks what QuPath ignores
_IGNORED = "*"
FARTHEST = 1e9  # level-0 px, of any slide: areas of polygons beyond may be infinite
UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    RecursionError,
    OverflowError,
)


@dataclass(frozen=True)
class MaskOutlines:
    """Valid polygons with holes, level-0 px; where they overlap they are one."""

    polygons: tuple[shapely.Polygon, ...]

    def on(self, grid: MaskGrid) -> Mask:
        """The pixels of the grid whose centre lies in a polygon.

        Raises
        ------
        SlideError : mask_mismatch, for polygons outside of the slide.
        """
        self._check(grid)
        canvas = np.zeros((grid.rows * FINE, grid.columns * FINE), np.uint8)
        scale = FINE / grid.downsample
        for polygon in self._inside(grid):
            rings = [np.asarray(r.coords)[:, :2] for r in (polygon.exterior, *polygon.interiors)]
            drawn = [(ring - (grid.x, grid.y)) * scale - 0.5 for ring in rings]
            left, top = np.maximum(np.floor(drawn[0].min(axis=0)), 0).astype(int)
            right, bottom = np.ceil(drawn[0].max(axis=0)).astype(int) + 1
            part = canvas[top:bottom, left:right]
            whole = [np.round((ring - (left, top)) * 2**SHIFT).astype(np.int32) for ring in drawn]
            part |= np.asarray(cv2.fillPoly(np.zeros_like(part), whole, 1, shift=SHIFT))
        return np.asarray(canvas[FINE // 2 :: FINE, FINE // 2 :: FINE] > 0)

    def _check(self, grid: MaskGrid) -> None:
        whole = sum(polygon.area for polygon in self.polygons)
        slide = shapely.box(0, 0, grid.slide_width, grid.slide_height)
        inside = sum(polygon.intersection(slide).area for polygon in self.polygons)
        if whole - inside > OUTSIDE_MAX * whole:
            left, top, right, bottom = shapely.total_bounds(list(self.polygons)).round()
            share = f"{1 - inside / whole:.0%} of the mask's area"
            reach = f"x {left:.0f}..{right:.0f}, y {top:.0f}..{bottom:.0f}"
            of_slide = f"{grid.slide_width} x {grid.slide_height} px"
            message = f"{share} is outside of the slide, {of_slide}: it spans {reach}"
            raise SlideError("mask_mismatch", message)

    def _inside(self, grid: MaskGrid) -> Iterator[shapely.Polygon]:
        """The polygons within the grid, a pixel more: farther corners have no place in an int32."""
        width, height = grid.columns * grid.downsample, grid.rows * grid.downsample
        box = shapely.box(grid.x, grid.y, grid.x + width, grid.y + height)
        wide = box.buffer(grid.downsample, join_style="mitre")
        for polygon in self.polygons:
            yield from _polygons(polygon.intersection(wide))


def read(data: bytes) -> MaskOutlines:
    """Polygons and multipolygons of a geometry, a feature, a collection or a list of these.

    Points and lines are left out, and so are features of the classes `Pen` and `Possible pen` (of
    the outlines that Grossing writes) and those whose class ends in `*` (which QuPath ignores).

    Raises
    ------
    SlideError : mask_unreadable, for what is no GeoJSON or holds no polygon.
    """
    try:
        content = json.loads(data)
        geometries = list(_geometries(content))
        polygons = [part for geometry in geometries for part in _shapes(geometry)]
    except UNREADABLE as error:
        message = f"the mask is no readable GeoJSON: {type(error).__name__}: {error}"
        raise SlideError("mask_unreadable", message) from error
    except shapely.errors.ShapelyError as error:
        raise SlideError("mask_unreadable", f"a shape of the mask is wrong: {error}") from error
    if geometries and not polygons:
        raise SlideError("mask_unreadable", "the mask's GeoJSON holds no polygon with an area")
    return MaskOutlines(tuple(polygons))


def _geometries(content: Any) -> Iterator[dict[str, Any]]:
    """The geometries of a GeoJSON object that are to count."""
    if isinstance(content, list):
        for part in content:
            yield from _geometries(part)
    elif content["type"] == "FeatureCollection":
        yield from _geometries(content["features"])
    elif content["type"] == "Feature":
        if content["geometry"] is not None and _counts(content.get("properties") or {}):
            yield content["geometry"]
    else:
        yield content


def _counts(properties: dict[str, Any]) -> bool:
    """Whether a feature's class is one of tissue."""
    name = str((properties.get("classification") or {}).get("name") or "").strip()
    return name.casefold() not in NO_TISSUE and not name.endswith(_IGNORED)


def _shapes(geometry: dict[str, Any]) -> Iterator[shapely.Polygon]:
    with np.errstate(invalid="ignore"):  # NaN is refused below
        shape = shapely.geometry.shape(geometry)
    corners = shapely.get_coordinates(shape)
    if not np.isfinite(corners).all():
        raise ValueError("a coordinate is not a number")
    if corners.size and abs(farthest := corners.flat[np.abs(corners).argmax()]) > FARTHEST:
        raise ValueError(f"a coordinate is {farthest:g}")
    yield from _polygons(shapely.make_valid(shape))


def _polygons(shape: shapely.Geometry) -> Iterator[shapely.Polygon]:
    """The parts of a shape that have an area."""
    for part in shapely.get_parts(shape):
        if part.geom_type == "Polygon":
            if part.area > 0:
                yield part
        elif part.geom_type in ("MultiPolygon", "GeometryCollection"):
            yield from _polygons(part)
