"""A wrong sheet or configuration stops before any job: file, place, value and what to do."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from grossing.cohort import config, sheet
from grossing.support import tables
from grossing.support.errors import UserError
from running import REPOSITORY, by_slide, run, snakemake, write_sheet
from snakemake.utils import update_config

SCHEMAS = REPOSITORY / "workflow/schemas"
SHIPPED = REPOSITORY / "config/config.yaml"
RESERVED = set(tables.COHORT_QC.names) | set(tables.TILE_METRICS.names)

#: what is wrong -> the sheet, where it says so, the value, a part of the remedy
SHEETS = {
    "missing column": (
        b"slide_id,file\na,a.svs\n",
        "line 1, column path",
        "missing column",
        "add a column `path`; found: slide_id, file",
    ),
    "other case": (
        b"Slide_ID,path\na,a.svs\n",
        "line 1, column slide_id",
        "missing column",
        "found: Slide_ID, path",
    ),
    "duplicate id": (
        b"slide_id,path\na,a.svs\n\nb,b.svs\na,c.svs\n",
        "line 5, column slide_id",
        "'a'",
        "must be unique; line 2 has it already",
    ),
    "id leaves its folder": (
        b"path,slide_id\na.svs,../a\n",
        "line 2, column slide_id",
        "'../a'",
        "use letters, digits",
    ),
    "id with a blank": (
        b"slide_id,path\na b,a.svs\n",
        "line 2, column slide_id",
        "'a b'",
        "use letters, digits",
    ),
    "id starts with a dot": (
        b"slide_id,path\nb,b.svs\n.a,a.svs\n",
        "line 3, column slide_id",
        "'.a'",
        "not starting with a dot",
    ),
    "empty id": (b"slide_id,path\n,a.svs\n", "line 2, column slide_id", "''", "fill the cell"),
    "empty path": (b"slide_id,path\na, \n", "line 2, column path", "''", "fill the cell of `path`"),
    "path twice": (
        b"slide_id,path,full_path\na,a.svs,b.svs\n",
        "line 1, column path",
        "column named twice",
        "drop one",
    ),
    "column without a name": (
        b"slide_id,path,\na,a.svs,1\n",
        "line 1",
        "a column without a name",
        "name it or drop it",
    ),
    "reserved name": (
        b"slide_id,path,tissue_fraction\na,a.svs,1\n",
        "line 1, column tissue_fraction",
        "reserved name",
        "rename it",
    ),
    "too few cells": (
        b"slide_id,path,site\na,a.svs,x\nb,b.svs\n",
        "line 3",
        "2 cells for 3 columns",
        "give every column a cell",
    ),
    "too many cells": (
        b"slide_id,path\na,a,1.svs\n",
        "line 2",
        "3 cells for 2 columns",
        "quote cells that hold a comma",
    ),
    "decimal comma": (
        b'slide_id,path,mpp\na,a.svs,"0,25"\n',
        "line 2, column mpp",
        "'0,25'",
        "a number from 0.05 to 20",
    ),
    "mpp too large": (
        b"slide_id,path,mpp\na,a.svs,250\n",
        "line 2, column mpp",
        "'250'",
        "a number from 0.05 to 20",
    ),
    "mpp not a number": (
        b"slide_id,path,mpp\na,a.svs,nan\n",
        "line 2, column mpp",
        "'nan'",
        "a number from 0.05 to 20",
    ),
    "plane": (
        b"slide_id,path,z_plane\na,a.svs,top\n",
        "line 2, column z_plane",
        "'top'",
        "whole number",
    ),
    "semicolons": (b"slide_id;path\na;a.svs\n", "line 1", "'slide_id;path'", "with commas"),
    "tabs": (b"slide_id\tpath\na\ta.svs\n", "line 1", r"'slide_id\tpath'", "with commas"),
    "byte-order mark": (
        b"\xef\xbb\xbfslide_id,path\na,a.svs\n",
        "line 1, column first",
        "byte-order mark U+FEFF",
        "without a byte-order mark",
    ),
    "latin-1": (
        b"slide_id,path,site\na,a.svs,K\xf6ln\n",
        "line 2",
        r"byte b'\xf6' is not UTF-8",
        "save it as UTF-8",
    ),
    "UTF-16": ("slide_id,path\n".encode("utf-16"), "line 1", r"byte b'\xff'", "save it as UTF-8"),
    "UTF-16 without mark": (
        "slide_id,path\n".encode("utf-16-le"),
        "line 1",
        "byte 0",
        "not UTF-16",
    ),
    "open quote": (
        b'slide_id,path\n"a,a.svs\n',
        "line 2",
        "unexpected end of data",
        "close the quotes",
    ),
    "empty sheet": (b"", "line 1", "empty sheet", "start with a header"),
    "only blank lines": (b"\n , \n", "line 1", "empty sheet", "start with a header"),
    "header only": (b"slide_id,path\n", "line 1", "no slides", "add one line per slide"),
}

#: what is wrong -> the user's file, key, where it stands, value, a part of the remedy
CONFIGURATIONS = {
    "unknown key": (
        "cohort: a.csv\ntagret_mpp: 0.5\n",
        "tagret_mpp",
        "line 2, column 1",
        "unknown key",
        "target_mpp, target_mpp_tolerance",
    ),
    "unknown key inside": (
        "thresholds:\n  slide:\n    pen_max: 0.2\n",
        "thresholds.slide.pen_max",
        "line 3, column 5",
        "unknown key",
        "known here: blurred_fraction_max",
    ),
    "out of range": (
        "thresholds:\n  slide: {pen_fraction_max: 1.5}\n",
        "thresholds.slide.pen_fraction_max",
        "line 2, column 11",
        "1.5",
        "a number from 0 to 1",
    ),
    "text for a number": (
        "target_mpp: fine\n",
        "target_mpp",
        "line 1, column 1",
        "'fine'",
        "a number from 0.05 to 20",
    ),
    "not a number": (
        "target_mpp: .nan\n",
        "target_mpp",
        "line 1, column 1",
        "'NaN'",
        "a number from 0.05 to 20",
    ),
    "one of a list": (
        "tiles: {container: tar}\n",
        "tiles.container",
        "line 1, column 9",
        "'tar'",
        "one of zip, directory, none",
    ),
    "odd size": (
        "tiles:\n  size_px: 511\n",
        "tiles.size_px",
        "line 2, column 3",
        "511",
        "a multiple of 2",
    ),
    "yes for true": (
        "mpp_from_objective: 'yes'\n",
        "mpp_from_objective",
        "line 1, column 1",
        "'yes'",
        "true or false",
    ),
    "number for a section": ("tiles: 5\n", "tiles", "line 1, column 1", "5", "must be a section"),
    "nothing for a section": ("focus:\n", "focus", "line 1, column 1", "None", "a section"),
    "number for a path": ("cohort: 3\n", "cohort", "line 1, column 1", "3", "must be text"),
    "date for a path": (
        "cohort: 2024-05-06\n",
        "cohort",
        "line 1, column 1",
        "['2024-05-06']",
        "must be text",
    ),
    "no path": ("cohort: ''\n", "cohort", "line 1, column 1", "''", "must be text, not empty"),
}


def read(path: Path) -> sheet.Sheet:
    return sheet.read_sheet(path, SCHEMAS / "cohort.schema.yaml", RESERVED)


def sheet_of(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "sheet.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("wrong", SHEETS)
def test_wrong_sheet_is_told_by_place_value_and_remedy(tmp_path: Path, wrong: str) -> None:
    content, place, value, remedy = SHEETS[wrong]
    path = sheet_of(tmp_path, content)
    with pytest.raises(UserError) as error:
        read(path)
    said = str(error.value)
    assert said.startswith(f"{path}, {place}: {value}"), said
    assert remedy in said
    assert "\n" not in said


def test_missing_sheet_names_its_path_and_the_key(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such cohort sheet: set `cohort`") as error:
        read(tmp_path / "nothing.csv")
    assert str(tmp_path / "nothing.csv") in str(error.value)


def test_folder_for_a_sheet_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="give the path of a readable CSV file"):
        read(tmp_path)


def test_cells_stay_text_and_other_columns_are_kept(tmp_path: Path) -> None:
    sheet = read(sheet_of(tmp_path, b"slide_id,batch,path\n001,1e5, x.svs \n1,TRUE,/data/y.svs\n"))
    assert list(sheet.rows) == ["001", "1"]
    assert sheet.columns == ("slide_id", "batch", "path")
    assert [row["batch"] for row in sheet.rows.values()] == ["1e5", "TRUE"]
    assert sheet.slide_path("001") == str(tmp_path / "x.svs")
    assert sheet.slide_path("1") == "/data/y.svs"


def test_older_name_of_path_and_one_path_under_two_ids(tmp_path: Path) -> None:
    sheet = read(sheet_of(tmp_path, b"slide_id,full_path,mpp\na,x.svs,\nTCGA-1.2,x.svs,0.25\n"))
    assert "path" in sheet.columns
    assert sheet.slide_path("a") == sheet.slide_path("TCGA-1.2") == str(tmp_path / "x.svs")
    assert (sheet.given_mpp("a"), sheet.given_mpp("TCGA-1.2")) == (None, 0.25)


@pytest.mark.parametrize(
    "content",
    [
        b"slide_id,path,site\r\na,x.svs,K\r\nb,y.svs,L\r\n",
        b'slide_id,path,site\n"a","x.svs","K"\n\nb,y.svs,L',
        "slide_id,path,site\na,x.svs,K\nb,y.svs,L\u2028\n".encode(),
    ],
    ids=["Windows lines", "quotes and blank lines", "odd line separator in a cell"],
)
def test_what_spreadsheets_write_is_read(tmp_path: Path, content: bytes) -> None:
    rows = read(sheet_of(tmp_path, content)).rows
    assert [(row["path"], row["site"]) for row in rows.values()] == [("x.svs", "K"), ("y.svs", "L")]


def test_quoted_commas_and_line_breaks_are_read(tmp_path: Path) -> None:
    path = sheet_of(tmp_path, b'slide_id,path,note\na,"x,1.svs","one\ntwo"\nb,y.svs,\n')
    rows = read(path).rows
    assert (rows["a"]["path"], rows["a"]["note"]) == ("x,1.svs", "one\ntwo")
    assert rows["b"]["path"] == "y.svs"


def check(text: str, path: Path, command_line: dict[str, Any]) -> None:
    """`config.check` of the shipped configuration with a user's file and command line."""
    path.write_text(text)
    merged = yaml.safe_load(SHIPPED.read_text())
    for layer in (yaml.safe_load(text) or {}, command_line):
        update_config(merged, layer)
    files = {"config/config.yaml": SHIPPED, str(path): path}
    config.check(merged, SCHEMAS / "config.schema.yaml", files, command_line)


