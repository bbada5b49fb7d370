"""Outlines of label pictures as GeoJSON that QuPath opens."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
import shapely
import shapely.geometry
from shapely.geometry.base import BaseGeometry

_REFINE = 2  # contours run through pixel centres: on a doubled picture they lose a quarter pixel,
_INSET = 0.25  # which is given back
_SIMPLIFY = 0.5  # pixels


GeoJson = dict[str, Any]
Polygons = npt.NDArray[Any]  # of shapely.Polygon
Indices = npt.NDArray[np.intp]
_Number = TypeVar("_Number", bound=np.generic)
EMPTY: GeoJson = {"type": "FeatureCollection", "features": []}


def of_mask(mask: npt.NDArray[np.bool_]) -> list[shapely.Polygon]:
    """Valid polygons with holes around the True pixels, in mask pixels."""
    polygons: list[shapely.Polygon] = of_doubled([doubled(mask.astype(np.uint8))])[0].tolist()
    return polygons


def doubled(picture: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """The picture with each pixel four times."""
    return picture.repeat(_REFINE, axis=0).repeat(_REFINE, axis=1)


def of_doubled(masks: Iterable[npt.NDArray[np.uint8]]) -> tuple[Polygons, Indices]:
    """Valid polygons with holes of many masks at once, and the index of the mask of each.

    Parameters
    ----------
    masks : (H, W) each, `doubled`, 0 or 1

    Returns
    -------
    In pixels of the mask before it was doubled; the masks' indices ascend.
    """
    rings: list[npt.NDArray[np.int32]] = []
    polygon_of_ring: list[int] = []
    mask_of_polygon: list[int] = []
    for index, mask in enumerate(masks):
        contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        parents = [] if tree is None else tree[0, :, 3].tolist()
        for outer, (ring, parent) in enumerate(zip(contours, parents, strict=True)):
            if parent >= 0 or len(ring) < 3:
                continue
            holes = [
                contours[k] for k, of in enumerate(parents) if of == outer and len(contours[k]) > 2
            ]
            rings += [np.asarray(r, np.int32) for r in (ring, *holes)]
            polygon_of_ring += [len(mask_of_polygon)] * (1 + len(holes))
            mask_of_polygon.append(index)
    if not rings:
        return np.empty(0, object), np.empty(0, np.intp)
    at = (np.concatenate(rings)[:, 0] + 0.5) / _REFINE
    lines = shapely.linearrings(at, indices=np.repeat(np.arange(len(rings)), [*map(len, rings)]))
    polygons = shapely.polygons(np.asarray(lines, object), indices=polygon_of_ring)
    exact = shapely.buffer(polygons, _INSET, join_style="mitre")
    valid = shapely.make_valid(shapely.simplify(exact, _SIMPLIFY))
    parts, of_part = shapely.get_parts(valid, return_index=True)
    whole = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & (shapely.area(parts) > 0)
    return parts[whole], np.asarray(mask_of_polygon)[of_part[whole]]


def largest(pieces: Polygons, owners: Indices) -> Polygons:
    """The largest piece of each owner (the first of equal ones), by ascending owner."""
    order = np.lexsort((-shapely.area(pieces), owners))
    _, first = np.unique(owners[order], return_index=True)
    return np.asarray(pieces[order[first]])


def feature_collection(
    labels: npt.NDArray[np.uint8],
    classes: Mapping[int, tuple[str, tuple[int, int, int]]],
    *,
    origin: tuple[int, int],
    downsample: float,
    mpp: float,
    number_name: str = "tissue_id",
) -> GeoJson:
    """Annotations of the given label classes, one feature per piece.

    Parameters
    ----------
    labels : (H, W) uint8
    classes : label to class name and colour
    origin : level-0 px of the labels' corner
    downsample : level-0 px per pixel of the labels; the coordinates are level-0 px
    mpp : um per level-0 pixel
    number_name : property that counts the features from 0

    References
    ----------
    .. [1] QuPath documentation, "Exporting annotations": GeoJSON
    """
    features: list[dict[str, Any]] = []
    for label, (name, colour) in classes.items():
        shown = labels == label
        for piece in of_mask(shown) if shown.any() else ():
            outline = shapely.transform(piece, lambda at: np.round(at * downsample + origin))
            whole = shapely.make_valid(outline)
            number = {number_name: len(features)}
            features.append(_feature(whole, number, name, colour, mpp))
    return {"type": "FeatureCollection", "features": features}


def _feature(
    outline: BaseGeometry,
    number: dict[str, int],
    name: str,
    colour: tuple[int, int, int],
    mpp: float,
) -> GeoJson:
    return {
        "type": "Feature",
        "geometry": shapely.geometry.mapping(outline),
        "properties": {
            "objectType": "annotation",
            "name": f"{name} {next(iter(number.values()))}",
            "classification": {"name": name, "color": list(colour)},
            "measurements": {"area_mm2": round(outline.area * mpp**2 / 1e6, 6)},
            **number,
        },
    }
