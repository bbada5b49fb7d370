"""Zones of high cellularity of an H&E slide, such as inflammation, from its tiles."""

import logging
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask import labels
from grossing.mask import outlines as mask_outlines
from grossing.mask.outlines import GeoJson
from grossing.slide import modality
from grossing.slide.record import SlideRecord, UsableSlide
from grossing.stain import optical_density
from grossing.support import files, images
from grossing.support.types import Mask, PathLike, Pixels
from grossing.tiles.stored_tiles import StoredTile, StoredTiles
from grossing.zones import dense_blocks, nuclear_pixels
from grossing.zones.block_sums import BlockSums
from grossing.zones.nuclear_pixels import COARSEST_MPP
from grossing.zones.options import ZoneOptions
from grossing.zones.zones_record import ZoneMeasures, ZonesRecord

LOG = logging.getLogger(__name__)

COARSEST_BLOCK_UM = 10.0
ZONE = 255
CLASSES = {ZONE: ("High cellularity", (120, 0, 200))}


class ZoneFiles(Protocol):
    """Paths of a slide's outputs."""

    facts: str
    mask: str
    outlines: str


@dataclass(frozen=True)
class SlideZones:
    """The zones of one slide.

    `mask` (H, W) uint8, `ZONE` or 0, spans the scanned bounds, `record.measures.downsample` level-0
    px per pixel; it is 1 x 1 px, and there are no outlines, where nothing was measured.
    """

    record: ZonesRecord
    mask: Pixels
    outlines: GeoJson

    def write(self, to: ZoneFiles) -> None:
        """Write mask, outlines and, last, the JSON."""
        files.write(to.mask, images.png(self.mask))
        files.write_json(self.outlines, to.outlines)
        self.record.write(to.facts)


def find(
    container: PathLike,
    metrics: PathLike,
    *,
    record: SlideRecord,
    mask: Pixels,
    given_stain: str,
    options: ZoneOptions,
) -> SlideZones:
    """Zones of a slide from its tiles, each decoded once (up to 64 of them twice).

    Parameters
    ----------
    container, metrics : the outputs of tiling
    record : what was measured of the slide
    mask : (H, W) uint8 labels over the scanned bounds
    given_stain : the sheet's `stain`
    options : how zones are found

    Notes
    -----
    A block is a pixel of the mask, or a whole part of one where that is coarser than 10 um.
    Tissue without a tile (candidates hold at least 5 % tissue) is left out.
    """
    cv2.setNumThreads(1)
    with StoredTiles(container, metrics) as tiles:
        reason = _reason(tiles, given_stain, record)
        if reason is None:
            return _measured(tiles, record.usable(), mask, options)
    LOG.info("slide %s: zones are not measured: %s", record.slide_id, reason)
    none = ZonesRecord(record.slide_id, options.method, reason)
    return SlideZones(none, np.zeros((1, 1), np.uint8), mask_outlines.EMPTY)


def _reason(tiles: StoredTiles, given_stain: str, record: SlideRecord) -> str | None:
    """Why a slide cannot be measured."""
    other_dye = record.measures is not None and not record.measures.stain.is_he
    if other_dye or not modality.is_he(given_stain):
        return "not_he"
    if not len(tiles):
        return "no_tiles"
    return "too_coarse" if tiles.rows[0].mpp > COARSEST_MPP else None


def _measured(
    tiles: StoredTiles, slide: UsableSlide, mask: Pixels, options: ZoneOptions
) -> SlideZones:
    overview_downsample = slide.measures.areas.overview_downsample
    parts = math.ceil(overview_downsample * slide.resolution.mpp / COARSEST_BLOCK_UM)
    downsample = overview_downsample / parts
    block_um = downsample * slide.resolution.mpp
    tissue = np.asarray(mask == labels.TISSUE).repeat(parts, axis=0).repeat(parts, axis=1)
    sums = BlockSums((tissue.shape[0], tissue.shape[1]), downsample)
    nuclear_od = _fill(sums, tiles, slide, tissue, options)
    sums.total *= tissue
    sums.pixels *= tissue
    zones, limit = dense_blocks.find(sums.total, sums.pixels, block_um, options)
    area, whole = (float(np.count_nonzero(of) * block_um**2 / 1e6) for of in (zones, sums.pixels))
    LOG.info("slide %s: zones of %.4f mm2 in %.2f mm2 of tissue", slide.slide_id, area, whole)
    picture = np.where(zones, np.uint8(ZONE), np.uint8(0))
    outlines = mask_outlines.feature_collection(
        picture,
        CLASSES,
        origin=(slide.file.bounds.x, slide.file.bounds.y),
        downsample=downsample,
        mpp=slide.resolution.mpp,
        number_name="zone_id",
    )
    areas = [each["properties"]["measurements"]["area_mm2"] for each in outlines["features"]]
    measures = ZoneMeasures(
        zones=len(outlines["features"]),
        area_mm2=round(area, 6),
        tissue_area_mm2=round(whole, 6),
        fraction=round(area / whole, 6) if whole else None,
        largest_mm2=max(areas, default=None),
        threshold=limit,
        nuclear_od=nuclear_od,
        downsample=downsample,
        mpp=round(block_um, 6),
    )
    record = ZonesRecord(slide.slide_id, options.method, None, measures)
    return SlideZones(record, picture, outlines)


@dataclass(frozen=True)
class _StainedTile:
    """(H, W) hematoxylin density; x, y of its corner from that of the bounds, step of a pixel."""

    density: npt.NDArray[np.float32]
    x: float
    y: float
    step: float


def _stained(
    tiles: StoredTiles, rows: Iterable[StoredTile], slide: UsableSlide
) -> Iterator[_StainedTile]:
    """Hematoxylin density of tiles; places in level-0 px."""
    glass, bounds = slide.glass, slide.file.bounds
    for row in rows:
        rgb = tiles.decode(row, tiles.data(row))
        yield _StainedTile(
            optical_density.hematoxylin(rgb, glass),
            row.x_level0_px - bounds.x,
            row.y_level0_px - bounds.y,
            row.size_level0_px / rgb.shape[0],
        )


def _fill(
    sums: BlockSums,
    tiles: StoredTiles,
    slide: UsableSlide,
    tissue: Mask,
    options: ZoneOptions,
) -> float | None:
    """Sum all tiles; returns the density above which a pixel is nuclear, where that counts."""
    if options.method == "clahe_local":
        for tile in _stained(tiles, tiles.in_z_order(), slide):
            sums.add(tile.density, tile.x, tile.y, tile.step)
        return None
    counts = np.zeros(256, np.int64)
    for tile in _stained(tiles, tiles.spread(), slide):
        at = np.ix_(*sums.places(tile.x, tile.y, tile.step, tile.density.shape))
        inside = tile.density[: len(at[0]), : at[1].shape[1]]
        counts += nuclear_pixels.histogram(inside[tissue[at]])
    nuclear_od = nuclear_pixels.threshold(counts, options.nuclear_od_min)
    for tile in _stained(tiles, tiles.in_z_order(), slide):
        sums.add(tile.density > nuclear_od, tile.x, tile.y, tile.step)
    return nuclear_od
