"""The order in which tiles are trained from, the same on every machine."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from grossing.training.tile_table import COHORT

OF_ONE_COHORT = ("slide_id", "case_id")  # ids that another cohort may use for something else
AT_ONCE = 65536

Codes = npt.NDArray[np.intp]


class HasRows(Protocol):
    """Tiles, of which samplers need the table alone."""

    rows: pa.Table


class TileSampler:
    """Numbers of tiles in the order of an epoch, as a DataLoader takes them for its `sampler`.

    Without `weights` and `per_slide` every tile once, shuffled.

    Parameters
    ----------
    tiles : a `Tiles`
    seed : 0 or more
    weights : (N,) floats, 0 or more, one per tile: an epoch is N draws with replacement, of each
        tile in proportion to its weight; see `balanced_weights`
    per_slide : an epoch has this many tiles of each slide, all of a slide that has fewer, others in
        every epoch

    Attributes
    ----------
    epoch : the next one, from 0; each iteration counts it up, `set_epoch` sets it

    Examples
    --------
    >>> sampler = TileSampler(tiles, seed=1, per_slide=100)  # doctest: +SKIP
    >>> loader = torch.utils.data.DataLoader(tiles, 64, sampler=sampler)  # doctest: +SKIP

    Notes
    -----
    The order follows from tiles, seed, epoch and the arguments alone, not from the number of
    worker processes, by NumPy's PCG64.

    Raises
    ------
    ValueError : no tiles; both `weights` and `per_slide`; weights of another shape, negative, not
        finite or all 0; `per_slide` below 1.
    """

    def __init__(
        self,
        tiles: HasRows,
        *,
        seed: int = 0,
        weights: npt.ArrayLike | None = None,
        per_slide: int | None = None,
    ) -> None:
        number = int(tiles.rows.num_rows)
        if not number:
            raise ValueError("no tiles to sample: the filters of Tiles leave none")
        if weights is not None and per_slide is not None:
            raise ValueError("weights and per_slide: give one of them")
        if per_slide is not None and per_slide < 1:
            raise ValueError(f"per_slide {per_slide}: give 1 or more")
        self.seed, self.epoch, self.per_slide = seed, 0, per_slide
        self._slides = _codes(tiles.rows, "slide_id") if per_slide else None
        self._cumulative = None if weights is None else _cumulative(weights, number)
        self._number = number

    def set_epoch(self, epoch: int) -> None:
        """The epoch of the next iteration, to go on with a training that was interrupted."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Number of tiles of an epoch."""
        if self._slides is None or self.per_slide is None:
            return self._number
        return int(np.minimum(np.bincount(self._slides), self.per_slide).sum())

    def __iter__(self) -> Iterator[int]:
        order = self._order(np.random.Generator(np.random.PCG64([self.seed, self.epoch])))
        self.epoch += 1
        parts = range(0, len(order), AT_ONCE)
        return (number for start in parts for number in order[start : start + AT_ONCE].tolist())

    def _order(self, random: np.random.Generator) -> Codes:
        """Numbers of the tiles of an epoch."""
        if self._cumulative is not None:
            draws = random.random(self._number) * self._cumulative[-1]
            return np.asarray(np.searchsorted(self._cumulative, draws, side="right"), np.intp)
        order: Codes = random.permutation(self._number)
        if self._slides is None or self.per_slide is None:
            return order
        slides = self._slides[order]
        by_slide = np.argsort(slides, kind="stable")
        counts = np.bincount(slides)
        place = np.empty(len(order), np.intp)  # of a tile among those of its slide
        place[by_slide] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
        return random.permutation(order[place < self.per_slide])  # large slides came first


def balanced_weights(tiles: HasRows, *columns: str) -> npt.NDArray[np.float64]:
    """Weights with which every value of a column is drawn equally often.

    Parameters
    ----------
    tiles : a `Tiles`
    columns : of its rows, from coarse to fine: each value of the first equally often; within it,
        each value of the second; ... and in the end each tile. ("label", "slide_id") gives every
        label the same share, and every slide of a label the same share of it

    Returns
    -------
    (N,) float64 whose sum is 1, for `TileSampler`

    Raises
    ------
    ValueError : no such column; a tile without a value in it, which would be a class of its own.

    Notes
    -----
    Of joined cohorts, equal `slide_id` and `case_id` of two cohorts are two slides and two cases.
    """
    if not columns:
        raise ValueError("columns: give one or more, such as 'label'")
    group = np.zeros(tiles.rows.num_rows, np.intp)
    weights = np.ones(len(group))
    for column in columns:
        codes = _codes(tiles.rows, column)
        values = codes.max(initial=0) + 1
        pairs, finer = np.unique(group * values + codes, return_inverse=True)
        weights /= np.bincount(pairs // values)[group]
        group = finer
    return weights / np.bincount(group)[group]


def _codes(rows: pa.Table, column: str) -> Codes:
    """(N,) numbers from 0 on, one for each value of a column."""
    if column not in rows.column_names:
        raise ValueError(f"{column!r} is no column of these rows")
    values = rows[column]
    empty = pc.is_null(values, nan_is_null=True)
    if pa.types.is_string(values.type):
        empty = pc.or_kleene(empty, pc.equal(values, ""))  # null stays null here
    without = rows.filter(empty)["slide_id"]
    if len(without):
        raise ValueError(
            f"slide {without[0]} has no {column}: add it to the cohort sheet and run again, or "
            f"leave the slide out with a filter of Tiles"
        )
    codes = _numbered(values)
    if COHORT in rows.column_names and column in OF_ONE_COHORT:
        codes += _numbered(rows[COHORT]) * (codes.max(initial=0) + 1)
        codes = np.unique(codes, return_inverse=True)[1]
    return codes


def _numbered(values: pa.ChunkedArray) -> Codes:
    encoded = values.combine_chunks().dictionary_encode()
    return np.array(encoded.indices, np.intp)


def _cumulative(weights: npt.ArrayLike, number: int) -> npt.NDArray[np.float64]:
    """(N,) sums of the weights up to each tile, up to the last that has any."""
    given = np.asarray(weights, np.float64)
    if given.shape != (number,):
        raise ValueError(f"weights of shape {given.shape}: give one for each of {number} tiles")
    if not np.isfinite(given).all() or given.min() < 0 or not given.any():
        raise ValueError("weights: give finite numbers of 0 or more, not all of them 0")
    return np.cumsum(given[: np.flatnonzero(given)[-1] + 1])
