"""Tiles of a cohort for the page: how many share the same bins of all thresholds, slide by slide.

Twenty million tiles do not fit into a page.  Their counts do, on the positions that a threshold can
be moved to, jointly for all thresholds; so what the page recounts there is exact.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from grossing.cohort import collect, decide, thresholds
from grossing.cohort.decide import Criteria
from grossing.report import rules
from grossing.report.rules import Positions
from grossing.report.verdict_data import without_limits
from grossing.support.types import PathLike

MANY_TILES = 200_000
BATCH_ROWS = 200_000
FIXED_FAIL, SUSPICIOUS = 1, 2
MISSING = 65_535  # of a metric of 16 bits
PLACE = ("tile_col", "tile_row", "x_level0_px", "y_level0_px", "size_level0_px")
NO_METRIC = (*PLACE, "mpp", "tile_offset", "tile_bytes")


def steps(path: PathLike, criteria: Criteria) -> dict[str, Positions]:
    """Positions of every tile threshold by its config key, from the ranges in the file's footer."""
    footer = pq.ParquetFile(path).metadata
    count = 40 if footer.num_rows <= MANY_TILES else 14
    names = [footer.schema.column(i).name for i in range(footer.num_columns)]
    made = {}
    for rule in thresholds.TILE:
        column = names.index(rule.column)
        groups = (footer.row_group(i).column(column) for i in range(footer.num_row_groups))
        known = [s for s in (g.statistics for g in groups) if s is not None and s.has_min_max]
        limit = float(criteria.tile[rule.limit])
        low = min((s.min for s in known), default=limit)
        high = max((s.max for s in known), default=limit)
        made[rule.limit] = rules.positions(rule, limit, low, high, count)
    return made


def by_slide(path: PathLike) -> Iterator[tuple[str, pa.Table]]:
    """Rows of `patch_cohort` slide by slide, a few at a time in memory."""
    waiting: list[pa.Table] = []
    for batch in pq.ParquetFile(path).iter_batches(batch_size=BATCH_ROWS):
        rows = pa.Table.from_batches([batch])
        ids = rows["slide_id"].combine_chunks()
        changes = pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)
        ends = [*(np.flatnonzero(changes) + 1).tolist(), len(ids)]
        start = 0
        for end in ends:
            part = rows.slice(start, end - start)
            if waiting and waiting[0]["slide_id"][0] != part["slide_id"][0]:
                yield _joined(waiting)
                waiting = []
            waiting.append(part)
            start = end
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[pa.Table]) -> tuple[str, pa.Table]:
    table = pa.concat_tables(parts).combine_chunks()
    return table["slide_id"][0].as_py(), table


@dataclass
class JointCounts:
    """Distinct combinations of bins in the cohort, and how many tiles of each slide have them."""

    steps: Mapping[str, Positions]
    criteria: Criteria
    combinations: dict[int, int] = field(default_factory=dict)
    of_slide: dict[str, bytes] = field(default_factory=dict)

    def add(self, slide_id: str, tiles: pa.Table) -> None:
        """Count the tiles of one slide."""
        lost = pc.fill_null(pc.equal(tiles["qc_reasons_tile"], decide.LOST), False)
        columns = collect.judged_columns(tiles.append_column("lost", lost))
        judged = decide.tiles(columns, without_limits(self.criteria).tile)
        keys = np.where(judged.passed, 0, FIXED_FAIL).astype(np.int64)
        keys |= np.where(judged.suspicious, SUSPICIOUS, 0)
        for rule in thresholds.TILE:
            bins = self.steps[rule.limit].bins(columns.values[rule.column])
            keys = (keys << 8) + bins
        values, counts = np.unique(keys, return_counts=True)
        numbers = [
            self.combinations.setdefault(key, len(self.combinations)) for key in values.tolist()
        ]
        pairs = sorted(zip(numbers, counts.tolist(), strict=True))
        deltas, last = [], 0
        for number, count in pairs:
            deltas += [number - last, count]
            last = number
        self.of_slide[slide_id] = varints(deltas)

    def as_data(self, slide_ids: Iterable[str]) -> dict[str, Any]:
        """Combinations as rows of bytes (flags, then a bin per threshold), counts as varints."""
        width = len(thresholds.TILE) + 1
        rows = b"".join(key.to_bytes(width, "big") for key in self.combinations)
        parts = [self.of_slide.get(slide_id, b"") for slide_id in slide_ids]
        return {
            "width": width,
            "combinations": encoded(rows),
            "counts": encoded(b"".join(parts)),
            "lengths": [len(part) for part in parts],
        }


def varints(numbers: Iterable[int]) -> bytes:
    """Non-negative whole numbers, seven bits a byte, low bits first, the last byte below 128."""
    made = bytearray()
    for number in numbers:
        while number > 127:
            made.append(number & 127 | 128)
            number >>= 7
        made.append(number)
    return bytes(made)


def encoded(data: bytes) -> str:
    """Bytes as text."""
    return base64.b64encode(data).decode("ascii")


def grid(tiles: pa.Table) -> dict[str, Any]:
    """The tiles of one slide for its picture: place, verdict, and every metric in 16 bits."""
    texts = [_codes(text) for text in tiles["qc_reasons_tile"].to_pylist()]
    reasons = sorted(set(texts) - {""})
    number = {"": 0} | {text: i for i, text in enumerate(reasons, 1)}
    first = tiles.slice(0, 1).to_pylist()[0]
    path = first["tile_path"] or next(filter(None, tiles["tile_path"].to_pylist()), None)
    return {
        "count": tiles.num_rows,
        "container": first["tile_container"],
        "suffix": path.rsplit(".", 1)[1] if path else None,
        "level": int(path.split("_files/")[1].split("/")[0]) if path else None,
        "place": {n: packed(tiles[n].to_numpy(), np.int32) for n in PLACE},
        "stored": packed(np.asarray(tiles["tile_path"].is_valid()), np.uint8),
        "reasons": reasons,
        "reason": packed(np.array([number[text] for text in texts]), np.uint16),
        "metrics": {
            name: metric(tiles[name].cast(pa.float64()).to_numpy()) for name in _metric_names(tiles)
        },
    }


def _codes(text: str | None) -> str:
    return ";".join(part.split("=")[0] for part in (text or "").split(";") if part)


def _metric_names(tiles: pa.Table) -> list[str]:
    return [
        field.name
        for field in tiles.schema
        if field.name not in NO_METRIC
        and (pa.types.is_floating(field.type) or pa.types.is_integer(field.type))
        and tiles[field.name].null_count < tiles.num_rows
    ]


def metric(values: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Numbers, of which one at least is not NaN, in 16 bits between their extremes."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    scale = (MISSING - 1) / (high - low) if high > low else 0.0
    scaled = np.where(np.isnan(values), MISSING, np.round((values - low) * scale))
    return {"low": low, "high": high, "values": packed(scaled, np.uint16)}


def packed(values: npt.NDArray[Any], kind: Any) -> str:
    """Numbers as text: bytes of `kind`, the least significant first."""
    return encoded(values.astype(np.dtype(kind).newbyteorder("<")).tobytes())
