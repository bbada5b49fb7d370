"""Tiles for training: tile N of one or several `patch_cohort` tables as an array, with its row.

Works as a PyTorch map-style dataset without importing torch. Needs NumPy, PyArrow, simplejpeg and
OpenCV alone.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from grossing.training import tile_table
from grossing.training.pictures import Pictures

USABLE = ("PASS", "REVIEW")

#: one value, or several of which each row has one; None takes all rows
Filter = str | Sequence[str] | None
Transform = Callable[[npt.NDArray[np.uint8]], Any]


class Tiles:
    """The tiles of a cohort by number: those that pass, of slides that are PASS or REVIEW.

    Parameters
    ----------
    table : `patch_cohort.parquet` or `.csv`
    results : the results folder; by default the one that holds the table's `cohort` folder
    splits : `splits.csv` of the run; its `split` replaces that of the sheet, its `fold` is added
    fold : only tiles of slides of this fold, or one of these; needs `splits`
    split, label, stain : only tiles whose row has this value, or one of these
    status : only tiles of slides whose final status (`qc_status`) is this, or one of these
    tile_status : only tiles with this `qc_status_tile`; None takes all that have pixels
    product : folder of `results` that the pixels come from: "tiles", "normalized",
        "stains/hematoxylin", "stains/eosin" (grey, in three equal channels; H&E slides alone)
    transform : called with each (H, W, 3) uint8 array; its result is returned in its place. A
        function of a module, so that it reaches worker processes that are spawned

    Attributes
    ----------
    rows : Arrow table, row N of tile N

    Examples
    --------
    >>> tiles = Tiles("results/cohort/patch_cohort.parquet", split="train")  # doctest: +SKIP
    >>> pixels, row = tiles[0]  # doctest: +SKIP
    >>> loader = torch.utils.data.DataLoader(tiles, batch_size=64, num_workers=8)  # doctest: +SKIP

    Notes
    -----
    A tile is one seek and one read. The table knows where "tiles" lie; of another product, each
    zip's directory is read once. Worker processes, forked or spawned, open the containers
    themselves. Not for several threads at once.

    All rows have the same keys, as batches need: null text is "", a null number NaN, and a whole
    number that is null in all rows is left out.

    Raises
    ------
    ValueError : unknown product, or a value of a filter that no row has (the message lists the
        known ones); a product that the run of the table did not make, or, when a tile is read, one
        of another run than the tiles (compared where these are in `results` too).
    FileNotFoundError : no such table, or, when a tile is read, no such container.
    """

    def __init__(
        self,
        table: str | os.PathLike[str],
        *,
        results: str | os.PathLike[str] | None = None,
        splits: str | os.PathLike[str] | None = None,
        split: Filter = None,
        fold: int | Sequence[int] | None = None,
        label: Filter = None,
        stain: Filter = None,
        status: Filter = USABLE,
        tile_status: Filter = "PASS",
        product: str = "tiles",
        transform: Transform | None = None,
    ) -> None:
        folder = Path(results) if results else Path(table).resolve().parent.parent
        pictures = Pictures(folder, product)
        rows = tile_table.read(Path(table))
        if splits:
            rows = tile_table.with_splits(rows, Path(splits))
        elif fold is not None:
            raise ValueError("fold: give splits too, the path of the run's splits.csv")
        filters: dict[str, tile_table.Values] = {
            "split": split,
            "label": label,
            "stain": stain,
            "fold": fold,
            "qc_status": status,
            "qc_status_tile": tile_status,
        }
        rows = tile_table.matching(rows, filters)
        if product == "normalized":
            tile_table.require_normalized(rows)
        self._serve(tile_table.filled(rows), {None: (pictures, transform)})

    @classmethod
    def joined(cls, cohorts: Mapping[str, Self]) -> Self:
        """The tiles of several cohorts, one after the other.

        Each keeps its own filters, product and transform. Rows have `cohort` in addition, the name
        given here: slides of the same `slide_id` stay apart by it.

        Parameters
        ----------
        cohorts : tiles of each cohort by a name for it

        Examples
        --------
        >>> Tiles.joined({"here": Tiles(ours, split="train"), "there": theirs})  # doctest: +SKIP
        """
        tiles = cls.__new__(cls)
        rows = tile_table.joined({name: each.rows for name, each in cohorts.items()})
        tiles._serve(rows, {name: each._sources[None] for name, each in cohorts.items()})
        return tiles

    def _serve(
        self, rows: pa.Table, sources: Mapping[str | None, tuple[Pictures, Transform | None]]
    ) -> None:
        self.rows = rows
        self._sources = dict(sources)
        columns = [n for n in rows.column_names if rows[n].null_count < len(rows) or not len(rows)]
        self._served = rows.select(columns)

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    def __getitem__(self, number: int) -> tuple[Any, dict[str, Any]]:
        """Tile `number` as ((H, W, 3) uint8 RGB, its row)."""
        return self.__getitems__([number])[0]

    def __getitems__(self, numbers: Sequence[int]) -> list[tuple[Any, dict[str, Any]]]:
        """Several tiles, as `tiles[number]` of each; PyTorch asks for a batch in this way."""
        for number in numbers:
            if not -len(self) <= number < len(self):
                raise IndexError(f"tile {number} of {len(self)}")
        if len(numbers) == 1:
            rows = self._served.slice(int(numbers[0]) % len(self), 1)
        else:
            rows = self._served.take(np.asarray(numbers, np.int64) % len(self))
        return [(self._picture(row), row) for row in rows.to_pylist()]

    def _picture(self, row: Mapping[str, Any]) -> Any:
        pictures, transform = self._sources[row.get(tile_table.COHORT)]
        pixels = pictures.read(row)
        return transform(pixels) if transform else pixels
