"""Square blocks over a picture; each is taken from one plane."""

import math
from dataclasses import dataclass

from grossing.zstack.blending import FEATHER_PX


@dataclass(frozen=True)
class BlockGrid:
    """Blocks of `block_px` over a picture of `width` x `height` px; the last are cut at its end."""

    width: int
    height: int
    block_px: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return -(-self.height // self.block_px), -(-self.width // self.block_px)

    def extent(self, row: int, column: int) -> tuple[int, int, int, int]:
        """x, y, width and height of a block, px."""
        x, y = column * self.block_px, row * self.block_px
        return x, y, min(self.block_px, self.width - x), min(self.block_px, self.height - y)


def block_side(requested_px: float, tile_px: int | None) -> int:
    """Side of a block near the requested one, in whole stored tiles, so that each is read once.

    Parameters
    ----------
    requested_px : side that the configuration asks for
    tile_px : side of the planes' stored tiles; None where they have none
    """
    least = max(FEATHER_PX, round(requested_px))
    if not tile_px:
        return least
    if tile_px <= 1.5 * least:
        return max(1, round(least / tile_px)) * tile_px
    parts = (tile_px // n for n in range(1, tile_px // FEATHER_PX + 1) if tile_px % n == 0)
    return min(parts, key=lambda side: abs(math.log(side / least)))
