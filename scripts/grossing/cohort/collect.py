"""`patch_cohort` and `cohort_qc`: candidate tiles judged, and the final verdict of each slide."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from grossing.cohort import decide, failures, other_stains, thresholds
from grossing.cohort.decide import JudgedTiles, TileColumns, TilingResult, Verdict
from grossing.cohort.patch_writer import PatchWriter
from grossing.columns import cohort_qc, measured_qc, patch_cohort, tile_metrics
from grossing.support import tables
from grossing.support.errors import CohortError
from grossing.support.types import PathLike

CARRIED = ("case_id", "label", "site", "scanner", "stain", "split")
CONTAINERS = {"zip": "tiles/{slide_id}.zip", "directory": "tiles/{slide_id}", "none": None}
TILING = [name for name in cohort_qc.SCHEMA.names if name not in measured_qc.SCHEMA.names]
Row = dict[str, Any]


@dataclass(frozen=True)
class TileTables:
    """The tile tables of a cohort by slide_id: `tile_metrics`, and those of each optional stage."""

    metrics: Mapping[str, Path]
    stages: tuple[Mapping[str, Path], ...] = ()

    @classmethod
    def from_paths(cls, metrics: Iterable[PathLike], *stages: Iterable[PathLike]) -> "TileTables":
        """Files named `{slide_id}.parquet`.

        Raises
        ------
        CohortError : two files of one slide, or a stage that lacks a slide.
        """
        tile_tables = cls(by_slide(metrics), tuple(map(by_slide, stages)))
        for stage in tile_tables.stages:
            if unpaired := set(stage) ^ set(tile_tables.metrics):
                slide_id = min(unpaired)
                raise CohortError(f"slide {slide_id}: one of its tile tables is missing")
        return tile_tables

    def read(self, slide_id: str) -> pa.Table:
        """`tile_metrics` of a slide with the columns that the optional stages add.

        Raises
        ------
        CohortError : there is no table, one of another slide, or a stage has other tiles.
        """
        if slide_id not in self.metrics:
            raise CohortError(f"slide {slide_id} has no table of tile metrics")
        path = self.metrics[slide_id]
        table = tables.read(path)
        if table.num_rows and pc.unique(table["slide_id"]).to_pylist() != [slide_id]:
            raise CohortError(f"{path} holds tiles of another slide: delete it and run again")
        for stage in self.stages:
            table = _with_stage(table, path, stage[slide_id])
        return table


def by_slide(paths: Iterable[PathLike]) -> dict[str, Path]:
    """Files by the slide_id that they are named after; CohortError where two are of one slide."""
    path_of: dict[str, Path] = {}
    for path in map(Path, paths):
        if path.stem in path_of:
            raise CohortError(f"slide {path.stem} has two tables: {path_of[path.stem]} and {path}")
        path_of[path.stem] = path
    return path_of


def _with_stage(table: pa.Table, metrics: Path, path: Path) -> pa.Table:
    added = tables.read(path)
    for name in ("slide_id", "tile_col", "tile_row"):
        if not added[name].equals(table[name]):
            raise CohortError(
                f"{path} and {metrics} come from different runs: delete the first and run again"
            )
    for name in added.column_names:
        if name not in table.column_names:
            table = table.append_column(name, added[name])
    return table


def tiles(
    verdicts: pa.Table,
    tile_tables: TileTables,
    writer: PatchWriter,
    *,
    limits: Mapping[str, Mapping[str, float]],
    container: str,
) -> pa.Table:
    """Judge all tiles of a cohort, and its slides by the results of tiling.

    Parameters
    ----------
    verdicts : `measured_qc`
    tile_tables : of all its slides but those whose job failed
    writer : takes the parts of `patch_cohort`
    limits : the config section `thresholds`
    container : zip, directory or none

    Returns
    -------
    `cohort_qc`: one row per row of `measured_qc`, in its order.

    Raises
    ------
    CohortError : a slide without its table of tiles; a table without its slide.
    """
    if unknown := set(tile_tables.metrics) - set(verdicts["slide_id"].to_pylist()):
        raise CohortError(f"slide {min(unknown)} is tiled and has no verdict")
    no_tiles, results = tables.from_rows([], pa.schema(tile_metrics.COLUMNS)), []
    for row in _rows(verdicts):
        slide_id = row["slide_id"]
        failed = row["qc_reasons"] == failures.CODE
        table = no_tiles if failed else tile_tables.read(slide_id)
        columns = judged_columns(table)
        judged = decide.tiles(columns, limits["tile"])
        result = _result(columns, judged)
        verdict = Verdict.from_text(row["qc_status"], row["qc_reasons"])
        final = decide.after_tiling(verdict, result, limits["slide"])
        if other_stains.is_stated(final.text):
            table = other_stains.without_numbers(table)
        if table.num_rows:
            writer.write(_part(table, row | {"qc_status": final.status}, judged, container))
        results.append(_tiling(table, result, final))
    return _joined(verdicts, results)


def _joined(verdicts: pa.Table, results: list[Row]) -> pa.Table:
    """`measured_qc` with its verdicts replaced by the final ones, and the columns of tiling."""
    added = tables.from_rows(results, cohort_qc.SCHEMA)
    for name in ("qc_status", "qc_reasons"):
        index = verdicts.column_names.index(name)
        verdicts = verdicts.set_column(index, cohort_qc.SCHEMA.field(name), added[name])
    for name in TILING:
        verdicts = verdicts.append_column(cohort_qc.SCHEMA.field(name), added[name])
    return verdicts


def _rows(verdicts: pa.Table) -> Iterator[Row]:
    names = ("slide_id", "qc_status", "qc_reasons", *CARRIED)
    present = [name for name in names if name in verdicts.column_names]
    for batch in verdicts.select(present).to_batches(max_chunksize=1000):
        yield from batch.to_pylist()


def judged_columns(table: pa.Table) -> TileColumns:
    """What `decide.tiles` judges, from the tiles of one slide."""
    names = [rule.column for rule in thresholds.TILE]
    disagree = pc.fill_null(table["decoders_disagree"], False)
    return TileColumns(
        {name: table[name].to_numpy() for name in names},
        np.asarray(table["lost"].to_numpy().astype(bool)),
        np.asarray(disagree.to_numpy().astype(bool)),
    )


def _result(columns: TileColumns, judged: JudgedTiles) -> TilingResult:
    count = len(judged.passed)
    absent = np.nan_to_num(columns.values["absent_fraction"]).astype(float)
    return TilingResult(
        candidates=count,
        passed=int(judged.passed.sum()),
        lost_fraction=float(columns.lost.mean()) if count else 0.0,
        suspicious_fraction=float(judged.suspicious.mean()) if count else 0.0,
        absent_fraction=float(absent.mean()) if count else 0.0,
    )


def _part(table: pa.Table, slide: Row, judged: JudgedTiles, container: str) -> pa.Table:
    """The rows of `patch_cohort` of one slide."""
    where = CONTAINERS[container]
    path = pa.scalar(where.format(**slide) if where else None, pa.string())
    lost, count = table["lost"], table.num_rows
    made = {
        "tile_container": pc.if_else(lost, pa.scalar(None, pa.string()), path),
        "qc_status_tile": pc.if_else(pa.array(judged.passed), decide.PASS, decide.FAIL),
        "qc_reasons_tile": pa.array(judged.reasons, pa.string()),
    }
    of_slide = {name: slide.get(name) for name in (*CARRIED, "qc_status")}
    columns = []
    for field in patch_cohort.SCHEMA:
        if field.name in made:
            columns.append(made[field.name])
        elif field.name in of_slide:
            columns.append(pa.repeat(pa.scalar(of_slide[field.name], field.type), count))
        elif field.name in table.column_names:
            columns.append(table[field.name])
        else:
            columns.append(pa.nulls(count, field.type))
    return pa.Table.from_arrays(columns, schema=patch_cohort.SCHEMA)


def _tiling(table: pa.Table, result: TilingResult, final: Verdict) -> Row:
    """The results of tiling of one slide: the columns that `cohort_qc` adds, the final verdict."""
    first = (table.slice(0, 1).to_pylist() or [{}])[0]
    count = result.candidates
    return {
        "qc_status": final.status,
        "qc_reasons": final.text,
        "candidate_tiles": count,
        "passed_tiles": result.passed,
        "lost_tiles": pc.sum(table["lost"]).as_py() or 0,
        "lost_fraction": result.lost_fraction if count else None,
        "absent_fraction": result.absent_fraction if count else None,
        "suspicious_fraction": result.suspicious_fraction if count else None,
        "tile_bytes": pc.sum(table["tile_bytes"]).as_py() or 0,
        "tile_reader": first.get("reader"),
        "tile_mpp": first.get("mpp"),
        "target_mpp": first.get("target_mpp"),
        "picture_width_px": first.get("picture_width_px"),
        "picture_height_px": first.get("picture_height_px"),
    }
