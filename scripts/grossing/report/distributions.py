"""Distributions of the numbers that thresholds judge, counted on bins while a table is read."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from grossing.report import cohort_table
from grossing.report.limit import Limit, column_of
from grossing.support.types import Mask

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

FINE = 4000  # bins in which is counted; those that are drawn are sums of them
DRAWN = (12, 40)  # fewest and most bins that are drawn
BATCH_ROWS = 1 << 18
WIDEST = 100.0  # of limits: values above are counted in the last bin
MARGIN = 0.08  # of the axis that is drawn on both sides of the limit
TAIL = 0.0005  # share of the values that may lie beyond each end of the axis
FAR = 10.0  # of limits: an area of which most slides have more is drawn on a logarithmic axis
IN_USE, OTHER, BEYOND = range(3)  # rows of `Distribution.counts`


@dataclass(frozen=True)
class Distribution:
    """How often a judged number has which values.

    Attributes
    ----------
    limit : the threshold; it is an edge of the bins
    edges : (N+1,) of the bins; the outer bins also hold what lies outside
    counts : (3, N): what is used, what is out for another reason, what is beyond this limit
    log : whether the bins are equally wide on a logarithmic axis
    """

    limit: Limit
    edges: Floats
    counts: Counts
    log: bool

    @property
    def measured(self) -> int:
        return int(self.counts.sum())

    @property
    def beyond(self) -> int:
        return int(self.counts[BEYOND].sum())


class _Counter:
    """Counts of one number on fine bins."""

    def __init__(self, limit: Limit, low: float, high: float, log: bool = False) -> None:
        self.limit, self.log = limit, log
        low, high = min(low, limit.value), max(high, limit.value)
        if limit.value > 0:
            high = min(high, WIDEST * limit.value) if not log else high
        if log:
            low, high = np.log10(limit.value / FAR), np.log10(high)
        self.low, self.high = float(low), float(high if high > low else low + 1)
        self.counts: Counts = np.zeros((3, FINE), np.int64)

    def add(self, values: npt.NDArray[np.floating], is_used: Mask) -> None:
        present = ~np.isnan(values)
        values, is_used = values[present], is_used[present]
        beyond = self.limit.beyond(values)
        kind = np.where(beyond, BEYOND, np.where(is_used, IN_USE, OTHER))
        if self.log:
            values = np.log10(np.maximum(values, 10**self.low))
        place = (values - self.low) * (FINE / (self.high - self.low))
        fine = np.clip(place, 0, FINE - 1).astype(np.int64)
        self.counts += np.bincount(kind * FINE + fine, minlength=3 * FINE).reshape(3, FINE)

    def distribution(self) -> Distribution | None:
        """Sums of the fine bins; None where nothing was counted."""
        total = int(self.counts.sum())
        if not total:
            return None
        middles = self.low + (np.arange(FINE) + 0.5) * (self.high - self.low) / FINE
        edges = self._edges(middles, total)
        place = np.clip(np.searchsorted(edges, middles) - 1, 0, len(edges) - 2)
        counts = np.zeros((3, len(edges) - 1), np.int64)
        for kind in range(3):
            np.add.at(counts[kind], place, self.counts[kind])
        return Distribution(self.limit, 10**edges if self.log else edges, counts, self.log)

    def _edges(self, middles: Floats, total: int) -> Floats:
        """Equal bins, of which one ends at the limit, around all but the rarest values."""
        limit = float(np.log10(self.limit.value)) if self.log else self.limit.value
        cumulated = np.cumsum(self.counts.sum(axis=0)) / total
        first = int(np.searchsorted(cumulated, TAIL))
        last = min(int(np.searchsorted(cumulated, 1 - TAIL)), FINE - 1)
        low, high = min(float(middles[first]), limit), max(float(middles[last]), limit)
        margin = MARGIN * (high - low)
        low, high = min(low, limit - margin), max(high, limit + margin)
        if not self.log and low < 0.5 * high:
            low = min(low, 0.0)
        bins = int(np.clip(2 * np.sqrt(total), *DRAWN))
        step = _nice((high - low) / bins) if high > low else abs(limit) / bins or 1 / bins
        below, above = np.floor((low - limit) / step), np.ceil((high - limit) / step)
        edges = limit + step * np.arange(below, max(above, below + bins // 2) + 1)
        column = column_of(self.limit.column)
        if not self.log:
            edges = np.clip(edges, column.minimum, column.maximum)
        return np.unique(np.round(edges, 12))


def _nice(step: float) -> float:
    """The next larger of 1, 2, 2.5, 5, 10 times a power of ten."""
    power = 10 ** np.floor(np.log10(step))
    return float(next(n for n in (1, 2, 2.5, 5, 10) if n * power >= step * 0.999) * power)


def of_slides(table: pa.Table, limits: Sequence[Limit]) -> list[Distribution]:
    """Distributions over the slides of `cohort_qc`; numbers without any value are left out."""
    is_used = cohort_table.used(table)
    found = []
    for limit in limits:
        values = cohort_table.numbers(table, limit.column)
        if values is not None:
            low, high = float(np.nanmin(values)), float(np.nanmax(values))
            counter = _Counter(limit, low, high, _is_far(limit, values))
            counter.add(values, is_used)
            found.append(counter.distribution())
    return [each for each in found if each is not None]


def _is_far(limit: Limit, values: Floats) -> bool:
    """Whether most values are many times as large as a lower limit of something without an end."""
    unbounded = column_of(limit.column).maximum is None
    median = float(np.nanmedian(values))
    return unbounded and limit.direction == "min" and 0 < FAR * limit.value < median


def of_tiles(path: str | os.PathLike[str], limits: Sequence[Limit]) -> list[Distribution]:
    """Distributions over the tiles of `patch_cohort`, which is read in parts.

    Memory does not grow with the number of tiles.
    """
    with pa.parquet.ParquetFile(path) as file:
        ranges = _ranges(file.metadata)
        counters = [
            _Counter(limit, *ranges[limit.column]) for limit in limits if limit.column in ranges
        ]
        names = ["qc_status", "qc_status_tile", *(c.limit.column for c in counters)]
        for batch in file.iter_batches(BATCH_ROWS, columns=list(dict.fromkeys(names))):
            is_used = _used_tiles(batch)
            for counter in counters:
                counter.add(batch[counter.limit.column].to_numpy(zero_copy_only=False), is_used)
    return [each for each in (c.distribution() for c in counters) if each is not None]


def _used_tiles(batch: pa.RecordBatch) -> Mask:
    good = pa.compute.equal(batch["qc_status_tile"], cohort_table.USED[0])
    of_used_slide = pa.compute.is_in(batch["qc_status"], pa.array(cohort_table.USED))
    both = pa.compute.and_(good, of_used_slide)
    return np.asarray(both.to_numpy(zero_copy_only=False), dtype=bool)


def _ranges(metadata: Any) -> dict[str, tuple[float, float]]:
    """Smallest and largest value of each column of numbers, from the file's own statistics."""
    ranges: dict[str, tuple[float, float]] = {}
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            column = metadata.row_group(group).column(index)
            found = column.statistics
            if found is None or not found.has_min_max or not isinstance(found.min, float):
                continue
            low, high = ranges.get(column.path_in_schema, (np.inf, -np.inf))
            ranges[column.path_in_schema] = min(low, found.min), max(high, found.max)
    return ranges
