"""Nuclei of a slide, tile by tile, each counted once; written as they come."""

import contextlib
import json
import logging
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet
import shapely
import shapely.geometry

from grossing.mask import labels
from grossing.nuclei import grey_levels, segmentation, shape
from grossing.nuclei.grey_levels import BRIGHTFIELD, FLUORESCENCE
from grossing.slide import modality
from grossing.slide import record as record_files
from grossing.support import files, tables
from grossing.tiles import stored_tiles

HALO_UM = {BRIGHTFIELD: 16.0, FLUORESCENCE: 48.0}
ROWS_PER_GROUP = 50_000
COLOUR = (90, 60, 200)
LOG = logging.getLogger(__name__)

Pixels = npt.NDArray[np.uint8]
Row = dict[str, Any]


class Writer:
    """Writes the nuclei of a slide in parts, whole files or none.

    Parameters
    ----------
    parquet : table of `tables.NUCLEI`
    geojson : detections for QuPath; if None, none are written, and those of an earlier run beside
        the table (`A.geojson` beside `A.parquet`) are removed
    """

    def __init__(
        self, parquet: str | os.PathLike[str], geojson: str | os.PathLike[str] | None = None
    ) -> None:
        self._paths = parquet, geojson
        self._stack = contextlib.ExitStack()
        self._waiting: list[Row] = []
        self._json: BinaryIO | None = None
        self.written = 0

    @property
    def wants_outlines(self) -> bool:
        return self._json is not None

    def __enter__(self) -> Self:
        parquet, geojson = self._paths
        path = self._stack.enter_context(files.replacing(parquet))
        self._parquet = self._stack.enter_context(pa.parquet.ParquetWriter(path, tables.NUCLEI))
        if geojson is not None:
            path = self._stack.enter_context(files.replacing(geojson))
            self._json = self._stack.enter_context(path.open("wb"))
            self._json.write(b'{"type": "FeatureCollection", "features": [')
        else:
            files.remove(Path(parquet).with_suffix(".geojson"))
        return self

    def __exit__(self, failure: type[BaseException] | None, *rest: Any) -> None:
        if failure is None:
            self._flush()
            if self._json is not None:
                self._json.write(b"\n]}\n")
        self._stack.__exit__(failure, *rest)

    def add(self, rows: Sequence[Row], outlines: Sequence[shapely.Polygon] = ()) -> None:
        """Rows of nuclei, which are numbered here, and their outlines in level-0 px."""
        for row in rows:
            self.written += 1
            row["nucleus"] = self.written
        self._waiting += rows
        if len(self._waiting) >= ROWS_PER_GROUP:
            self._flush()
        if self._json is not None:
            for row, outline in zip(rows, outlines, strict=True):
                start = "\n" if row["nucleus"] == 1 else ",\n"
                self._json.write((start + json.dumps(_feature(row, outline))).encode())

    def _flush(self) -> None:
        self._parquet.write_table(tables.from_rows(self._waiting, tables.NUCLEI))
        self._waiting = []


def measure(
    tiles: stored_tiles.TileSet,
    record: Mapping[str, Any],
    mask: Pixels,
    writer: Writer,
    *,
    given_stain: str,
    options: Mapping[str, Any],
) -> list[Row]:
    """Find and measure the nuclei of a slide.

    Each tile is segmented with a rim of its neighbours; a nucleus belongs to the tile that holds
    its centroid. The threshold is one for the slide, from at most 64 tiles spread over it.

    Parameters
    ----------
    tiles : the slide's tiles
    record : the slide's JSON
    mask : (H, W) uint8 labels over the scanned bounds; in H&E only tissue is looked at
    writer : takes the nuclei
    given_stain : the sheet's `stain`; nothing is looked for unless it is H&E or fluorescence
    options : keywords of `segmentation.segment`

    Returns
    -------
    One row of `tables.NUCLEI_TILES` per row of the tile table, in its order.
    """
    cv2.setNumThreads(1)
    counts: dict[tuple[int, int], int] = {}
    modality = _modality(given_stain)
    if modality is None:
        LOG.info("stain %r: nuclei are told in H&E and fluorescence only", given_stain)
    elif len(tiles) and tiles.rows[0]["mpp"] > segmentation.COARSEST_MPP:
        LOG.warning("tiles of %g um/px are too coarse for nuclei", tiles.rows[0]["mpp"])
    elif len(tiles):
        cutter = _Surroundings(tiles, record, mask, modality)
        levels = _levels(tiles, cutter, modality, options["blur_um"])
        LOG.info("slide %s: levels %s", record["slide_id"], levels)
        for row in tiles.in_z_order():
            found = 0 if levels is None else _tile(row, cutter, levels, writer, options)
            counts[row["tile_col"], row["tile_row"]] = found
        LOG.info("slide %s: %d nuclei", record["slide_id"], writer.written)
    mpp = record.get("mpp")
    places = ((row, (row["tile_col"], row["tile_row"])) for row in tiles.rows)
    return [_counted(row, counts.get(place), mpp) for row, place in places]


