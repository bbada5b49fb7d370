"""The tiles of one slide, read back from its container by the stages that come after tiling."""

import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
import numpy.typing as npt

from grossing import dataset, deepzoom, tables

MOST_DECODED = 64

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
    The last tiles that were decoded are kept, so that neighbours in Z-order cost little.
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
        self.pixels = functools.lru_cache(MOST_DECODED)(self._pixels)

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

    def data(self, column: int, row: int) -> bytes:
        """The encoded tile, byte for byte."""
        member = self._at[column, row]
        if self._file is None:
            return Path(self.container, member["tile_path"]).read_bytes()
        data: bytes = os.pread(self._file.fileno(), member["tile_bytes"], member["tile_offset"])
        return data

    def _pixels(self, column: int, row: int) -> Pixels | None:
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
