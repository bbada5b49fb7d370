"""A candidate tile: its place on the slide, its measures, its place in the container."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from grossing.slide.grid import Grid
from grossing.tiles.deepzoom import Member
from grossing.tiles.tile_measures import TileMeasures


@dataclass(frozen=True)
class TileRow:
    """One candidate tile; `measures` is None before it is cut, and where it is lost.

    `tissue_fraction` and `pen_fraction` are shares of its square of the mask.
    """

    tile_col: int
    tile_row: int
    x_level0_px: int
    y_level0_px: int
    size_level0_px: int
    tissue_fraction: float
    pen_fraction: float
    unscanned_fraction: float = 0.0
    reader: str | None = None
    lost: bool = False
    measures: TileMeasures | None = None
    member: Member | None = None

    @property
    def place(self) -> tuple[int, int]:
        return self.tile_col, self.tile_row

    def measured(self, reader: str, measures: TileMeasures | None) -> Self:
        """The row once the tile is cut; without measures the tile is lost."""
        return replace(self, reader=reader, lost=measures is None, measures=measures)

    def written(self, member: Member | None) -> Self:
        return replace(self, member=member)

    def to_row(self, slide_id: str, grid: Grid) -> Mapping[str, Any]:
        """The row of `tile_metrics`."""
        member = self.member
        row = {
            "slide_id": slide_id,
            "mpp": grid.mpp,
            "target_mpp": grid.target_mpp,
            "picture_width_px": grid.width_px,
            "picture_height_px": grid.height_px,
            "tile_path": member.path if member else None,
            "tile_offset": member.offset if member else None,
            "tile_bytes": member.bytes if member else None,
        }
        no_columns = ("measures", "member", "unscanned_fraction")
        own = {name: value for name, value in vars(self).items() if name not in no_columns}
        return row | own | (vars(self.measures) if self.measures else {})
