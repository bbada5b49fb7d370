"""Outlines of label pictures as GeoJSON that QuPath opens."""

from collections.abc import Mapping
from typing import Any

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
EMPTY: GeoJson = {"type": "FeatureCollection", "features": []}


def of_mask(mask: npt.NDArray[np.bool_]) -> list[shapely.Polygon]:
    """Valid polygons with holes around the True pixels, in mask pixels."""
    big = cv2.resize(
        mask.astype(np.uint8), None, fx=_REFINE, fy=_REFINE, interpolation=cv2.INTER_NEAREST
    )
    contours, tree = cv2.findContours(big, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    rings = [(np.asarray(c[:, 0, :], np.float64) + 0.5) / _REFINE for c in contours]
    polygons: list[shapely.Polygon] = []
    for index, ring in enumerate(rings):
        if tree[0][index][3] >= 0 or len(ring) < 3:
            continue
        holes = [
            rings[i] for i in range(len(rings)) if tree[0][i][3] == index and len(rings[i]) > 2
        ]
        exact = shapely.Polygon(ring, holes).buffer(_INSET, join_style="mitre")
        valid = shapely.make_valid(exact.simplify(_SIMPLIFY))
        polygons += [p for p in shapely.get_parts(valid) if p.geom_type == "Polygon" and p.area > 0]
    return polygons


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
        for piece in of_mask(labels == label):
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
