"""`nuclei_cohort`: number, density, size and stain of the nuclei of each slide."""

import logging
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from grossing.cohort import other_stains, stage_tables
from grossing.cohort.collect import by_slide
from grossing.cohort.stage_tables import Row
from grossing.columns import nuclei_cohort
from grossing.support import tables
from grossing.support.errors import CohortError
from grossing.support.types import PathLike

ENOUGH_NUCLEI = 200  # the median of fewer says more about one place than about the resolution
LOG = logging.getLogger(__name__)


def table(
    verdicts: pa.Table,
    nuclei_files: Iterable[PathLike],
    tile_files: Iterable[PathLike],
    median_area_um2: tuple[float, float],
) -> pa.Table:
    """`nuclei_cohort`: one row per row of `cohort_qc`, in its order.

    Parameters
    ----------
    verdicts : `cohort_qc`
    nuclei_files, tile_files : `nuclei` and `nuclei_tiles` of each slide, named after it
    median_area_um2 : smallest and largest median area that nuclei of a slide can have; the
        resolution of a slide beyond them is doubtful, and a warning in the log names it

    Raises
    ------
    CohortError : a table of a slide that is not in `verdicts`, or of which there is only one.
    """
    found, counted = by_slide(nuclei_files), by_slide(tile_files)
    if unpaired := set(found) ^ set(counted):
        raise CohortError(f"slide {min(unpaired)}: one of its tables of nuclei is missing")

    reasons = verdicts.select(["slide_id", "qc_reasons"]).to_pylist()
    other = {row["slide_id"] for row in reasons if other_stains.is_stated(row["qc_reasons"])}

    def row(slide_id: str) -> Row:
        values = _nuclei_row(tables.read(found[slide_id]), tables.read(counted[slide_id]))
        if slide_id in other:
            values["hematoxylin_od_mean"] = None
        return {**values, "mpp_doubtful": _mpp_doubtful(slide_id, values, *median_area_um2)}

    return stage_tables.one_row_per_slide(verdicts, found, row, nuclei_cohort.SCHEMA)


def _nuclei_row(each: pa.Table, tiles: pa.Table) -> Row:
    searched = tiles.filter(pc.is_valid(tiles["nuclei_count"]))
    if not searched.num_rows:
        return {}
    tissue_mm2 = pc.sum(searched["tissue_mm2"]).as_py()
    area, eccentricity = (_values(each[name]) for name in ("area_um2", "eccentricity"))
    low, median, high = _percentiles(area, 10, 50, 90)
    return {
        "nuclei_count": each.num_rows,
        "tissue_mm2": tissue_mm2,
        "nuclei_per_mm2": each.num_rows / tissue_mm2 if tissue_mm2 else None,
        "area_um2_p10": low,
        "area_um2_median": median,
        "area_um2_p90": high,
        "eccentricity_median": _percentiles(eccentricity, 50)[0],
        "hematoxylin_od_mean": pc.mean(each["hematoxylin_od"]).as_py(),
        "brightness_mean": pc.mean(each["brightness"]).as_py(),
    }


def _mpp_doubtful(slide_id: str, values: Row, smallest: float, largest: float) -> bool | None:
    """Whether nuclei have an impossible size at the resolution; None if they are too few."""
    median = values.get("area_um2_median")
    if median is None or values["nuclei_count"] < ENOUGH_NUCLEI:
        return None
    if smallest <= median <= largest:
        return False
    LOG.warning(
        "slide %s: mpp_doubtful: the median area of its %d nuclei is %.3g um2, not %g to %g: "
        "compare its resolution with the scanner's, and state it in the column mpp of the sheet",
        *(slide_id, values["nuclei_count"], median, smallest, largest),
    )
    return True


def _values(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    return np.asarray(column.to_numpy(), np.float64)


def _percentiles(values: npt.NDArray[np.float64], *shares: int) -> list[float | None]:
    if not len(values):
        return [None] * len(shares)
    return [float(value) for value in np.percentile(values, shares)]