def _modality(given_stain: str) -> str | None:
    if modality.is_fluorescence(given_stain):
        return FLUORESCENCE
    return BRIGHTFIELD if modality.is_he(given_stain) else None


@dataclass(frozen=True)
class Cut:
    """A tile with a rim: (H, W, 3) uint8 RGB, (H, W) bool tissue, the tile's corner in it (px)."""

    rgb: Pixels
    seen: npt.NDArray[np.bool_]
    x_px: int
    y_px: int


class _Surroundings:
    """Tiles with a rim of their neighbours, and where in them is tissue."""

    def __init__(
        self, tiles: stored_tiles.TileSet, record: Mapping[str, Any], mask: Pixels, modality: str
    ) -> None:
        self._tiles, self._mask, self.modality = tiles, mask, modality
        self._downsample = record["overview_downsample"]
        self._origin = record["bounds"]["x"], record["bounds"]["y"]
        first = next(tiles.in_z_order())
        picture = tiles.pixels(first["tile_col"], first["tile_row"])
        assert picture is not None
        self.size, self.mpp = len(picture), first["mpp"]
        self.per_px = first["size_level0_px"] / self.size  # level-0 px
        self.halo = math.ceil(HALO_UM[modality] / self.mpp)
        self.glass = (
            record_files.glass_of(record) if modality == BRIGHTFIELD else np.zeros(3, np.uint8)
        )

    def cut(self, row: Row, halo: int) -> Cut:
        """A tile with `halo` px around it, as far as there are tiles."""
        side, size = self.size + 2 * halo, self.size
        rgb = np.empty((side, side, 3), np.uint8)
        rgb[:] = self.glass
        seen = np.zeros((side, side), np.bool_)
        reach = range(-math.ceil(halo / size), math.ceil(halo / size) + 1)
        for down in reach:
            for across in reach:
                pixels = self._tiles.pixels(row["tile_col"] + across, row["tile_row"] + down)
                if pixels is None:
                    continue
                to_y, of_y = _overlap(down * size + halo, size, side)
                to_x, of_x = _overlap(across * size + halo, size, side)
                rgb[to_y, to_x], seen[to_y, to_x] = pixels[of_y, of_x], True
        y, x = (_extent(np.asarray(seen.any(axis=axis))) for axis in (1, 0))
        seen &= self._tissue(row, halo)
        return Cut(np.ascontiguousarray(rgb[y, x]), seen[y, x], halo - x.start, halo - y.start)

    def _tissue(self, row: Row, halo: int) -> npt.NDArray[np.bool_]:
        """Where to look: the mask, enlarged to the tile and its rim (nearest)."""
        along = (np.arange(-halo, self.size + halo) + 0.5) * self.per_px
        picks, inside = [], []
        for axis, name in enumerate(("y_level0_px", "x_level0_px")):
            at = np.floor((row[name] - self._origin[1 - axis] + along) / self._downsample)
            limit = self._mask.shape[axis] - 1
            picks.append(at.clip(0, limit).astype(int))
            inside.append((at >= 0) & (at <= limit))
        found = self._mask[np.ix_(*picks)]
        if self.modality == FLUORESCENCE:
            found = found != labels.NOT_SCANNED  # the mask loses single nuclei on the dark field
        else:
            found = found == labels.TISSUE
        return np.asarray(found & inside[0][:, None] & inside[1])


def _extent(there: npt.NDArray[np.bool_]) -> slice:
    """From the first to the last True."""
    at = np.flatnonzero(there)
    return slice(int(at[0]), int(at[-1]) + 1)


