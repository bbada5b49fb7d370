"""What a stack was fused to, besides the slide: its record, its blocks, their map."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from grossing.columns import fused_blocks as columns
from grossing.slide.stack_record import StackRecord
from grossing.support import files, images, tables
from grossing.support.types import Pixels


class StackFiles(Protocol):
    """Paths of a stack's outputs beside the fused slide."""

    heatmap: str
    blocks: str
    facts: str


@dataclass(frozen=True)
class FusedBlock:
    """A block of a fused slide; `sharpness` and its ratio are None where it was not measured."""

    row: int
    col: int
    x_level0_px: int
    y_level0_px: int
    size_level0_px: int
    tissue_fraction: float
    plane: int
    source: str
    sharpness: float | None
    sharpness_ratio: float | None

    def to_row(self, slide_id: str) -> Mapping[str, Any]:
        """The row of `fused_blocks`."""
        return {"slide_id": slide_id, **vars(self)}


@dataclass(frozen=True)
class FusedStack:
    """A stack; `blocks` by row and column, none where it was refused.

    `heatmap` (H, W, 3) uint8 RGB is the map of the planes.
    """

    record: StackRecord
    blocks: tuple[FusedBlock, ...]
    heatmap: Pixels

    def write(self, to: StackFiles) -> None:
        """Write map, table and, last, the JSON."""
        rows = [block.to_row(self.record.slide_id) for block in self.blocks]
        files.write(to.heatmap, images.png(self.heatmap))
        tables.write_parquet(tables.from_rows(rows, columns.SCHEMA), to.blocks)
        self.record.write(to.facts)
