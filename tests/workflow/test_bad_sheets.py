"""A wrong cohort sheet: file, line, value and what to do."""

import subprocess
from pathlib import Path

import pytest
from grossing.cohort import sheet
from grossing.columns import cohort_qc, tile_metrics
from grossing.support import findings
from running import REPOSITORY

SCHEMAS = REPOSITORY / "workflow/schemas"
RESERVED = {*cohort_qc.SCHEMA.names, *dict(tile_metrics.COLUMNS)}

#: what is wrong -> the sheet, where it says so, the value, a part of the remedy
SHEETS = {
    "missing column": (
        b"slide_id,file\na,a.svs\n",
        "line 1, column path",
        "missing column",
        "add a column `path`; the sheet has slide_id, file",
    ),
    "other case": (
        b"Slide_ID,path\na,a.svs\n",
        "line 1, column slide_id",
        "missing column",
        "the sheet has Slide_ID, path",
    ),
    "duplicate id": (
        b"slide_id,path\na,a.svs\n\nb,b.svs\na,c.svs\n",
        "line 5, column slide_id",
        "'a', which line 2 has already",
        "give each slide its own id",
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
    "empty id": (b"slide_id,path\n,a.svs\n", "line 2, column slide_id", "''", "fill in"),
    "empty path": (b"slide_id,path\na, \n", "line 2, column path", "''", "fill in `path`"),
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
        "2 values for 3 columns",
        "give each row one value per column",
    ),
    "too many cells": (
        b"slide_id,path\na,a,1.svs\n",
        "line 2",
        "3 values for 2 columns",
        "quote values that hold a comma",
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
        b"slide_id,path,mpp\na,a.svs,fine\n",
        "line 2, column mpp",
        "'fine'",
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
    "semicolons after a byte-order mark": (
        b"\xef\xbb\xbfslide_id;path\na;a.svs\n",
        "line 1",
        "'slide_id;path'",
        "with commas",
    ),
    "Windows-1252": (
        b"slide_id,path,site\na,a.svs,K\xf6ln\n",
        "line 2",
        r"byte b'\xf6' is not UTF-8",
        "save it as UTF-8 (in Excel: Save As, `CSV UTF-8`",
    ),
    "UTF-16": ("slide_id,path\n".encode("utf-16"), "line 1", r"byte b'\xff'", "save it as UTF-8"),
    "UTF-16 without mark": (
        "slide_id,path\n".encode("utf-16-le"),
        "line 1",
        "byte 0",
        "save it as UTF-8",
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
    with pytest.raises(findings.UserError) as error:
        read(path)
    said = str(error.value)
    assert said.startswith(f"{path}, {place}: {value}"), said
    assert remedy in said
    assert "\n" not in said


def test_missing_sheet_names_its_path_and_the_key(tmp_path: Path) -> None:
    with pytest.raises(findings.UserError, match="no such cohort sheet: set `cohort`") as error:
        read(tmp_path / "nothing.csv")
    assert str(tmp_path / "nothing.csv") in str(error.value)


def test_folder_for_a_sheet_is_told(tmp_path: Path) -> None:
    with pytest.raises(findings.UserError, match="give the path of a readable CSV file"):
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
        b"\xef\xbb\xbfslide_id,path,site\r\na,x.svs,K\r\nb,y.svs,L\r\n",
    ],
    ids=["Windows lines", "quotes and blank lines", "odd line separator", "CSV UTF-8 of Excel"],
)
def test_what_spreadsheets_write_is_read(tmp_path: Path, content: bytes) -> None:
    rows = read(sheet_of(tmp_path, content)).rows
    assert [(row["path"], row["site"]) for row in rows.values()] == [("x.svs", "K"), ("y.svs", "L")]


def test_quoted_commas_and_line_breaks_are_read(tmp_path: Path) -> None:
    path = sheet_of(tmp_path, b'slide_id,path,note\na,"x,1.svs","one\ntwo"\nb,y.svs,\n')
    rows = read(path).rows
    assert (rows["a"]["path"], rows["a"]["note"]) == ("x,1.svs", "one\ntwo")
    assert rows["b"]["path"] == "y.svs"


def test_remedy_for_windows_1252_works(tmp_path: Path) -> None:
    old = sheet_of(tmp_path, "slide_id,path,site\na,a.svs,K\u00f6ln \u20ac\n".encode("cp1252"))
    with pytest.raises(findings.UserError) as error:
        read(old)
    command = str(error.value).split("`")[-2]
    assert command.startswith("iconv ")
    command = command.replace("OLD.csv", old.name).replace("NEW.csv", "new.csv")
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    assert read(tmp_path / "new.csv").value("a", "site") == "K\u00f6ln \u20ac"
