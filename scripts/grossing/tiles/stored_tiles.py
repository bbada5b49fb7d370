"""The tiles of one slide, read back from its container by the stages that come after tiling."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

from grossing import dataset
from grossing.support import tables
from grossing.tiles import deepzoom

KEPT_BYTES = 48 * 2**20  # 64 tiles of 512 px
NEIGHBOURHOOD = 9  # a tile and those around it are kept whatever their size
SAMPLE_TILES = 64

Pixels = npt.NDArray[np.uint8]
Row = dict[str, Any]


class TileSet:
    """The tiles of one slide's container, by column and row.

    Parameters
    ----------
    container : the slide's zip or directory
    metrics : its `tile_metrics` table

    Notes
    -----
    `pixels` keeps the last tiles that were decoded, 48 MB or at least 9 of them, so that neighbours
    in Z-order cost little; `decoded` keeps none.
    """

    def __init__(self, container: str | os.PathLike[str], metrics: str | os.PathLike[str]) -> None:
        self.container = Path(container)
        self._file: BinaryIO | None = None
        self.rows: list[Row] = tables.read(metrics).to_pylist()
        self._at = {
            (row["tile_col"], row["tile_row"]): row | {"tile_container": str(container)}
            for row in self.rows
            if row["tile_path"] is not None
        }
        self._kept: dict[tuple[int, int], Pixels] = {}

    def __enter__(self) -> Self:
        if self.container.is_file():
            self._file = self.container.open("rb", buffering=0)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def __len__(self) -> int:
        return len(self._at)

    def in_z_order(self) -> Iterator[Row]:
        """The rows that have a picture, in the order in which a pyramid is built."""
        places = sorted(self._at, key=lambda at: deepzoom.z_order(*at))
        return (self._at[place] for place in places)

    def spread(self) -> list[Row]:
        """At most 64 of these rows, spread evenly over them."""
        rows = list(self.in_z_order())
        picks = np.linspace(0, max(0, len(rows) - 1), SAMPLE_TILES).astype(int)
        return [rows[pick] for pick in np.unique(picks)] if rows else []

    def data(self, column: int, row: int) -> bytes:
        """The encoded tile, byte for byte."""
        member = self._at[column, row]
        if self._file is None:
            return Path(self.container, member["tile_path"]).read_bytes()
        data: bytes = os.pread(self._file.fileno(), member["tile_bytes"], member["tile_offset"])
        return data

    def pixels(self, column: int, row: int) -> Pixels | None:
        """As `decoded`, for those who come back to a tile."""
        pixels = self._kept.pop((column, row), None)
        if pixels is None:
            pixels = self.decoded(column, row)
        if pixels is None:
            return None
        most = max(NEIGHBOURHOOD, KEPT_BYTES // pixels.nbytes)
        while len(self._kept) >= most:
            del self._kept[next(iter(self._kept))]
        self._kept[column, row] = pixels
        return pixels

    def decoded(self, column: int, row: int) -> Pixels | None:
        """(size, size, 3) uint8 RGB, None where there is no tile.

        Raises
        ------
        ValueError : container and table are of different runs.
        """
        if (column, row) not in self._at:
            return None
        pixels = dataset.decode(self.data(column, row), self._at[column, row])
        pixels.flags.writeable = False
        return pixels
