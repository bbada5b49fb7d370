"""The sheet that a run was planned with: kept for its jobs, told from any other one."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from grossing.cohort.planned_sheet import PlannedSheet
from grossing.cohort.sheet import Sheet
from grossing.cohort.stacks import Stack
from grossing.support.errors import CohortError
from records import sheet

PLANNED = PlannedSheet(
    sheet("b", "a", "heap", label=("tumor", "normal", "é,\n;")),
    {"heap": Stack(("x.svs", "y.svs"), ("1", "2"))},
)


def other(listed: Sheet) -> PlannedSheet:
    return replace(PLANNED, sheet=listed)


#: what became of the sheet
EDITED = {
    "sorted": other(sheet("a", "b", "heap", label=("normal", "tumor", "é,\n;"))),
    "shortened": other(sheet("b", "heap", label=("tumor", "é,\n;"))),
    "another label": other(sheet("b", "a", "heap", label=("tumor", "tumor", "é,\n;"))),
    "without a column": other(sheet("b", "a", "heap")),
    "another plane": replace(PLANNED, stacks={"heap": Stack(("x.svs", "z.svs"), ("1", "2"))}),
}


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    PLANNED.write(tmp_path / "planned.json")
    read = PlannedSheet.read(tmp_path / "planned.json", PLANNED.digest)
    assert read.sheet.rows == PLANNED.sheet.rows
    assert list(read.sheet.rows) == ["b", "a", "heap"]
    assert (read.sheet.path, read.sheet.columns) == (PLANNED.sheet.path, PLANNED.sheet.columns)
    assert (read.sheet.lines, read.stacks) == (PLANNED.sheet.lines, PLANNED.stacks)
    assert read.digest == PLANNED.digest


@pytest.mark.parametrize("edited", EDITED)
def test_another_sheet_is_refused_with_the_way_on(edited: str, tmp_path: Path) -> None:
    EDITED[edited].write(tmp_path / "planned.json")
    with pytest.raises(CohortError, match=r"cohort\.csv: .*changed.* run the same command again"):
        PlannedSheet.read(tmp_path / "planned.json", PLANNED.digest)
    assert PlannedSheet.read(tmp_path / "planned.json").digest == EDITED[edited].digest


def test_the_copy_of_equal_rows_stays_untouched(tmp_path: Path) -> None:
    path = tmp_path / "planned.json"
    PLANNED.write(path)
    os.utime(path, (1, 1))
    PLANNED.write(path)
    assert path.stat().st_mtime == 1
    EDITED["sorted"].write(path)
    assert path.stat().st_mtime > 1
    assert PlannedSheet.read(path).digest == EDITED["sorted"].digest


@pytest.mark.parametrize("folder", ["", "jane", "/jane/roe"])
def test_the_copy_does_not_name_the_folder_of_the_sheet(folder: str, tmp_path: Path) -> None:
    rows = {"a": {"slide_id": "a", "path": "a.svs"}, "b": {"slide_id": "b", "path": "/x/b.svs"}}
    name = os.path.join(folder, "cohort.csv")
    planes = (os.path.join(folder, "low.tif"), "/x/high.tif")
    listed = Sheet(name, ("slide_id", "path"), rows, {"a": 2, "b": 3})
    original, path = PlannedSheet(listed, {"s": Stack(planes, ("0", "1"))}), tmp_path / "p.json"
    original.write(path)
    assert "jane" not in path.read_text()
    assert PlannedSheet.read(path, original.digest, folder) == original
    assert PlannedSheet.read(path, original.digest).sheet.rows == rows
