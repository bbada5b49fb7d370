"""A slide whose nuclei have an impossible size at its resolution is marked."""

import logging

import pyarrow as pa
import pytest
from grossing.cohort import nuclei_table
from grossing.columns import nuclei, nuclei_tiles
from grossing.support import tables

LIMITS = (12.0, 120.0)


def write(folder, slide_id, area_um2, count):
    """The two tables of a slide with `count` nuclei of one area; other columns are null."""
    for name, schema, rows in (
        ("nuclei", nuclei.SCHEMA, [{"slide_id": slide_id, "area_um2": area_um2}] * count),
        ("tiles", nuclei_tiles.SCHEMA, [{"nuclei_count": count, "tissue_mm2": 1.0}]),
    ):
        (folder / name).mkdir(exist_ok=True)
        plain = pa.schema([field.with_nullable(True) for field in schema])
        rows = [{column: row.get(column) for column in plain.names} for row in rows]
        table = pa.Table.from_pylist(rows, plain)
        tables.write_parquet(table, folder / name / f"{slide_id}.parquet")


@pytest.mark.parametrize(
    ("area", "count", "doubtful"),
    [(35.0, 1000, False), (140.0, 1000, True), (8.75, 1000, True), (140.0, 199, None)],
)
def test_a_median_area_that_nuclei_cannot_have_is_marked(tmp_path, caplog, area, count, doubtful):
    write(tmp_path, "s", area, count)
    verdicts = pa.table({"slide_id": ["s"], "qc_status": ["PASS"], "qc_reasons": [""]})
    files = [[tmp_path / name / "s.parquet"] for name in ("nuclei", "tiles")]
    with caplog.at_level(logging.WARNING):
        row = nuclei_table.table(verdicts, *files, LIMITS).to_pylist()[0]
    assert row["mpp_doubtful"] is doubtful
    assert ("slide s: mpp_doubtful" in caplog.text) is bool(doubtful)
