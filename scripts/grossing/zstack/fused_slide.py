"""A stack of focal planes as one slide: checked, chosen cell by cell, written as it is read."""

import logging
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pyvips

from grossing.mask import labels
from grossing.mask import tissue as tissues
from grossing.slide import grid, identity, modality
from grossing.support import files
from grossing.support.errors import ReadError, SlideError
from grossing.tiles import libvips_feed
from grossing.zstack import plane_choice, plane_map, planes, registration

SHIFT_MAX_PX = 2.0
PLACES = 9  # where the planes are compared
LOG = logging.getLogger(__name__)

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Fused:
    """What is told of a stack: `facts` for its JSON, a row per cell, the map as a picture."""

    facts: dict[str, Any]
    rows: list[dict[str, Any]]
    heatmap: Pixels


@dataclass(frozen=True)
class _Grid:
    """Cells of a stack: their side in px, the share of tissue in each, places to compare planes."""

    cell_px: int
    tissue_fraction: npt.NDArray[np.float64]
    centres: list[tuple[int, int]]

    @property
    def wanted(self) -> npt.NDArray[np.bool_]:
        return self.tissue_fraction >= plane_choice.TISSUE_MIN


@dataclass(frozen=True)
class _Damage:
    """Cells in which something did not decode, (rows, columns) bool.

    `substituted`: a plane that was to be compared or taken; `lost`: every plane, somewhere in it.
    """

    substituted: npt.NDArray[np.bool_]
    lost: npt.NDArray[np.bool_]


def stack(
    paths: Sequence[str | os.PathLike[str]],
    names: Sequence[str],
    output: str | os.PathLike[str],
    *,
    slide_id: str,
    given_mpp: float | None,
    given_stain: str,
    mpp_from_objective: bool,
    focus_stack: Mapping[str, Any],
    tissue: dict[str, Any],
) -> Fused:
    """Fuse the planes of a stack into a pyramidal, tiled JPEG TIFF of their size and resolution.

    A stack that cannot be fused (a plane cannot be used, is unlike the others or shifted against
    them) has a TIFF of 1 x 1 px, no rows, and the reason in its facts.

    Parameters
    ----------
    paths, names : as `planes.opened` takes them
    output : the TIFF
    given_mpp, given_stain : the sheet's `mpp` (um/px) and `stain`
    focus_stack, tissue : the config sections of these names
    """
    cv2.setNumThreads(1)
    facts: dict[str, Any] = {
        "slide_id": slide_id,
        "error_code": None,
        "error_message": None,
        "remedy": None,
        "files": [identity.identity(path) for path in paths],
        "planes": [],
    }
    try:
        with planes.opened(
            paths, names, given_mpp=given_mpp, mpp_from_objective=mpp_from_objective
        ) as opened:
            return _fused(opened, facts, output, given_stain, focus_stack, tissue)
    except SlideError as error:
        LOG.warning("stack %s: %s: %s", slide_id, error.code, error)
        with files.replacing(output) as temporary:
            black = pyvips.Image.black(1, 1, bands=3)
            libvips_feed.save_tiff(black, temporary, 1.0, focus_stack["quality"])
        said = {"error_code": error.code, "error_message": error.message, "remedy": error.remedy}
        return Fused(facts | said, [], np.full((1, 1, 3), 255, np.uint8))


