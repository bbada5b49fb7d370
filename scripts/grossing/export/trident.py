"""Coordinates for TRIDENT, which derives what a patch covers from two magnifications.

It reads `round(patch_size * level0_magnification / target_magnification)` level-0 px, and takes
10 um/px for 1x. A slide is refused where whole magnifications do not give the side of its tiles, or
where the level that TRIDENT would read gives another field of view.

References
----------
.. [1] https://github.com/mahmoodlab/TRIDENT, `trident/IO.py` and `wsi_objects/WSIPatcher.py`
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from grossing.export import hdf5
from grossing.export.selection import (
    ExportSlide,
    NotStatable,
    Selection,
    Tiling,
    coordinates,
    each,
    side_level0_px,
)
from grossing.slide.record import SlideRecord
from grossing.support.types import PathLike

MPP_AT_1X = 10.0
LEVEL_TOLERANCE = 0.1  # difference of downsample within which TRIDENT takes a level for exact
FIELD_TOLERANCE = 0.01  # relative error of the field of view that is let pass
OVERLAP_PX = 0


def export(
    selection: Selection, facts: Mapping[str, Path], folder: PathLike, tiling: Tiling
) -> pa.Table:
    """Write `{mag}x_{px}px_0px_overlap/patches/{slide_id}_patches.h5`.

    Parameters
    ----------
    facts : JSON of each measured slide

    Returns
    -------
    The table `exports`.
    """
    target = round(MPP_AT_1X / tiling.target_mpp)
    run = f"{target}x_{tiling.size_px}px_{OVERLAP_PX}px_overlap"
    patches = Path(folder) / run / "patches"
    patches.mkdir(parents=True, exist_ok=True)

    def write(slide: ExportSlide, tiles: pa.Table) -> None:
        side = side_level0_px(slide, tiles, tiling)
        level0 = level0_magnification(slide, side, tiling)
        downsamples = SlideRecord.read(facts[slide.slide_id]).usable().file.downsamples
        check_level(side, side / tiling.size_px, downsamples)
        attributes: dict[str, hdf5.Value] = {
            "patch_size": tiling.size_px,
            "patch_size_level0": side,
            "level0_magnification": level0,
            "target_magnification": target,
            "overlap": OVERLAP_PX,
            "name": slide.slide_id,
            "savetodir": run,
            "level0_width": slide.width_px,
            "level0_height": slide.height_px,
        }
        path = patches / f"{slide.slide_id}_patches.h5"
        hdf5.write(path, coordinates(tiles), attributes)

    return selection.report("trident", each(selection, write))


def level0_magnification(slide: ExportSlide, side: int, tiling: Tiling) -> int:
    """The whole magnification of level 0 from which TRIDENT derives the side of the tiles.

    Raises
    ------
    NotStatable : there is none, or the target is none.
    """
    exact = MPP_AT_1X / tiling.target_mpp
    target = round(exact)
    if not target or abs(exact / target - 1) > tiling.target_mpp_tolerance:
        raise NotStatable(
            f"target_mpp {tiling.target_mpp:g} is {exact:.2f}x, and TRIDENT takes whole "
            "magnifications: use a target_mpp of 0.25, 0.5, 1 or 2"
        )
    level0, rest = divmod(target * side, tiling.size_px)
    if rest:
        nominal = max(1, round(MPP_AT_1X / slide.mpp / target)) * tiling.size_px
        raise NotStatable(
            f"a tile covers {side} level-0 px at {slide.mpp:.4g} um/px, which no whole "
            f"magnification gives (TRIDENT would read {nominal}): use another format"
        )
    return level0


def check_level(side: int, downsample: float, levels: Sequence[float]) -> None:
    """Raise NotStatable where the level that TRIDENT reads shows something else.

    Parameters
    ----------
    side : of a tile, level-0 px
    downsample : of the tile
    levels : downsample of each level of the slide; infinite where the level shows another picture
    """
    if any(level == float("inf") for level in levels):
        raise NotStatable(
            "a smaller level of the slide shows another picture than level 0, and TRIDENT "
            "chooses its level by itself: use another format"
        )
    near = [level for level in levels if abs(level - downsample) <= LEVEL_TOLERANCE]
    level = near[0] if near else max((x for x in levels if x <= downsample), default=1.0)
    covered = round(side / int(level)) * level
    if abs(covered / side - 1) > FIELD_TOLERANCE:
        raise NotStatable(
            f"TRIDENT would read {covered:.0f} instead of {side} level-0 px: it takes the whole "
            f"part of the downsample {level:.5g} of a level: use another format"
        )
