"""Zones of high cellularity, such as inflammation, in H&E: where nuclei stand dense."""

import logging
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask import labels, tissue
from grossing.mask import outlines as mask_outlines
from grossing.slide import modality
from grossing.slide import record as record_files
from grossing.stain import optical_density
from grossing.support import files, images
from grossing.tiles.stored_tiles import TileSet
from grossing.zones import block_sums, local_contrast

LOG = logging.getLogger(__name__)

METHODS = ("density", "clahe_local")
CELL_UM = 8.0
COARSEST_CELL_UM = 10.0
COARSEST_MPP = 2.0  # a nucleus of 7 um is then 3.5 px wide
STEPS_PER_OD = 100
ZONE = 255
CLASSES = {ZONE: ("High cellularity", (120, 0, 200))}

MEASURED = (
    "zones",
    "area_mm2",
    "tissue_area_mm2",
    "fraction",
    "threshold",
    "nuclear_od",
    "downsample",
    "mpp",
)

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Map = npt.NDArray[np.float32]


class ZoneFiles(Protocol):
    """Paths of a slide's outputs."""

    facts: str
    mask: str
    outlines: str


@dataclass(frozen=True)
class Zones:
    """What was found on a slide: `facts` go to its JSON.

    `mask` (H, W) bool spans the scanned bounds, `facts["downsample"]` level-0 px per pixel; it is
    None where nothing was measured.
    """

    facts: dict[str, Any]
    mask: Mask | None = None


def find(
    rgb: Pixels,
    mpp: float,
    mask: npt.NDArray[Any] | None = None,
    *,
    glass: npt.ArrayLike | None = None,
    method: str = "density",
    smooth_um: float = 15.0,
    fraction_min: float = 0.3,
    mad_factor: float = 4.0,
    nuclear_od_min: float = 0.12,
    min_area_mm2: float = 0.002,
) -> Mask:
    """Zones of high cellularity in one H&E picture.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    mpp : um per pixel, at most 2
    mask : (H, W) bool, True on tissue, or the labels of `tissue.segment`, of which 1 counts; that
        function is asked if None
    glass : (3,) colour of the empty slide; looked for in the picture if None
    method : "density": share of nuclear pixels, against a fixed limit and against the tissue's
        own median; "clahe_local": local contrast of the haematoxylin, with sizes of its own
    smooth_um : sigma of the Gaussian in which the share is taken, um (density)
    fraction_min : least share of nuclear pixels in a zone (density)
    mad_factor : a zone lies this many median absolute deviations above the median (density)
    nuclear_od_min : least haematoxylin density of a nuclear pixel, log10; Otsu's threshold over
        the tissue where that is higher
    min_area_mm2 : smaller zones are dropped and smaller holes filled, mm2

    Returns
    -------
    (H, W) bool, in cells of about 8 um. All False on glass and on ink.

    Raises
    ------
    ValueError : not (H, W, 3) uint8, resolution not in 0..2, a mask of another shape or with
        values that are no labels, unknown method.

    Notes
    -----
    Cellularity, not lymphocytes: crowded tumour and basal epithelium are zones too. Pigment and
    basophilic cytoplasm count as nuclei. Comparable between slides at equal resolution only.

    References
    ----------
    .. [1] Ruifrok and Johnston 2001, Anal Quant Cytol Histol 23:291
    .. [2] Otsu 1979, doi:10.1109/TSMC.1979.4310076
    """
    _check(rgb, mpp, method)
    body = _body(tissue.segment(rgb, mpp) if mask is None else mask, rgb.shape[:2])
    stain = optical_density.haematoxylin(rgb, tissue.glass_colour(rgb) if glass is None else glass)
    values: npt.NDArray[Any] = stain
    if method == "density":
        values = stain > _nuclear_od(_histogram(stain[body]), nuclear_od_min)
    side = max(1, round(CELL_UM / mpp))
    shape = (math.ceil(rgb.shape[0] / side), math.ceil(rgb.shape[1] / side))
    cells, bodies = block_sums.CellMap(shape, side), block_sums.CellMap(shape, side)
    cells.add(np.where(body, values, 0).astype(values.dtype), 0, 0, 1)
    bodies.add(body, 0, 0, 1)
    found, _ = _zones(
        cells.total,
        bodies.total,
        side * mpp,
        method=method,
        smooth_um=smooth_um,
        fraction_min=fraction_min,
        mad_factor=mad_factor,
        min_area_mm2=min_area_mm2,
    )
    whole = found.repeat(side, axis=0).repeat(side, axis=1)
    return np.asarray(whole[: rgb.shape[0], : rgb.shape[1]] & body)


