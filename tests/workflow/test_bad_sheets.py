"""A wrong sheet or configuration stops before any job: file, place, value and what to do."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from grossing.cohort import config, sheet
from grossing.columns import cohort_qc, tile_metrics
from grossing.support import findings
from running import REPOSITORY, by_slide, plan, run, snakemake, write_sheet
from snakemake.utils import update_config

SCHEMAS = REPOSITORY / "workflow/schemas"
SHIPPED = REPOSITORY / "config/config.yaml"
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
        "known here: absent_fraction_max, blurred_fraction_max",
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
    "key twice": (
        "target_mpp: 0.5\nthresholds: {slide: {}}\nthresholds: {tile: {}}\n",
        "thresholds",
        "line 3, column 1",
        "duplicate key, also on line 2",
        "keep one",
    ),
    "key twice in a line": (
        "tiles: {size_px: 256, quality: 80, size_px: 512}\n",
        "tiles.size_px",
        "line 1, column 36",
        "duplicate key, also on line 1",
        "keep one",
    ),
    "key twice in JSON with tabs": (
        '{\n\t"target_mpp": 1,\n\t"target_mpp": 0.5\n}\n',
        "target_mpp",
        "line 3, column 2",
        "duplicate key, also on line 2",
        "keep one",
    ),
    "underscore in a number": (
        "tiles:\n  size_px: 5_12\n",
        "tiles.size_px",
        "line 2, column 12",
        "5_12",
        "YAML reads 512",
    ),
    "octal number": (
        "tiles: {quality: 0100}\n",
        "tiles.quality",
        "line 1, column 18",
        "0100",
        "YAML reads 64",
    ),
    "leakage": (
        "leakage: allow\n",
        "leakage",
        "line 1, column 1",
        "'allow'",
        "one of stop, report",
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


def check(text: str, path: Path, command_line: dict[str, Any]) -> None:
    """`config.check` of the shipped configuration with a user's file and command line."""
    path.write_text(text)
    merged = yaml.safe_load(SHIPPED.read_text())
    for layer in (yaml.safe_load(text.replace("\t", " ")) or {}, command_line):
        update_config(merged, layer)
    files = {"config/config.yaml": SHIPPED, str(path): path}
    config.check(merged, SCHEMAS / "config.schema.yaml", files, command_line)


@pytest.mark.parametrize("wrong", CONFIGURATIONS)
def test_wrong_key_is_told_by_place_value_and_remedy(tmp_path: Path, wrong: str) -> None:
    text, key, place, value, remedy = CONFIGURATIONS[wrong]
    path = tmp_path / "mine.yaml"
    with pytest.raises(findings.UserError) as error:
        check(text, path, {})
    said = str(error.value)
    assert said.startswith(f"{path}, {place}: {key}: {value}: "), said
    assert remedy in said
    assert "\n" not in said


def test_remedy_for_windows_1252_works(tmp_path: Path) -> None:
    old = sheet_of(tmp_path, "slide_id,path,site\na,a.svs,K\u00f6ln \u20ac\n".encode("cp1252"))
    with pytest.raises(findings.UserError) as error:
        read(old)
    command = str(error.value).split("`")[-2]
    assert command.startswith("iconv ")
    command = command.replace("OLD.csv", old.name).replace("NEW.csv", "new.csv")
    subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)
    assert read(tmp_path / "new.csv").value("a", "site") == "K\u00f6ln \u20ac"


def test_all_wrong_keys_are_listed_at_once(tmp_path: Path) -> None:
    text = "tagret_mpp: 1\nmpp: 2\ntiles: {container: tar, size: 5}\ntarget_mpp: 90\n"
    with pytest.raises(findings.UserError) as error:
        check(text, tmp_path / "mine.yaml", {"part": "0/1"})
    said = str(error.value).replace(f"{tmp_path}/", "").splitlines()
    assert sorted(line.split(": ")[1] for line in said) == [
        *("mpp", "part", "tagret_mpp", "target_mpp", "tiles.container", "tiles.size")
    ]


def test_command_line_is_named_where_it_wins(tmp_path: Path) -> None:
    with pytest.raises(findings.UserError) as error:
        check("target_mpp: 0.4\n", tmp_path / "mine.yaml", {"target_mpp": "fast"})
    assert str(error.value).startswith("--config on the command line: target_mpp: 'fast': ")


