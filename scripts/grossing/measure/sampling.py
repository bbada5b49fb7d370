"""Places of level 0 that are read to see whether it decodes, is in focus, and how it is stained."""

import logging
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from grossing.mask import labels
from grossing.measure import focus
from grossing.slide import grid, opening
from grossing.support.errors import ReadError

PROBES, PROBE_PX = 16, 64
POOL_UM = 1.0
LOG = logging.getLogger(__name__)

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Sample:
    """Tissue places read at focus resolution.

    `focus` holds one list per measure (and the places, level-0 px); `failed` places did not decode;
    `pixels` (N, 3) uint8 RGB of tissue are pooled over all places, about one per um.
    """

    focus: dict[str, list[float]]
    failed: int
    pixels: Pixels

    def columns(self) -> dict[str, Any]:
        """The sample as columns of the slide's JSON."""
        tiles = {
            name: [value if math.isfinite(value) else None for value in values]
            for name, values in self.focus.items()
        }
        return {
            "focus_tiles": tiles,
            "focus_tiles_failed": self.failed,
            "focus_reblur_median": self._median("focus_reblur"),
            "sharpness_score": self._median("laplacian_var"),
        }

    def _median(self, name: str) -> float | None:
        values = [value for value in self.focus.get(name, []) if math.isfinite(value)]
        return round(float(np.median(values)), 4) if values else None


def probe(
    slide: opening.Slide, facts: opening.Facts, mask: Pixels, downsample: float
) -> tuple[int, int]:
    """Read small places of level 0 over the tissue, or over the scan where there is none.

    Parameters
    ----------
    mask : (H, W) uint8 labels from the origin of the bounds
    downsample : level-0 px per mask pixel

    Returns
    -------
    places tried, places that did not decode
    """
    wanted = mask == labels.TISSUE
    if not wanted.any():
        wanted = mask != labels.NOT_SCANNED
    places = np.argwhere(wanted)
    failed = 0
    chosen = _spread(places, PROBES)
    for row, column in chosen:
        x = facts.bounds[0] + int((column + 0.5) * downsample)
        y = facts.bounds[1] + int((row + 0.5) * downsample)
        x, y = min(x, facts.width_px - 1), min(y, facts.height_px - 1)
        w, h = min(PROBE_PX, facts.width_px - x), min(PROBE_PX, facts.height_px - y)
        try:
            slide.read_premultiplied(0, x, y, w, h)
        except ReadError as error:
            LOG.warning("level 0 at %d,%d does not decode: %s", x, y, error)
            failed += 1
    return len(chosen), failed


def read(
    slide: opening.Slide,
    facts: opening.Facts,
    mask: Pixels,
    downsample: float,
    glass: Pixels,
    *,
    sample_tiles: int,
    tile_um: float,
) -> Sample:
    """Read tissue places spread over the slide and measure their focus.

    Parameters
    ----------
    mask, downsample : as in `probe`
    glass : (3,) uint8 colour of the empty slide
    sample_tiles : most places that are read
    tile_um : side of a place, um
    """
    side = tile_um / facts.mpp
    covered = grid.cell_shares(mask == labels.TISSUE, facts.bounds, side, downsample)
    level = opening.level_for(facts.downsamples, focus.WORKING_MPP / facts.mpp)
    mpp = facts.mpp * facts.downsamples[level]
    read_px, step = max(1, round(tile_um / mpp)), max(1, round(POOL_UM / mpp))
    measured: dict[str, list[float]] = {"x_level0_px": [], "y_level0_px": []}
    pools, failed = [np.zeros((0, 3), np.uint8)], 0
    for row, column in _spread(np.argwhere(covered >= 0.5), sample_tiles):
        x, y = facts.bounds[0] + round(column * side), facts.bounds[1] + round(row * side)
        try:
            rgb = slide.read(level, x, y, read_px, read_px, glass)
        except ReadError as error:
            LOG.warning("tissue at %d,%d does not decode: %s", x, y, error)
            failed += 1
            continue
        measured["x_level0_px"].append(x)
        measured["y_level0_px"].append(y)
        if mpp <= focus.COARSEST_MPP:
            for name, value in focus.measure(rgb, mpp).items():
                measured.setdefault(name, []).append(round(value, 4))
        spots = (np.arange(0, read_px, step) + 0.5) * facts.downsamples[level]
        down, across = spots + y - facts.bounds[1], spots + x - facts.bounds[0]
        pools.append(rgb[::step, ::step][_is_tissue(mask, down / downsample, across / downsample)])
    return Sample(measured, failed, np.concatenate(pools))


def _is_tissue(
    mask: Pixels, rows: npt.NDArray[np.floating], columns: npt.NDArray[np.floating]
) -> npt.NDArray[np.bool_]:
    """(rows, columns) bool: where the mask says tissue; coordinates in mask px."""
    row = rows.astype(np.intp).clip(0, mask.shape[0] - 1)
    column = columns.astype(np.intp).clip(0, mask.shape[1] - 1)
    return np.asarray(mask[np.ix_(row, column)] == labels.TISSUE)


def _spread(places: npt.NDArray[np.intp], count: int) -> list[list[int]]:
    """At most `count` of the places, evenly over their order."""
    if not len(places):
        return []
    picks = np.unique(np.linspace(0, len(places) - 1, count).astype(int))
    chosen: list[list[int]] = places[picks].tolist()
    return chosen
