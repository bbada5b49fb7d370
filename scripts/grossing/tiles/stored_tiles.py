"""The tiles of one slide, read back from its container by the stages that come after tiling."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np

from grossing.support import images, tables
from grossing.support.types import PathLike, Pixels
from grossing.tiles import deepzoom

CACHE_BYTES = 48 * 2**20  # 64 tiles of 512 px
NEIGHBOURHOOD = 9  # a tile and those around it are cached whatever their size
SAMPLE_TILES = 64

#: column and row of a tile in the grid
Place = tuple[int, int]


@dataclass(frozen=True)
class StoredTile:
    """A row of `tile_metrics`: where a candidate tile lies on the slide and in its container.

    `tile_path` is None where the tile has no picture, `tile_offset` outside a zip.
    """

    slide_id: str
    tile_path: str | None
    tile_offset: int | None
    tile_bytes: int | None
    tile_col: int
    tile_row: int
    x_level0_px: int
    y_level0_px: int
    size_level0_px: int
    mpp: float
    tissue_fraction: float
    pen_fraction: float

    @property
    def is_ink(self) -> bool:
        """Whether the mask has more ink on it than tissue."""
        return self.pen_fraction > self.tissue_fraction

    @property
    def place(self) -> Place:
        return self.tile_col, self.tile_row


class StoredTiles:
    """The tiles of one slide's container, by column and row.

    Parameters
    ----------
    container : the slide's zip or directory
    metrics : its `tile_metrics` table

    Notes
    -----
    `pixels` caches the last decoded tiles, 48 MB or at least 9 of them, so that neighbours in
    Z-order cost little; `decoded` caches none.
    """

    def __init__(self, container: PathLike, metrics: PathLike) -> None:
        self.container = Path(container)
        self._file: BinaryIO | None = None
        columns = [field.name for field in fields(StoredTile)]
        self.rows = [StoredTile(**row) for row in tables.read(metrics, columns).to_pylist()]
        self._at = {row.place: row for row in self.rows if row.tile_path is not None}
        self._cache: dict[Place, Pixels] = {}

    def __enter__(self) -> Self:
        if self.container.is_file():
            self._file = self.container.open("rb", buffering=0)
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def __len__(self) -> int:
        return len(self._at)

    def in_z_order(self) -> Iterator[StoredTile]:
        """The tiles that have a picture, in the order in which a pyramid is built."""
        places = sorted(self._at, key=lambda place: deepzoom.z_order(*place))
        return (self._at[place] for place in places)

    def spread(self) -> list[StoredTile]:
        """At most 64 of these tiles, spread evenly over them."""
        rows = list(self.in_z_order())
        picks = np.linspace(0, max(0, len(rows) - 1), SAMPLE_TILES).astype(int)
        return [rows[pick] for pick in np.unique(picks)] if rows else []

    def data(self, tile: StoredTile) -> bytes:
        """The encoded tile, byte for byte."""
        if self._file is None:
            return Path(self.container, str(tile.tile_path)).read_bytes()
        return os.pread(self._file.fileno(), tile.tile_bytes or 0, tile.tile_offset or 0)

    def pixels(self, place: Place) -> Pixels | None:
        """As `decoded`, with a cache for tiles that are read repeatedly."""
        pixels = self._cache.pop(place, None)
        if pixels is None:
            pixels = self.decoded(place)
        if pixels is None:
            return None
        most = max(NEIGHBOURHOOD, CACHE_BYTES // pixels.nbytes)
        while len(self._cache) >= most:
            del self._cache[next(iter(self._cache))]
        self._cache[place] = pixels
        return pixels

    def decoded(self, place: Place) -> Pixels | None:
        """(size, size, 3) uint8 RGB, None where there is no tile.

        Raises
        ------
        ValueError : the bytes do not decode: container and table come from different runs.
        """
        tile = self._at.get(place)
        if tile is None:
            return None
        pixels = self.decode(tile, self.data(tile))
        pixels.flags.writeable = False
        return pixels

    def decode(self, tile: StoredTile, data: bytes) -> Pixels:
        """(size, size, 3) uint8 RGB of the bytes of a tile.

        Raises
        ------
        ValueError : the bytes do not decode: container and table come from different runs.
        """
        pixels = images.decode(data)
        if pixels is None:
            raise ValueError(
                f"{tile.slide_id}: {tile.tile_path} does not decode at offset {tile.tile_offset} "
                f"of {self.container}: table and container come from different runs: "
                f"delete {self.container} and run again"
            )
        return pixels
