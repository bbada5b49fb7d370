"""`zones_cohort`: number, area and share of the zones of each slide."""

from collections.abc import Iterable

import pyarrow as pa

from grossing.cohort import stage_tables
from grossing.cohort.collect import by_slide
from grossing.columns import zones_cohort
from grossing.support.types import PathLike
from grossing.zones.zones_record import ZonesRecord


def table(verdicts: pa.Table, zone_files: Iterable[PathLike]) -> pa.Table:
    """`zones_cohort`: one row per row of `cohort_qc`, in its order.

    Parameters
    ----------
    verdicts : `cohort_qc`
    zone_files : JSON of the zones of each slide

    Raises
    ------
    CohortError : zones of a slide that is not in `verdicts`.
    """
    found = by_slide(zone_files)
    return stage_tables.one_row_per_slide(
        verdicts, found, lambda i: ZonesRecord.read(found[i]).to_json(), zones_cohort.SCHEMA
    )
