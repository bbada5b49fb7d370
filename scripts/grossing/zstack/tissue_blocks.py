"""Where the tissue of a stack lies: its share of each block, and places to compare planes at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from grossing.mask import labels
from grossing.mask import tissue as tissue_mask
from grossing.slide import grid
from grossing.slide.record import Bounds
from grossing.support.errors import SlideError
from grossing.support.types import Mask
from grossing.zstack.block_grid import BlockGrid, block_side
from grossing.zstack.plane_choice import TISSUE_MIN
from grossing.zstack.planes import Plane

PLACES = 9  # where the planes are compared


@dataclass(frozen=True)
class TissueBlocks:
    """The blocks of a stack.

    `tissue_fraction` (rows, columns) 0..1; `centres` x, y of a few blocks full of tissue, px.
    """

    grid: BlockGrid
    tissue_fraction: npt.NDArray[np.float64]
    centres: tuple[tuple[int, int], ...]

    @property
    def has_tissue(self) -> Mask:
        """Blocks with enough tissue to be measured."""
        return self.tissue_fraction >= TISSUE_MIN


def find(
    middle: Plane, given_stain: str, block_um: float, tissue: Mapping[str, Any]
) -> TissueBlocks:
    """The blocks of a stack, and where the tissue of the middle plane lies in them.

    Parameters
    ----------
    given_stain : the sheet's `stain`
    block_um : requested side of a block, um
    tissue : keywords of `tissue.segment`, and `working_mpp` of the overview

    Raises
    ------
    SlideError : most of the middle plane does not decode.
    """
    small = middle.small(tissue["working_mpp"])
    if small.lost_fraction > 0.5:
        message = f"plane {middle.name}: {small.lost_fraction:.0%} of the picture do not decode"
        raise SlideError("unreadable", message, "copy or scan the plane again")
    found = tissue_mask.segment(small.rgb, small.mpp, given_stain, scanned=small.scanned, **tissue)
    mask = found == labels.TISSUE
    side = block_side(block_um / middle.resolution.mpp, middle.tile_px)
    bounds = Bounds(0, 0, middle.width, middle.height)
    shares = np.clip(grid.shares_of_squares(mask, bounds, side, small.downsample), 0, 1)
    return TissueBlocks(
        BlockGrid(middle.width, middle.height, side), shares, _centres(shares, side)
    )


def _centres(shares: npt.NDArray[np.float64], side: int) -> tuple[tuple[int, int], ...]:
    """Centres of a few of the blocks that are mostly tissue, or have as much as any has."""
    full = np.argwhere(shares >= min(0.5, float(shares.max())) - 1e-9)
    full = full[shares[tuple(full.T)] >= TISSUE_MIN]
    few = full[np.unique(np.linspace(0, len(full) - 1, PLACES).astype(int))] if len(full) else full
    half = side // 2
    return tuple((column * side + half, row * side + half) for row, column in few.tolist())