def slide(
    tiles: TileSet,
    record: Mapping[str, Any],
    mask: Pixels,
    *,
    given_stain: str,
    zones: Mapping[str, Any],
) -> Zones:
    """Zones of a slide from its tiles, each decoded once (up to 64 of them twice).

    Parameters
    ----------
    tiles : of the slide
    record : the slide's JSON
    mask : (H, W) uint8 labels over the scanned bounds
    given_stain : the sheet's `stain`
    zones : the config section

    Notes
    -----
    A cell of the map is a pixel of the mask, or a whole part of one where that is coarser than
    10 um. Tissue without a tile (candidates hold at least 5 % tissue) is not looked at.
    """
    cv2.setNumThreads(1)
    facts: dict[str, Any] = {
        "slide_id": record["slide_id"],
        "method": zones["method"],
        "reason": _reason(tiles, given_stain),
    }
    if facts["reason"] is not None:
        LOG.info("slide %s: no zones are looked for: %s", facts["slide_id"], facts["reason"])
        return Zones(facts | dict.fromkeys(MEASURED))
    parts = math.ceil(record["overview_downsample"] * record["mpp"] / COARSEST_CELL_UM)
    downsample = record["overview_downsample"] / parts
    cell_um = downsample * record["mpp"]
    body = np.asarray(mask == labels.TISSUE).repeat(parts, axis=0).repeat(parts, axis=1)
    cells = block_sums.CellMap((body.shape[0], body.shape[1]), downsample)
    nuclear_od = _fill(cells, tiles, record, body, zones)
    cells.total *= body
    cells.pixels *= body
    found, limit = _zones(
        cells.total,
        cells.pixels,
        cell_um,
        **{key: value for key, value in zones.items() if key != "nuclear_od_min"},
    )
    area, seen = (float(np.count_nonzero(of) * cell_um**2 / 1e6) for of in (found, cells.pixels))
    LOG.info("slide %s: zones of %.4f mm2 in %.2f mm2 of tissue", facts["slide_id"], area, seen)
    measured = {
        "zones": len(mask_outlines.of_mask(found)),
        "area_mm2": round(area, 6),
        "tissue_area_mm2": round(seen, 6),
        "fraction": round(area / seen, 6) if seen else None,
        "threshold": limit,
        "nuclear_od": nuclear_od,
        "downsample": downsample,
        "mpp": round(cell_um, 6),
    }
    return Zones(facts | measured, found)


def write(found: Zones, record: Mapping[str, Any], to: ZoneFiles) -> None:
    """Write mask, outlines and, last, the JSON; 1 x 1 px and no outlines where nothing was seen."""
    facts, mask = found.facts, found.mask
    outlines: dict[str, Any] = {"type": "FeatureCollection", "features": []}
    picture = np.zeros((1, 1), np.uint8)
    if mask is not None:
        picture = np.where(mask, np.uint8(ZONE), np.uint8(0))
        outlines = mask_outlines.feature_collection(
            picture,
            CLASSES,
            origin=(record["bounds"]["x"], record["bounds"]["y"]),
            downsample=facts["downsample"],
            mpp=record["mpp"],
            number_name="zone_id",
        )
    files.write(to.mask, images.png(picture))
    record_files.write(outlines, to.outlines)
    record_files.write(facts, to.facts)


def _check(rgb: Pixels, mpp: float, method: str) -> None:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or rgb.size == 0:
        raise ValueError(f"rgb must be (H, W, 3) uint8, not {rgb.shape} {rgb.dtype}")
    if not 0 < mpp <= COARSEST_MPP:
        raise ValueError(f"mpp must be above 0 and at most {COARSEST_MPP} um/px, not {mpp}")
    if method not in METHODS:
        raise ValueError(f"zones method {method!r} is unknown; use one of {', '.join(METHODS)}")


def _body(mask: npt.NDArray[Any], shape: tuple[int, ...]) -> Mask:
    """The tissue of a mask, which is one already or has labels."""
    if mask.shape != shape:
        raise ValueError(f"mask must have the picture's shape {shape}, not {mask.shape}")
    if mask.dtype == np.bool_:
        return mask
    if mask.max(initial=0) > labels.GLASS:
        raise ValueError(f"mask must be bool or labels up to {labels.GLASS}, not {mask.max()}")
    return np.asarray(mask == labels.TISSUE)


def _reason(tiles: TileSet, given_stain: str) -> str | None:
    """Why a slide cannot be measured."""
    if not modality.is_he(given_stain):
        return "not_he"
    if not len(tiles):
        return "no_tiles"
    return "too_coarse" if tiles.rows[0]["mpp"] > COARSEST_MPP else None


