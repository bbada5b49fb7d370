"""Nuclei of a slide, found, counted once and written tile by tile."""

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import cv2
import numpy as np
import shapely

from grossing.columns import nuclei_tiles as columns
from grossing.nuclei import segmentation, shape, signal_levels
from grossing.nuclei.nuclei_files import NucleiFiles
from grossing.nuclei.nucleus import Nucleus
from grossing.nuclei.options import NucleiOptions
from grossing.nuclei.signal_levels import BRIGHTFIELD, FLUORESCENCE, Levels
from grossing.nuclei.tile_surroundings import TileSurroundings, TileWithRim
from grossing.slide import modality
from grossing.slide.record import SlideRecord, UsableSlide
from grossing.support import tables
from grossing.support.types import PathLike, Pixels
from grossing.tiles.stored_tiles import Place, StoredTile, StoredTiles

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class TileCount:
    """Nuclei of a tile, their density, and its tissue; None where nuclei are not measured."""

    slide_id: str
    tile_col: int
    tile_row: int
    nuclei_count: int | None = None
    nuclei_per_mm2: float | None = None
    tissue_mm2: float | None = None


@dataclass(frozen=True)
class _Searched:
    """Nuclei of a tile, and the share of it that is tissue where they were searched."""

    count: int
    tissue_fraction: float


@dataclass(frozen=True)
class TileCounts:
    """One entry per row of the slide's `tile_metrics`."""

    rows: tuple[TileCount, ...]

    def write(self, path: PathLike) -> None:
        """Write `nuclei_tiles`."""
        rows = [asdict(row) for row in self.rows]
        tables.write_parquet(tables.from_rows(rows, columns.SCHEMA), path)


def measure(
    container: PathLike,
    metrics: PathLike,
    output: PathLike,
    geojson: PathLike | None,
    *,
    record: SlideRecord,
    mask: Pixels,
    given_stain: str,
    options: NucleiOptions,
) -> TileCounts:
    """Write the nuclei of a slide and count them.

    Each tile is segmented with a rim of its neighbours; a nucleus belongs to the tile that holds
    its centroid. The threshold is one for the slide, from at most 64 tiles spread over it.

    Parameters
    ----------
    container, metrics : the outputs of tiling
    output : the table of its nuclei
    geojson : their outlines for QuPath; None writes none
    record : what was measured of the slide
    mask : (H, W) uint8 labels over the scanned bounds; in H&E only tissue is searched,
        and that not within 16 um of possible pen
    given_stain : the sheet's `stain`; only H&E and fluorescence are measured
    options : how nuclei are segmented
    """
    cv2.setNumThreads(1)
    with StoredTiles(container, metrics) as tiles, NucleiFiles(output, geojson) as files:
        counts: dict[Place, _Searched] = {}
        kind = _modality(given_stain, record)
        if kind is None:
            LOG.info(
                "stain %r, or another dye: nuclei are measured in H&E and fluorescence only",
                given_stain,
            )
        elif len(tiles) and tiles.rows[0].mpp > segmentation.COARSEST_MPP:
            LOG.warning("tiles of %g um/px are too coarse for nuclei", tiles.rows[0].mpp)
        elif len(tiles):
            slide = record.usable()
            counts = _write_nuclei(tiles, slide, mask, kind, files, options)
        return TileCounts(tuple(_tile_count(tile, counts, record) for tile in tiles.rows))


def _modality(given_stain: str, record: SlideRecord) -> str | None:
    if modality.is_fluorescence(given_stain):
        return FLUORESCENCE
    other_dye = record.measures is not None and not record.measures.stain.is_he
    return BRIGHTFIELD if modality.is_he(given_stain) and not other_dye else None


def _write_nuclei(
    tiles: StoredTiles,
    slide: UsableSlide,
    mask: Pixels,
    kind: str,
    files: NucleiFiles,
    options: NucleiOptions,
) -> dict[Place, _Searched]:
    """Write the nuclei of all tiles; what was found in each tile that has a picture."""
    surroundings = TileSurroundings(tiles, slide, mask, kind)
    levels = slide_levels(tiles, surroundings, options.blur_um)
    LOG.info("slide %s: levels %s", slide.slide_id, levels)
    counts = {}
    for tile in tiles.in_z_order():
        count = 0 if levels is None else _write_tile(tile, surroundings, levels, files, options)
        counts[tile.place] = _Searched(count, tile.tissue_fraction - surroundings.left_out(tile))
    LOG.info("slide %s: %d nuclei", slide.slide_id, files.count)
    return counts