def _overlap(start: int, size: int, side: int) -> tuple[slice, slice]:
    """Where a tile that starts at `start` lies in a canvas, and which part of it."""
    low, high = max(0, start), min(side, start + size)
    return slice(low, high), slice(low - start, high - start)


def _levels(
    tiles: stored_tiles.TileSet, cutter: _Surroundings, modality: str, blur_um: float
) -> grey_levels.Levels | None:
    """One threshold for the slide, from tiles spread evenly over it."""
    total = np.zeros(grey_levels.BINS, np.int64)
    for row in tiles.spread():
        cut = cutter.cut(row, 0)
        total += segmentation.histogram(
            cut.rgb, cutter.mpp, cut.seen, modality, glass=cutter.glass, blur_um=blur_um
        )
    return grey_levels.find_levels(total, modality)


def _tile(
    row: Row,
    cutter: _Surroundings,
    levels: grey_levels.Levels,
    writer: Writer,
    options: Mapping[str, Any],
) -> int:
    """Write the nuclei whose centroid lies in a tile; how many."""
    cut = cutter.cut(row, cutter.halo)
    found = segmentation.segment(
        cut.rgb, cutter.mpp, cut.seen, cutter.modality, levels=levels, glass=cutter.glass, **options
    )
    signal = segmentation.intensity(cut.rgb, cutter.modality, cutter.glass)
    shapes = shape.measure(found, signal, cutter.mpp)
    own = _own(shapes, cut, cutter.size)
    rim = np.array([cut.x_px, cut.y_px]) * cutter.per_px
    corner = np.array([row["x_level0_px"], row["y_level0_px"]]) - rim
    name = "hematoxylin_od" if cutter.modality == BRIGHTFIELD else "brightness"
    rows = [
        {
            "slide_id": row["slide_id"],
            "x_level0_px": corner[0] + (shapes.x_px[k] + 0.5) * cutter.per_px,
            "y_level0_px": corner[1] + (shapes.y_px[k] + 0.5) * cutter.per_px,
            "area_um2": shapes.area_um2[k],
            "equivalent_diameter_um": shapes.equivalent_diameter_um[k],
            "perimeter_um": shapes.perimeter_um[k],
            "eccentricity": shapes.eccentricity[k],
            name: shapes.mean[k],
            "tile_col": row["tile_col"],
            "tile_row": row["tile_row"],
        }
        for k in own
    ]
    outlines = shape.polygons(found, [k + 1 for k in own]) if writer.wants_outlines else []
    scale = cutter.per_px
    writer.add(rows, [shapely.transform(o, lambda at: corner + at * scale) for o in outlines])
    return len(rows)


def _own(shapes: shape.Shapes, cut: Cut, size: int) -> list[int]:
    """Nuclei whose centroid lies in the tile itself."""
    x, y = np.floor(shapes.x_px + 0.5) - cut.x_px, np.floor(shapes.y_px + 0.5) - cut.y_px
    own: list[int] = np.flatnonzero((x >= 0) & (x < size) & (y >= 0) & (y < size)).tolist()
    return own


def _counted(row: Row, count: int | None, mpp: float | None) -> Row:
    """Count and density of a tile; null where it has no pixels or nothing was looked for."""
    found: Row = {"tile_col": row["tile_col"], "tile_row": row["tile_row"], "nuclei_count": count}
    if count is not None and mpp is not None:
        tissue_mm2 = row["tissue_fraction"] * (row["size_level0_px"] * mpp / 1000) ** 2
        found["nuclei_per_mm2"] = count / tissue_mm2 if tissue_mm2 > 0 else None
    return found


def _feature(row: Row, outline: shapely.Polygon) -> dict[str, Any]:
    """A detection of QuPath."""
    rounded = shapely.make_valid(shapely.transform(outline, lambda at: np.round(at, 2)))
    largest = max(shapely.get_parts(rounded), key=lambda part: part.area)
    names = ("area_um2", "perimeter_um", "eccentricity", "hematoxylin_od", "brightness")
    measured = {name: round(float(row[name]), 4) for name in names if row.get(name) is not None}
    return {
        "type": "Feature",
        "geometry": shapely.geometry.mapping(largest),
        "properties": {
            "objectType": "detection",
            "name": f"Nucleus {row['nucleus']}",
            "classification": {"name": "Nucleus", "color": list(COLOUR)},
            "measurements": measured,
        },
    }
