"""`patch_cohort` and `tile_summary`: every candidate tile judged, slide by slide."""

import contextlib
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from grossing.cohort import decide, failures
from grossing.support import files, tables

ROWS_PER_GROUP = 100_000
LOG = logging.getLogger(__name__)
CARRIED = ("case_id", "label", "site", "scanner", "split")
CONTAINERS = {"zip": "tiles/{slide_id}.zip", "directory": "tiles/{slide_id}", "none": None}


class PatchWriter:
    """Writes `patch_cohort` as Parquet and CSV in parts, whole files or none.

    Parameters
    ----------
    parquet, csv : paths
    csv_rows_max : above this many rows the CSV keeps only its header (the Parquet has them all)
    """

    def __init__(
        self,
        parquet: str | os.PathLike[str],
        csv: str | os.PathLike[str],
        *,
        csv_rows_max: int,
    ) -> None:
        self._paths, self._csv_rows_max = (parquet, csv), csv_rows_max
        self._stack = contextlib.ExitStack()
        self._waiting: list[pa.Table] = []
        self._rows = self._written = 0

    def __enter__(self) -> Self:
        parquet, self._csv_path = (
            self._stack.enter_context(files.replacing(path)) for path in self._paths
        )
        self._parquet = self._stack.enter_context(
            pa.parquet.ParquetWriter(parquet, tables.PATCH_COHORT)
        )
        self._csv = self._open_csv()
        return self

    def __exit__(self, failure: type[BaseException] | None, *rest: Any) -> None:
        if failure is None:
            self._flush()
        self._csv.close()
        self._stack.__exit__(failure, *rest)

    def _open_csv(self) -> pa.csv.CSVWriter:
        return pa.csv.CSVWriter(
            self._csv_path, tables.PATCH_COHORT, write_options=tables.csv_options()
        )

    def write(self, part: pa.Table) -> None:
        self._waiting.append(part)
        self._rows += part.num_rows
        if self._rows - self._written >= ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        if not self._waiting:
            return
        part = pa.concat_tables(self._waiting).combine_chunks()
        fitted = self._written <= self._csv_rows_max
        self._waiting, self._written = [], self._rows
        self._parquet.write_table(part)
        if self._written <= self._csv_rows_max:
            self._csv.write_table(part)
        elif fitted:
            LOG.warning("more than %d tiles: patch_cohort.csv keeps its header", self._csv_rows_max)
            self._csv.close()
            self._csv = self._open_csv()


def tiles(
    verdicts: pa.Table,
    metrics: Iterable[str | os.PathLike[str]],
    writer: PatchWriter,
    *,
    thresholds: Mapping[str, Mapping[str, float]],
    container: str,
    more: Iterable[Iterable[str | os.PathLike[str]]] = (),
) -> pa.Table:
    """Judge all tiles of a cohort.

    Parameters
    ----------
    verdicts : `cohort_qc`
    metrics : `tile_metrics` files in the order of its rows; slides whose job failed have none
    writer : takes the parts of `patch_cohort`
    thresholds : the config section
    container : zip, directory or none
    more : of each optional stage that is on, its tables per slide, with the same rows as `metrics`

    Returns
    -------
    `tile_summary`: one row per row of the sheet.
    """
    summary, waiting, added = [], iter(metrics), [iter(paths) for paths in more]
    nothing = tables.from_rows([], tables.TILE_METRICS)
    for verdict in _rows(verdicts):
        failed = verdict["qc_reasons"] == failures.CODE
        table = nothing if failed else _joined(next(waiting), [next(paths) for paths in added])
        passed, reasons = decide.tiles(_arrays(table), thresholds["tile"])
        if table.num_rows:
            writer.write(_part(table, verdict, passed, reasons, container))
        limit = thresholds["slide"]["lost_fraction_max"]
        summary.append(_summary(table, verdict, int(passed.sum()), limit))
    return tables.from_rows(summary, tables.TILE_SUMMARY)


def _joined(metrics: str | os.PathLike[str], more: Iterable[str | os.PathLike[str]]) -> pa.Table:
    """`tile_metrics` of a slide with the columns that the optional stages add.

    Raises
    ------
    ValueError : a stage's table has other tiles.
    """
    table = tables.read(metrics)
    for path in more:
        added = tables.read(path)
        for name in ("tile_col", "tile_row"):
            if not added[name].equals(table[name]):
                raise ValueError(
                    f"{path} and {metrics} are of different runs: delete the first and run again"
                )
        for name in added.column_names[2:]:
            table = table.append_column(name, added[name])
    return table


def _rows(verdicts: pa.Table) -> Iterator[dict[str, Any]]:
    kept = [
        n for n in ("slide_id", "qc_status", "qc_reasons", *CARRIED) if n in verdicts.column_names
    ]
    for batch in verdicts.select(kept).to_batches(max_chunksize=1000):
        yield from batch.to_pylist()


def _arrays(table: pa.Table) -> dict[str, np.ndarray]:
    columns = [column for column, _, _ in decide.TILE_RULES]
    found = {name: table[name].to_numpy() for name in columns}
    return found | {"lost": table["lost"].to_numpy().astype(bool)}


def _part(
    table: pa.Table,
    verdict: Mapping[str, Any],
    passed: np.ndarray,
    reasons: list[str | None],
    container: str,
) -> pa.Table:
    where = CONTAINERS[container]
    own: dict[str, Any] = {name: verdict.get(name) for name in CARRIED}
    own["tile_container"] = where.format(**verdict) if where else None
    judged = {
        "qc_status_tile": pc.if_else(pa.array(passed), decide.PASS, decide.FAIL),
        "qc_reasons_tile": pa.array(reasons, pa.string()),
    }
    columns = []
    for field in tables.PATCH_COHORT:
        if field.name in judged:
            columns.append(judged[field.name])
        elif field.name in own:
            columns.append(pa.repeat(pa.scalar(own[field.name], field.type), table.num_rows))
        elif field.name in table.column_names:
            columns.append(table[field.name])
        else:
            columns.append(pa.nulls(table.num_rows, field.type))
    if where:
        at = tables.PATCH_COHORT.names.index("tile_container")
        columns[at] = pc.if_else(table["lost"], pa.scalar(None, pa.string()), columns[at])
    return pa.Table.from_arrays(columns, schema=tables.PATCH_COHORT)


def _summary(
    table: pa.Table, verdict: Mapping[str, Any], passed: int, lost_fraction_max: float
) -> dict[str, Any]:
    lost = pc.sum(table["lost"]).as_py() or 0
    status, reasons = decide.after_tiling(
        verdict["qc_status"],
        verdict["qc_reasons"] or "",
        candidates=table.num_rows,
        lost=lost,
        lost_fraction_max=lost_fraction_max,
    )
    first = table.slice(0, 1).to_pylist()
    constant = first[0] if first else {}
    return {
        **{
            name: constant.get(name)
            for name in ("reader", "mpp", "target_mpp", "picture_width_px", "picture_height_px")
        },
        "slide_id": verdict["slide_id"],
        "qc_status": verdict["qc_status"],
        "candidate_tiles": table.num_rows,
        "passed_tiles": passed,
        "lost_tiles": lost,
        "lost_fraction": lost / table.num_rows if table.num_rows else None,
        "tile_bytes": pc.sum(table["tile_bytes"]).as_py() or 0,
        "final_status": status,
        "final_reasons": reasons or None,
    }