def slide_levels(
    tiles: StoredTiles, surroundings: TileSurroundings, blur_um: float
) -> Levels | None:
    """One threshold and one colour of nuclei for the slide, from tiles spread evenly over it."""
    samples = []
    for tile in tiles.spread():
        cut = surroundings.cut(tile, 0)
        sample = segmentation.sample(
            cut.rgb,
            surroundings.mpp,
            cut.inside,
            surroundings.modality,
            glass=surroundings.glass,
            blur_um=blur_um,
        )
        samples.append(sample)
    return signal_levels.find_levels(samples, surroundings.modality)


def _write_tile(
    tile: StoredTile,
    surroundings: TileSurroundings,
    levels: Levels,
    files: NucleiFiles,
    options: NucleiOptions,
) -> int:
    """Write the nuclei whose centroid lies in a tile; how many."""
    cut, glass, kind = (
        surroundings.cut(tile, surroundings.rim_px),
        surroundings.glass,
        surroundings.modality,
    )
    mpp, scale = surroundings.mpp, surroundings.scale
    labelled = segmentation.segment_nuclei(
        cut.rgb, mpp, cut.inside, kind, levels=levels, glass=glass, **vars(options)
    )
    shapes = shape.measure(labelled, segmentation.intensity(cut.rgb, kind, glass), mpp)
    own = _own(shapes, cut, surroundings.size_px)
    x = tile.x_level0_px - cut.x_px * scale
    y = tile.y_level0_px - cut.y_px * scale
    nuclei = [_nucleus(shapes, k, tile, (x, y), scale, kind) for k in own]
    outlines = shape.polygons(labelled, [k + 1 for k in own]) if files.wants_outlines else []
    corner = np.array((x, y))
    moved = shapely.transform(np.array(outlines, object), lambda at: corner + at * scale)
    files.add(nuclei, moved.tolist())
    return len(nuclei)


def _own(shapes: shape.Shapes, cut: TileWithRim, size_px: int) -> list[int]:
    """Nuclei whose centroid lies in the tile itself."""
    x, y = np.floor(shapes.x_px + 0.5) - cut.x_px, np.floor(shapes.y_px + 0.5) - cut.y_px
    inside = (x >= 0) & (x < size_px) & (y >= 0) & (y < size_px)
    own: list[int] = np.flatnonzero(inside).tolist()
    return own


def _nucleus(
    shapes: shape.Shapes,
    k: int,
    tile: StoredTile,
    corner: tuple[float, float],
    scale: float,
    kind: str,
) -> Nucleus:
    """The nucleus of one entry of `shapes`; `corner` is that of their picture, level-0 px."""
    mean = float(shapes.mean[k])
    return Nucleus(
        slide_id=tile.slide_id,
        x_level0_px=corner[0] + (float(shapes.x_px[k]) + 0.5) * scale,
        y_level0_px=corner[1] + (float(shapes.y_px[k]) + 0.5) * scale,
        area_um2=float(shapes.area_um2[k]),
        equivalent_diameter_um=float(shapes.equivalent_diameter_um[k]),
        perimeter_um=float(shapes.perimeter_um[k]),
        eccentricity=float(shapes.eccentricity[k]),
        tile_col=tile.tile_col,
        tile_row=tile.tile_row,
        hematoxylin_od=mean if kind == BRIGHTFIELD else None,
        brightness=mean if kind == FLUORESCENCE else None,
    )


def _tile_count(
    tile: StoredTile, counts: Mapping[Place, _Searched], record: SlideRecord
) -> TileCount:
    found = counts.get(tile.place)
    if found is None or record.resolution is None:
        return TileCount(tile.slide_id, *tile.place)
    side_mm = tile.size_level0_px * record.resolution.mpp / 1000
    tissue_mm2 = max(0.0, found.tissue_fraction) * side_mm**2
    per_mm2 = found.count / tissue_mm2 if tissue_mm2 > 0 else None
    return TileCount(tile.slide_id, *tile.place, found.count, per_mm2, tissue_mm2)