def test_shipped_file_is_named_by_its_place_in_the_repository() -> None:
    broken = yaml.safe_load(SHIPPED.read_text())
    broken["tiles"]["size_px"] = -1
    with pytest.raises(findings.UserError) as error:
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
        ("slide_id,path\na,a\na,b\n", "", (), "cohort.csv, line 3, column slide_id: 'a', which"),
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


def test_leakage_stops_the_run_or_is_reported(tmp_path: Path) -> None:
    rows = ["a,x.svs,P1,train", "b,y.svs,P1,test", "c,x.svs,P3,train"]
    (tmp_path / "cohort.csv").write_text("slide_id,path,case_id,split\n" + "\n".join(rows) + "\n")
    messages = (
        "cohort.csv, line 3, column split: case 'P1' is in 'train' (line 2), 'test' (line 3)",
        "cohort.csv, line 4, column path: 'x.svs' is the same file as 'a' on line 2",
    )
    stopped = snakemake(tmp_path, "-n")
    assert stopped.code != 0
    assert [stopped.text.count(message) for message in messages] == [1, 1], stopped.text
    reported = plan(tmp_path, config=("leakage=report",))
    assert [reported.text.count(f"warning: {message}") for message in messages] == [1, 1]
    assert reported.jobs["measure_slide"] == 3


def test_copies_are_found_once_they_are_measured(tmp_path: Path, slides: Path) -> None:
    for name in ("one.svs", "two.svs"):
        shutil.copyfile(slides / "small.svs", tmp_path / name)
    (tmp_path / "three.svs").touch()
    (tmp_path / "four.svs").touch()
    names = ("one", "two", "three", "four")
    write_sheet(tmp_path, [{"slide_id": n, "path": f"{n}.svs", "split": ""} for n in names])
    run(tmp_path, "qc")
    splits = zip(names, ("train", "test") * 2, strict=True)
    write_sheet(tmp_path, [{"slide_id": n, "path": f"{n}.svs", "split": s} for n, s in splits])
    stopped = snakemake(tmp_path, "-n")
    message = "cohort.csv, line 3, column path: 'two.svs' is the same content as 'one' on line 2"
    assert stopped.code != 0
    assert stopped.text.count(message) == 1, stopped.text
    assert "three" not in stopped.text
    shutil.copyfile(slides / "medium.svs", tmp_path / "two.svs")
    assert plan(tmp_path, "qc").measured == {"two"}


def test_python_in_a_path_with_a_space_is_refused(tmp_path: Path) -> None:
    (tmp_path / "my venv").symlink_to(sys.prefix)
    (tmp_path / "cohort.csv").write_text("slide_id,path\na,a\n")
    python = tmp_path / "my venv/bin/python"
    command = [python, *("-m", "snakemake", "-n", "--directory", tmp_path)]
    command += ["--config", "cohort=sheet.csv"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert f"{python}: the path of this Python holds a space" in said
    assert "Job stats" not in said


def test_setup_in_a_path_with_a_space_is_refused(tmp_path: Path) -> None:
    clone = tmp_path / "my clone"
    (clone / "scripts").mkdir(parents=True)
    for name in ("Makefile", "requirements.lock", "scripts/grossing"):
        (clone / name).symlink_to(REPOSITORY / name)
    command = ["make", "setup", f"PYTHON={sys.executable}"]
    done = subprocess.run(command, cwd=clone, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert f"{clone}/.venv/bin/python: the path of this Python holds a space" in done.stderr
    assert not (clone / ".venv").exists()


def test_other_columns_reach_the_table_of_verdicts(tmp_path: Path) -> None:
    notes = {"001": "x, y", "1": '<b>"ö"</b>'}
    write_sheet(tmp_path, [{"slide_id": i, "full_path": "no", "note": n} for i, n in notes.items()])
    run(tmp_path)
    rows = by_slide(tmp_path, "cohort_qc.csv")
    assert {slide_id: row["note"] for slide_id, row in rows.items()} == notes
    assert {row["qc_reasons"] for row in rows.values()} == {"file_missing"}