def _fused(
    opened: Sequence[planes.Plane],
    facts: dict[str, Any],
    output: str | os.PathLike[str],
    given_stain: str,
    focus_stack: Mapping[str, Any],
    tissue: dict[str, Any],
) -> Fused:
    middle = opened[len(opened) // 2]
    cells = _cells(middle, given_stain, focus_stack["cell_um"], tissue)
    found = _registered(opened, cells)
    damage = _Damage(np.zeros_like(cells.wanted), np.zeros_like(cells.wanted))
    measure = _measuring(opened, cells.cell_px, focus_stack["method"], damage)
    choice = plane_choice.choose(measure, cells.wanted, len(opened))
    glass = 0 if modality.is_fluorescence(given_stain) else 255
    bands = _bands(opened, choice.plane, cells.cell_px, glass, damage)
    with files.replacing(output) as temporary:
        with libvips_feed.image(bands, middle.width, middle.height) as image:
            libvips_feed.save_tiff(image, temporary, middle.mpp, focus_stack["quality"])
        _check_damage(damage, cells.wanted)
    facts = facts | {"planes": found} | _described(middle, choice, cells, found)
    facts |= _damage_facts(damage)
    LOG.info("%(slide_id)s: %(measured_cells)d of %(tissue_cells)d tissue cells measured", facts)
    names, title = [plane.name for plane in opened], facts["slide_id"]
    cell_um = cells.cell_px * middle.mpp
    picture = plane_map.draw(choice.plane, cells.wanted, names, title=title, cell_um=cell_um)
    return Fused(facts, _rows(title, choice, cells, names), picture)


def _described(
    middle: planes.Plane, choice: plane_choice.Choice, cells: _Grid, found: list[dict[str, Any]]
) -> dict[str, Any]:
    """What was done, for the JSON; the planes of `found` get their number of cells."""
    counts = np.bincount(choice.plane[cells.wanted], minlength=len(found))
    for plane, count in zip(found, counts, strict=True):
        plane["cells"] = int(count)
    return {
        "width_px": middle.width,
        "height_px": middle.height,
        **middle.resolution,
        "cell_px": cells.cell_px,
        "cells": int(choice.plane.size),
        "tissue_cells": int(cells.wanted.sum()),
        "measured_cells": choice.measured,
    }


def _check_damage(damage: _Damage, wanted: npt.NDArray[np.bool_]) -> None:
    """Refuse a stack of which every plane lost the same half of the picture, or of the tissue."""
    for lost, of in ((damage.lost, "cells"), (damage.lost[wanted], "cells with tissue")):
        if 2 * lost.sum() > lost.size:
            said = f"{lost.sum()} of {lost.size} {of} do not decode in any plane"
            raise SlideError("unreadable", said, "copy or scan the planes again")


def _damage_facts(damage: _Damage) -> dict[str, int]:
    substituted = damage.substituted & ~damage.lost
    return {"substituted_cells": int(substituted.sum()), "lost_cells": int(damage.lost.sum())}


def _cells(middle: planes.Plane, given_stain: str, cell_um: float, tissue: dict[str, Any]) -> _Grid:
    """The grid of cells, and where the tissue of the middle plane lies in it."""
    small = middle.small(tissue["working_mpp"])
    if small.lost_fraction > 0.5:
        said = f"plane {middle.name}: {small.lost_fraction:.0%} of the picture do not decode"
        raise SlideError("unreadable", said, "copy or scan the plane again")
    seen = 255 - small.rgb if modality.is_fluorescence(given_stain) else small.rgb
    mask = tissues.segment(seen, small.mpp, scanned=small.scanned, **tissue) == labels.TISSUE
    cell_px = cell_side(cell_um / middle.mpp, middle.tile_px)
    bounds = (0, 0, middle.width, middle.height)
    shares = np.clip(grid.cell_shares(mask, bounds, cell_px, small.downsample), 0, 1)
    full = np.argwhere(shares >= min(0.5, float(shares.max())) - 1e-9)
    full = full[shares[tuple(full.T)] >= plane_choice.TISSUE_MIN]
    few = full[np.unique(np.linspace(0, len(full) - 1, PLACES).astype(int))] if len(full) else full
    half = cell_px // 2
    return _Grid(
        cell_px, shares, [(int(c) * cell_px + half, int(r) * cell_px + half) for r, c in few]
    )


def cell_side(wanted_px: float, tile_px: int | None) -> int:
    """Side of a cell near the wanted one that makes whole stored tiles, so that each is read once.

    Parameters
    ----------
    wanted_px : side that the configuration asks for
    tile_px : side of the planes' stored tiles; None where they have none
    """
    least = max(plane_choice.FEATHER_PX, round(wanted_px))
    if not tile_px:
        return least
    if tile_px <= 1.5 * least:
        return max(1, round(least / tile_px)) * tile_px
    parts = (
        tile_px // n for n in range(1, tile_px // plane_choice.FEATHER_PX + 1) if tile_px % n == 0
    )
    return min(parts, key=lambda side: abs(math.log(side / least)))


def _registered(opened: Sequence[planes.Plane], cells: _Grid) -> list[dict[str, Any]]:
    """The planes with their shifts.

    Raises
    ------
    SlideError : a plane is shifted, shows something else, or mostly does not decode.
    """

    def read(plane: int, x: int, y: int, w: int, h: int) -> Pixels | None:
        try:
            return np.asarray(cv2.cvtColor(opened[plane].read(x, y, w, h), cv2.COLOR_RGB2GRAY))
        except ReadError as error:
            LOG.warning("plane %s at %d,%d is lost: %s", opened[plane].name, x, y, error)
            return None

    size = (opened[0].width, opened[0].height)
    found = registration.shifts(read, len(opened), size, cells.centres)
    middle = opened[len(opened) // 2].name
    for plane, shift in zip(opened, found, strict=True):
        _check_shift(plane.name, middle, shift)
    return [
        {"plane": plane.name, "shift_x_px": shift.x_px, "shift_y_px": shift.y_px, "cells": 0}
        for plane, shift in zip(opened, found, strict=True)
    ]


def _check_shift(name: str, middle: str, shift: registration.Shift) -> None:
    if 2 * shift.failed > shift.tried:
        said = f"plane {name}: {shift.failed} of {shift.tried} places do not decode"
        raise SlideError("unreadable", said, "copy or scan the plane again")
    remedy = "align the planes or scan again, or take the plane's row out of the cohort sheet"
    if shift.tried and shift.x_px is None:
        said = (
            f"plane {name} shows something else than plane {middle}, or is too blurred to compare"
        )
        remedy = "take the plane's row out of the stack, or the page out of the TIFF; or scan again"
        raise SlideError("unregistered", said, remedy)
    if shift.length_px > SHIFT_MAX_PX:
        by = f"{shift.x_px:.1f}, {shift.y_px:.1f} px"
        said = f"plane {name} is shifted by {by} against plane {middle} (limit {SHIFT_MAX_PX:g} px)"
        raise SlideError("unregistered", said, remedy)


def _measuring(opened: Sequence[planes.Plane], cell_px: int, method: str, damage: _Damage) -> Any:
    """Row and column of a cell to its sharpness in every plane; 0 where a plane does not decode."""

    def measure(row: int, column: int) -> npt.NDArray[np.float64]:
        found = np.zeros(len(opened))
        for number, plane in enumerate(opened):
            try:
                found[number] = plane_choice.sharpness(
                    plane.read(*_extent(plane, row, column, cell_px)), method
                )
            except ReadError as error:
                LOG.warning("plane %s, cell %d,%d is lost: %s", plane.name, row, column, error)
                damage.substituted[row, column] = True
        return found

    return measure


def _extent(plane: planes.Plane, row: int, column: int, cell_px: int) -> tuple[int, int, int, int]:
    """x, y, w, h of a cell, cut at the end of the picture."""
    x, y = column * cell_px, row * cell_px
    return x, y, min(cell_px, plane.width - x), min(cell_px, plane.height - y)


def _bands(
    opened: Sequence[planes.Plane],
    plane: npt.NDArray[np.int32],
    cell_px: int,
    glass: int,
    damage: _Damage,
) -> Iterator[Pixels]:
    """Rows of cells from top to bottom, each cell from its plane; notes what did not decode."""
    near = np.pad(plane, 1, mode="edge")
    for row in range(plane.shape[0]):
        _, _, _, height = _extent(opened[0], row, 0, cell_px)
        band = np.empty((height, opened[0].width, 3), np.uint8)
        for column in range(plane.shape[1]):
            x, y, w, h = _extent(opened[0], row, column, cell_px)

            def read(
                which: int,
                dx: int,
                dy: int,
                w: int,
                h: int,
                at: tuple[int, ...] = (row, column, x, y),
            ) -> Pixels:
                row, column, x, y = at
                taken, part = _salvaged(opened, which, x + dx, y + dy, w, h)
                damage.substituted[row, column] |= taken != which
                damage.lost[row, column] |= part is None
                return np.full((h, w, 3), glass, np.uint8) if part is None else part

            around = near[row : row + 3, column : column + 3]
            band[:, x : x + w] = plane_choice.blended(around, read, h, w)
        yield band


def _salvaged(
    opened: Sequence[planes.Plane], plane: int, x: int, y: int, w: int, h: int
) -> tuple[int, Pixels | None]:
    """The plane, or the nearest one that decodes there, and its pixels; None where none does."""
    for number in sorted(range(len(opened)), key=lambda other: abs(other - plane)):
        try:
            return number, opened[number].read(x, y, w, h)
        except ReadError as error:
            LOG.warning("plane %s at %d,%d is lost: %s", opened[number].name, x, y, error)
    return plane, None


def _rows(
    slide_id: str, choice: plane_choice.Choice, cells: _Grid, names: Sequence[str]
) -> list[dict[str, Any]]:
    """A row per cell, by row and column."""
    rows = []
    for row, column in np.ndindex(choice.plane.shape):
        sharpness, ratio = choice.sharpness[row, column], choice.ratio[row, column]
        rows.append(
            {
                "slide_id": slide_id,
                "row": row,
                "col": column,
                "x_level0_px": column * cells.cell_px,
                "y_level0_px": row * cells.cell_px,
                "size_level0_px": cells.cell_px,
                "tissue_fraction": round(float(cells.tissue_fraction[row, column]), 4),
                "plane": int(names[int(choice.plane[row, column])]),
                "source": plane_choice.SOURCES[choice.source[row, column]],
                "sharpness": float(sharpness) if np.isfinite(sharpness) else None,
                "sharpness_ratio": float(ratio) if np.isfinite(ratio) else None,
            }
        )
    return rows