def _fill(
    cells: block_sums.CellMap,
    tiles: TileSet,
    record: Mapping[str, Any],
    body: Mask,
    zones: Mapping[str, Any],
) -> float | None:
    """Sum all tiles; returns the density above which a pixel is nuclear, where that counts."""
    glass = record_files.glass_of(record)
    corner = record["bounds"]

    def opened(rows: Iterable[Any]) -> Iterator[tuple[Map, float, float, float]]:
        for row in rows:
            rgb = tiles.decoded(row["tile_col"], row["tile_row"])
            if rgb is None:
                continue
            x, y = row["x_level0_px"] - corner["x"], row["y_level0_px"] - corner["y"]
            yield (
                optical_density.haematoxylin(rgb, glass),
                x,
                y,
                row["size_level0_px"] / rgb.shape[0],
            )

    if zones["method"] == "clahe_local":
        for stain, x, y, step in opened(tiles.in_z_order()):
            cells.add(stain, x, y, step)
        return None
    counts = np.zeros(256, np.int64)
    for stain, x, y, step in opened(tiles.spread()):
        at = np.ix_(*cells.places(x, y, step, stain.shape))
        inside = stain[: len(at[0]), : at[1].shape[1]]
        counts += _histogram(inside[body[at]])
    nuclear_od = _nuclear_od(counts, zones["nuclear_od_min"])
    for stain, x, y, step in opened(tiles.in_z_order()):
        cells.add(stain > nuclear_od, x, y, step)
    return nuclear_od


def _histogram(densities: Map) -> npt.NDArray[np.int64]:
    """Counts of densities in steps of 0.01, 0..2.55."""
    steps = np.clip(np.rint(densities * STEPS_PER_OD), 0, 255).astype(np.uint8)
    return np.bincount(steps.ravel(), minlength=256)


def _nuclear_od(counts: npt.NDArray[np.int64], least: float) -> float:
    """Otsu's threshold of a histogram, amid a gap where there is one, but no less than `least`."""
    levels = np.arange(len(counts))
    below = np.cumsum(counts, dtype=np.float64)
    sums = np.cumsum(counts * levels, dtype=np.float64)
    above = below[-1] - below
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = sums / below - (sums[-1] - sums) / above
    between = np.nan_to_num(below * above * apart**2)
    best = np.flatnonzero(between >= between.max() * (1 - 1e-9))
    return max(least, round(float(best.mean() + 0.5) / STEPS_PER_OD, 4))


def _zones(
    total: Map,
    pixels: Map,
    cell_um: float,
    *,
    method: str,
    smooth_um: float,
    fraction_min: float,
    mad_factor: float,
    min_area_mm2: float,
) -> tuple[Mask, float | None]:
    """Zones among the cells, and the share that was the limit.

    Parameters
    ----------
    total : (H, W) nuclear pixels per cell (density) or sum of densities (clahe_local), of tissue
    pixels : (H, W) tissue pixels per cell
    """
    seen = np.asarray(pixels > 0)
    limit = None
    if method == "clahe_local":
        found = local_contrast.zones(_mean(total, pixels), seen, cell_um)
    else:
        sigma = smooth_um / cell_um
        share = _mean(_smooth(total, sigma), _smooth(pixels, sigma))
        inside = share[seen]
        if inside.size:
            median = float(np.median(inside))
            spread = float(np.median(np.abs(inside - median)))
            limit = round(max(fraction_min, median + mad_factor * spread), 6)
        found = seen & (share > (limit or 0))
    return _cleaned(found, seen, min_area_mm2 * 1e6 / cell_um**2), limit


def _mean(total: Map, pixels: Map) -> Map:
    return np.asarray(total / np.maximum(pixels, 1e-6), np.float32)


def _smooth(cells: Map, sigma: float) -> Map:
    """Nothing lies beyond the picture: the ratio of two of these does not fade at its edge."""
    blurred = cv2.GaussianBlur(cells, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(blurred, np.float32)


def _cleaned(found: Mask, seen: Mask, least_cells: float) -> Mask:
    """Small holes filled as far as they are tissue, then small zones dropped."""
    _, holes, stats, _ = cv2.connectedComponentsWithStats((~found).view(np.uint8), connectivity=4)
    fill = stats[:, cv2.CC_STAT_AREA] < least_cells
    fill[0] = False
    filled = found | (fill[holes] & seen)
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(filled.view(np.uint8))
    keep = stats[:, cv2.CC_STAT_AREA] >= least_cells
    keep[0] = False
    return np.asarray(keep[pieces])