@pytest.mark.parametrize("wrong", CONFIGURATIONS)
def test_wrong_key_is_told_by_place_value_and_remedy(tmp_path: Path, wrong: str) -> None:
    text, key, place, value, remedy = CONFIGURATIONS[wrong]
    path = tmp_path / "mine.yaml"
    with pytest.raises(UserError) as error:
        check(text, path, {})
    said = str(error.value)
    assert said.startswith(f"{path}, {place}: {key}: {value}: "), said
    assert remedy in said
    assert "\n" not in said


def test_command_line_is_named_where_it_wins(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        check("target_mpp: 0.4\n", tmp_path / "mine.yaml", {"target_mpp": "fast"})
    assert str(error.value).startswith("--config on the command line: target_mpp: 'fast': ")


def test_shipped_file_is_named_by_its_place_in_the_repository() -> None:
    broken = yaml.safe_load(SHIPPED.read_text())
    broken["tiles"]["size_px"] = -1
    with pytest.raises(UserError) as error:
        config.check(broken, SCHEMAS / "config.schema.yaml", {"config/config.yaml": SHIPPED}, {})
    lines = SHIPPED.read_text().splitlines()
    line = next(n for n, text in enumerate(lines, 1) if text.startswith("  size_px:"))
    place = f"config/config.yaml, line {line}, column 3: tiles.size_px: -1: "
    assert str(error.value).startswith(place)


def test_shipped_configuration_is_right(tmp_path: Path) -> None:
    check("", tmp_path / "mine.yaml", {})


@pytest.mark.parametrize(
    ("sheet", "configuration", "command_line", "message"),
    [
        ("slide_id,path\na,a\na,b\n", "", (), "cohort.csv, line 3, column slide_id: 'a': ids must"),
        ("slide_id,path\na,a\n", "\ntagret: 1\n", (), "mine.yaml, line 2, column 1: tagret: unk"),
        (
            "slide_id,path\na,a\n",
            "target_mpp: 0.4\n",
            ("target_mpp=fast",),
            "--config on the command line: target_mpp: 'fast': must be a number",
        ),
        (None, "", (), "cohort.csv: no such cohort sheet: set `cohort`"),
    ],
    ids=["sheet", "configuration", "command line", "no sheet"],
)
def test_run_stops_with_one_message(
    tmp_path: Path,
    sheet: str | None,
    configuration: str,
    command_line: tuple[str, ...],
    message: str,
) -> None:
    if sheet is not None:
        (tmp_path / "cohort.csv").write_text(sheet)
    if configuration:
        (tmp_path / "mine.yaml").write_text(configuration)
    said = snakemake(tmp_path, "-n", config=command_line)
    assert said.code != 0
    assert said.text.count(message) == 1, said.text
    assert "Traceback" not in said.text
    assert "Job stats" not in said.text


def test_other_columns_reach_the_table_of_verdicts(tmp_path: Path) -> None:
    notes = {"001": "x, y", "1": '<b>"ö"</b>'}
    write_sheet(tmp_path, [{"slide_id": i, "full_path": "no", "note": n} for i, n in notes.items()])
    run(tmp_path)
    rows = by_slide(tmp_path, "cohort_qc.csv")
    assert {slide_id: row["note"] for slide_id, row in rows.items()} == notes
    assert {row["qc_reasons"] for row in rows.values()} == {"file_missing"}
