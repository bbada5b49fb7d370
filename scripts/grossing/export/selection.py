"""The slides and tiles that are exported: passing tiles of slides that are PASS or REVIEW."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from grossing.cohort.patients import USED
from grossing.columns import exports
from grossing.columns import splits as split_columns
from grossing.slide import grid
from grossing.slide.record import Bounds
from grossing.support import tables
from grossing.support.errors import CohortError
from grossing.support.types import PathLike

SLIDE_COLUMNS = ("slide_id", "qc_status", "case_id", "label", "split")
FACTS = ("width_px", "height_px", "mpp", "mpp_source")
PLACE = ("slide_id", "tile_col", "tile_row", "x_level0_px", "y_level0_px", "size_level0_px", "mpp")
NOTHING = {"tiles": 0, "edge_tiles": 0}
Row = dict[str, Any]


class NotStatable(Exception):
    """A slide that a format cannot state; the message says why, and what to do."""


@dataclass(frozen=True)
class Tiling:
    """How tiles were asked for: side in px, um per px, and its relative tolerance."""

    size_px: int
    target_mpp: float
    target_mpp_tolerance: float


@dataclass(frozen=True)
class ExportSlide:
    """A slide that is PASS or REVIEW.

    Attributes
    ----------
    split, fold : of `splits` where splits are assigned, else the sheet's split and no fold
    width_px, height_px, mpp : of level 0
    """

    slide_id: str
    case_id: str | None
    label: str | None
    split: str | None
    fold: int | None
    width_px: int
    height_px: int
    mpp: float
    mpp_source: str


@dataclass(frozen=True)
class Selection:
    """Slides in the order of the sheet, and the rows of `patch_cohort` of their passing tiles."""

    verdicts: Sequence[Row]
    slides: Sequence[ExportSlide]
    tiles: pa.Table

    @classmethod
    def read(
        cls,
        verdicts: PathLike,
        patches: PathLike,
        splits: PathLike | None = None,
        columns: Sequence[str] | None = PLACE,
    ) -> "Selection":
        """From `cohort_qc.parquet`, `patch_cohort.parquet` and, where assigned, `splits.csv`.

        Parameters
        ----------
        columns : of `patch_cohort`; None for all

        Raises
        ------
        CohortError : a slide has no row in `splits`: it is of another run.
        """
        rows = _verdicts(verdicts)
        assigned = tables.read_csv(splits, split_columns.SCHEMA).to_pylist() if splits else None
        slides = list(_slides(rows, assigned))
        passing = [("qc_status", "in", USED), ("qc_status_tile", "=", "PASS")]
        tiles = pa.parquet.read_table(
            patches, columns=list(columns) if columns else None, filters=passing
        )
        return cls(rows, slides, tiles.combine_chunks())

    def by_slide(self) -> Iterator[tuple[ExportSlide, pa.Table]]:
        """Each slide with its passing tiles, of which there may be none."""
        start, length = _runs(self.tiles["slide_id"])
        for slide in self.slides:
            at = start.get(slide.slide_id, 0)
            yield slide, self.tiles.slice(at, length.get(slide.slide_id, 0))

    def report(
        self, name: str, outcome: Mapping[str, str | None], partial: Mapping[str, str] | None = None
    ) -> pa.Table:
        """The table `exports` of a format: a row per row of the sheet.

        Parameters
        ----------
        name : of the format
        outcome : why a slide of `slides` is refused, None where it was exported
        partial : what is left out of an exported slide
        """
        counts = {
            slide.slide_id: {"tiles": tiles.num_rows, "edge_tiles": _over_the_edge(slide, tiles)}
            for slide, tiles in self.by_slide()
        }
        rows = []
        for row in self.verdicts:
            slide_id, status, reason = row["slide_id"], "unused", None
            if slide_id in outcome:
                reason = outcome[slide_id] or (partial or {}).get(slide_id)
                status = "refused" if outcome[slide_id] else "partial" if reason else "exported"
            written = counts[slide_id] if status in ("exported", "partial") else NOTHING
            rows.append(
                {"format": name, "slide_id": slide_id, "qc_status": row["qc_status"]}
                | {"status": status, "reason": reason, **written}
            )
        return tables.from_rows(rows, exports.SCHEMA)


def each(
    selection: Selection, write: Callable[[ExportSlide, pa.Table], None]
) -> dict[str, str | None]:
    """Write every slide; why it was refused, None where it was written.

    Parameters
    ----------
    write : writes a slide and its tiles; raises NotStatable
    """
    outcome: dict[str, str | None] = {}
    for slide, tiles in selection.by_slide():
        try:
            write(slide, tiles)
            outcome[slide.slide_id] = None
        except NotStatable as refusal:
            outcome[slide.slide_id] = str(refusal)
    return outcome


def side_level0_px(slide: ExportSlide, tiles: pa.Table, tiling: Tiling) -> int:
    """Side of a slide's tiles in level-0 px; without tiles the one that they would have.

    Raises
    ------
    CohortError : tiles of several sides.
    """
    sides = pc.unique(tiles["size_level0_px"]).to_pylist()
    if len(sides) > 1:
        raise CohortError(f"slide {slide.slide_id}: tiles of several sizes: tile it again")
    if sides:
        return int(sides[0])
    bounds = Bounds(0, 0, slide.width_px, slide.height_px)
    return grid.make(bounds, slide.mpp, **asdict(tiling)).side_level0_px


def coordinates(tiles: pa.Table) -> npt.NDArray[np.int64]:
    """(N, 2) int64: x and y of the top-left corners in level-0 px, in the order of the table."""
    columns = [tiles[name].to_numpy() for name in ("x_level0_px", "y_level0_px")]
    return np.column_stack(columns).astype(np.int64)


def _over_the_edge(slide: ExportSlide, tiles: pa.Table) -> int:
    """Number of tiles that reach beyond the picture."""
    ends = coordinates(tiles) + tiles["size_level0_px"].to_numpy()[:, None]
    return int((ends > (slide.width_px, slide.height_px)).any(axis=1).sum())


def _verdicts(path: PathLike) -> list[Row]:
    present = pa.parquet.read_schema(path).names
    wanted = [name for name in (*SLIDE_COLUMNS, *FACTS) if name in present]
    blank = dict.fromkeys(SLIDE_COLUMNS)
    rows = tables.read(path, wanted).to_pylist()
    return [blank | {name: value or None for name, value in row.items()} for row in rows]


def _slides(rows: Sequence[Row], assigned: Sequence[Row] | None) -> Iterator[ExportSlide]:
    given = {row["slide_id"]: row for row in rows if assigned is None}
    given |= {row["slide_id"]: row for row in assigned or ()}
    for row in rows:
        if row["qc_status"] not in USED:
            continue
        slide_id = row["slide_id"]
        if slide_id not in given:
            raise CohortError(f"splits.csv has no slide {slide_id}: delete it and run again")
        yield ExportSlide(
            slide_id,
            case_id=row["case_id"],
            label=row["label"],
            split=given[slide_id]["split"] or None,
            fold=given[slide_id].get("fold"),
            **{name: row[name] for name in FACTS},
        )


def _runs(slide_ids: pa.ChunkedArray) -> tuple[dict[str, int], dict[str, int]]:
    """First row and number of rows of each slide, whose rows stand together."""
    if not len(slide_ids):
        return {}, {}
    encoded = slide_ids.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    numbers = encoded.indices.to_numpy()
    firsts = np.flatnonzero(np.diff(numbers, prepend=-1))
    lengths = np.diff(firsts, append=len(numbers))
    names = [encoded.dictionary[int(number)].as_py() for number in numbers[firsts]]
    if len(set(names)) != len(names):
        raise CohortError("patch_cohort: tiles of one slide stand apart: delete it and run again")
    return (
        dict(zip(names, firsts.tolist(), strict=True)),
        dict(zip(names, lengths.tolist(), strict=True)),
    )
