"""The sheet as a whole: missing values, invisible characters, spellings, leakage, all at once."""

import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from grossing.cohort import sheet as sheets
from grossing.cohort import sheet_checks
from grossing.support import findings, interpreter
from grossing.support.errors import UserError
from snakemake.io import PeriodicityDetector

SCHEMA = Path(__file__).parents[2] / "workflow/schemas/cohort.schema.yaml"
HEADER = "slide_id,path,case_id,label,split"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes lines as a sheet."""

    def written(*lines: str, header: str = HEADER) -> Path:
        path = tmp_path / "cohort.csv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return written


def check(
    path: Path, *, leakage: sheet_checks.Leakage = "stop", focus_stack: bool = False
) -> tuple[sheets.Sheet, list[str]]:
    """The sheet and its warnings without the name of its file."""
    sheet, _, listed = sheet_checks.read(path, SCHEMA, (), focus_stack=focus_stack, leakage=leakage)
    return sheet, [str(finding).removeprefix(f"{path}, ") for finding in listed]


def errors(path: Path, **options: object) -> list[str]:
    """Lines of the message with which a sheet is refused, without the name of its file."""
    with pytest.raises(UserError) as error:
        check(path, **options)  # type: ignore[arg-type]
    return str(error.value).replace(f"{path}, ", "").splitlines()


# Missing values


@pytest.mark.parametrize("mark", ["NA", "N/A", "n/a", "NaN", "NULL", "None", "-", "#N/A", "#REF!"])
def test_marks_of_missing_values_are_no_value(write: Callable[..., Path], mark: str) -> None:
    path = write(f"a,a.svs,{mark},{mark},{mark},{mark},{mark}", header=f"{HEADER},mpp,note")
    sheet, lines = check(path)
    row = {"slide_id": "a", "path": "a.svs", "case_id": "", "label": "", "split": "", "mpp": ""}
    assert sheet.rows["a"] == row | {"note": mark}
    assert sheet.given_mpp("a") is None
    assert [line.split(":")[0] for line in lines] == [
        f"line 2, column {name}" for name in ("case_id", "label", "split", "mpp")
    ]


def test_many_missing_values_are_one_warning_per_column(write: Callable[..., Path]) -> None:
    marks = ["NA", "n/a", "tumor", "NA"]
    _, lines = check(write(*(f"s{i},{i}.svs,,{mark}," for i, mark in enumerate(marks))))
    remedy = "read as missing; leave such values empty"
    assert lines == [f"line 2, column label: 'NA', 'n/a' in 3 rows: {remedy}"]


def test_a_slide_needs_an_id_and_a_path(write: Callable[..., Path]) -> None:
    assert errors(write("NA,a.svs,,,", "b,nan,,,")) == [
        "line 2, column slide_id: 'NA': fill in `slide_id`",
        "line 3, column path: 'nan': fill in `path`",
    ]


def test_two_missing_splits_and_cases_are_no_leak(write: Callable[..., Path]) -> None:
    sheet, _ = check(write("a,x.svs,NA,tumor,train", "b,x.svs,n/a,tumor,-", "c,c.svs,NA,,test"))
    assert [row["split"] for row in sheet.rows.values()] == ["train", "", "test"]


# Invisible characters


@pytest.mark.parametrize(
    ("spoilt", "name"),
    [
        ("tr\u200bain", "U+200B ZERO WIDTH SPACE"),
        ("train\ufeff", "U+FEFF ZERO WIDTH NO-BREAK SPACE"),
        ("\xa0train", "U+00A0 NO-BREAK SPACE"),
        ("\u202etrain", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("tra\x07in", "U+0007 control character"),
    ],
)
def test_invisible_characters_are_left_out_with_a_warning(
    write: Callable[..., Path], spoilt: str, name: str
) -> None:
    sheet, lines = check(write("a,a.svs,,,train", f"b,b.svs,,,{spoilt}"))
    assert [row["split"] for row in sheet.rows.values()] == ["train", "train"]
    remedy = "invisible characters are left out; delete them in the sheet"
    assert lines == [f"line 3, column split: {spoilt!a} ({name}): {remedy}"]


def test_visible_letters_of_any_script_stay(write: Callable[..., Path]) -> None:
    labels = ["Köln", "腫瘍", "опухоль", "β-cell"]
    sheet, lines = check(write(*(f"s{i},{i}.svs,,{label}," for i, label in enumerate(labels))))
    assert [row["label"] for row in sheet.rows.values()] == labels
    assert lines == []


def test_invisible_characters_of_ids_and_columns(write: Callable[..., Path]) -> None:
    assert errors(write("a\u200b,a.svs,,,"))[0].startswith(r"line 2, column slide_id: 'a\u200b': ")
    sheet, lines = check(write("a,a.svs,train", header="slide_id,path,\u200bsplit"))
    assert sheet.value("a", "split") == "train"
    assert "U+200B ZERO WIDTH SPACE" in lines[0]


def test_invisible_characters_of_a_path_belong_to_it(write: Callable[..., Path]) -> None:
    sheet, lines = check(write("a,a\u202f1.svs,,,"))
    assert sheet.rows["a"]["path"] == "a\u202f1.svs"
    assert len(lines) == 1
    assert "U+202F" in lines[0]


def test_jobs_read_the_rows_that_were_checked(write: Callable[..., Path]) -> None:
    path = write("a,a.svs,NA,tu\u200bmor, train ", "b,b.svs,\xa0P1,-,test")
    assert sheets.read_sheet(path).rows == check(path)[0].rows


def test_a_column_that_is_almost_one_of_ours_is_named(write: Callable[..., Path]) -> None:
    _, lines = check(write("a,a.svs,P1,HE", header="slide_id,path,Case ID,Stain"))
    assert [line.split(":")[0] for line in lines] == [
        "line 1, column Case ID",
        "line 1, column Stain",
    ]
    assert "rename it if you mean `case_id`" in lines[0]


# Numbers and ids


@pytest.mark.parametrize(
    "number",
    ["1_0", "\u0660.\u0665", "\uff10.\uff15", "0,5", "0x1", "inf", "0.5 um", "1e400"],
)
def test_numbers_are_plain_digits(write: Callable[..., Path], number: str) -> None:
    lines = errors(write(f'a,a.svs,"{number}"', header="slide_id,path,mpp"))
    assert lines[0].startswith(f"line 2, column mpp: {number!a}: give um per pixel")


@pytest.mark.parametrize("number", ["0.25", ".25", "+0.25", "2.5e-1", "1."])
def test_the_usual_forms_of_numbers_are_read(write: Callable[..., Path], number: str) -> None:
    sheet, _ = check(write(f"a,a.svs,{number}", header="slide_id,path,mpp"))
    assert sheet.given_mpp("a") == float(number)


def test_ids_that_snakemake_takes_for_a_loop_are_refused(write: Callable[..., Path]) -> None:
    random.seed(4)
    units = ["0", "ab", "a-1", "x.y_", "0123456789", *random.choices("ab01-._", k=20)]
    ids = {f"s-{unit * count}"[:200] for unit in units for count in (2, 18, 19, 20, 21, 25)}
    endless = {i for i in ids if PeriodicityDetector().is_periodic(i) is not None}
    assert 0 < len(endless) < len(ids)
    sheet = sheets.load(write(*(f"{i},x.svs,,," for i in sorted(ids))), SCHEMA)
    refused = {f.value.strip("'") for f in sheet.findings if "Snakemake takes" in f.remedy}
    assert refused == endless


def test_ids_that_differ_only_in_case_are_a_warning(write: Callable[..., Path]) -> None:
    _, lines = check(write("a,a.svs,,,", "b,b.svs,,,", "A,c.svs,,,"))
    assert [line.rpartition(":")[0] for line in lines] == [
        "line 4, column slide_id: 'a' (line 2), 'A' (line 4)"
    ]


# Spellings


@pytest.mark.parametrize("column", ["case_id", "label", "stain", "site", "scanner"])
def test_spellings_of_a_value_are_a_warning(write: Callable[..., Path], column: str) -> None:
    values = ["Lung Tumor", "x", "lung  tumor", "lungtumor", "Lung Tumor"]
    rows = (f"s{number},{number}.svs,{value}" for number, value in enumerate(values))
    _, lines = check(write(*rows, header=f"slide_id,path,{column}"))
    places = "'Lung Tumor' (line 2), 'lung  tumor' (line 4), 'lungtumor' (line 5)"
    assert [line.rpartition(":")[0] for line in lines if "differ" in line] == [
        f"line 4, column {column}: {places} differ only in case or blanks"
    ]


def test_an_unknown_stain_is_a_warning_that_lists_the_known_ones(
    write: Callable[..., Path],
) -> None:
    stains = ["h&e", "NA", "Ki-67", "dapi", "reagent 7", "reagent 7"]
    rows = (f"s{number},{number}.svs,{stain}" for number, stain in enumerate(stains))
    _, lines = check(write(*rows, header="slide_id,path,stain"))
    unknown = [line for line in lines if "'reagent 7'" in line]
    assert len(unknown) == 1
    assert unknown[0].startswith("line 6, column stain: 'reagent 7'")
    assert all(word in unknown[0] for word in ("H&E", "IHC", "PAS", "DAPI", "fluorescence"))
    assert not [line for line in lines if "Ki-67" in line or "dapi" in line]


def test_two_spellings_of_a_split_are_an_error(write: Callable[..., Path]) -> None:
    lines = errors(write("a,a.svs,,,train", "b,b.svs,,,Train"))
    assert len(lines) == 1
    assert lines[0].startswith("line 3, column split: 'train' (line 2), 'Train' (line 3) differ")


def test_a_split_beside_its_usual_name_is_a_warning(write: Callable[..., Path]) -> None:
    names = ["train", "training", "val", "validation", "test", "tset", "test2", "fold1"]
    _, lines = check(write(*(f"s{i},{i}.svs,,,{name}" for i, name in enumerate(names))))
    assert [line.split(": ")[1] for line in lines] == [
        "'train' (line 2), 'training' (line 3)",
        "'val' (line 4), 'validation' (line 5)",
        "'test' (line 6), 'tset' (line 7)",
    ]
    assert check(write("a,a.svs,,,training", "b,b.svs,,,validation"))[1] == []


# Leakage


def test_a_case_in_two_splits_stops_or_is_reported(write: Callable[..., Path]) -> None:
    path = write("a,a.svs,P1,,train", "b,b.svs,P2,,test", "c,c.svs,P1,,test", "d,d.svs,P1,,")
    lines = errors(path)
    message = "line 4, column split: case 'P1' is in 'train' (line 2), 'test' (line 4): leakage"
    assert len(lines) == 1
    assert lines[0].startswith(message)
    assert "`leakage: report`" in lines[0]
    warned = check(path, leakage="report")[1]
    assert len(warned) == 1
    assert warned[0].startswith(message)


def test_a_case_is_followed_through_its_stacks(write: Callable[..., Path]) -> None:
    """The case of a stack stands in one of its rows, the split in another."""
    header = f"{HEADER},z_stack,z_plane"
    path = write(
        "a,a.svs,P1,,train,,",
        "p,p.svs,P1,,,heap,1",
        "q,q.svs,,,test,heap,2",
        header=header,
    )
    assert errors(path, focus_stack=True)[0].startswith("line 3, column split: case 'P1' is in ")
    assert check(path)[1] == []


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ("P1,tumor,test", "split 'train' (line 2), 'test' (line 3)"),
        ("P1,normal,train", "label 'tumor' (line 2), 'normal' (line 3)"),
        ("P2,tumor,train", "case_id 'P1' (line 2), 'P2' (line 3)"),
    ],
)
def test_one_file_under_two_ids_has_one_meaning(
    write: Callable[..., Path], tmp_path: Path, other: str, difference: str
) -> None:
    (tmp_path / "slides").mkdir()
    (tmp_path / "slides/x.svs").touch()
    (tmp_path / "link").symlink_to("slides")
    (tmp_path / "y.svs").symlink_to("slides/x.svs")
    for path in ("slides/x.svs", "./link/../slides/x.svs", "link/x.svs", "y.svs"):
        sheet = write("a,slides/x.svs,P1,tumor,train", f"b,{path},{other}")
        words = (
            f"line 3, column path: {path!r} is the same file as 'a' on line 2, with {difference}:"
        )
        assert any(line.startswith(words) for line in errors(sheet)), path
        assert any(line.startswith(words) for line in check(sheet, leakage="report")[1])


def test_one_file_under_two_ids_that_agree_is_right(write: Callable[..., Path]) -> None:
    _, lines = check(write("a,x.svs,P1,tumor,train", "b,x.svs,P1,tumor,train", "c,x.svs,,,"))
    assert lines == []


def test_copies_of_a_file_are_found_by_their_content(write: Callable[..., Path]) -> None:
    sheet, _ = check(
        write("a,a.svs,P1,,train", "b,b.svs,P2,,test", "c,c.svs,P3,,test", "d,a.svs,P1,,train")
    )
    hashes = {"a": "11", "b": "11", "c": "33", "d": "11", "gone": "33"}
    copies = sheet_checks.contents(sheet, hashes, "stop")
    assert [(f.line, f.column, f.severity) for f in copies] == [(3, "path", "error")]
    assert copies[0].value == (
        "'b.svs' is the same content as 'a' on line 2, with split 'train' (line 2), 'test' "
        "(line 3), case_id 'P1' (line 2), 'P2' (line 3)"
    )
    assert [f.severity for f in sheet_checks.contents(sheet, hashes, "report")] == ["warning"]
    assert sheet_checks.contents(sheet, {"a": "11", "d": "11", "c": "33"}, "stop") == []


# All at once


def test_all_findings_are_listed_errors_first(write: Callable[..., Path]) -> None:
    path = write(
        "a,a.svs,P1,tumor,train,0.25,heap,1",
        "a b,b.svs,P1,Tumor,test,0.25,,",
        "c,c.svs,NA,,train,fast,,",
        "d,d.svs",
        "a,e.svs,,,,,,",
        header=f"{HEADER},mpp,z_stack,z_plane",
    )
    lines = errors(path, focus_stack=True)
    beginnings = [
        "line 3, column slide_id: 'a b': use letters",
        "line 4, column mpp: 'fast': give um per pixel",
        "line 5: 2 values for 8 columns: quote values",
        "line 6, column slide_id: 'a', which line 2 has already",
        "line 2, column z_stack: one plane: a stack needs at least two planes",
        "line 3, column split: case 'P1' is in 'train' (line 2), 'test' (line 3)",
        "warning: line 4, column case_id: 'NA': read as missing",
        "warning: line 3, column label: 'tumor' (line 2), 'Tumor' (line 3)",
    ]
    assert len(lines) == len(beginnings), lines
    for line, beginning in zip(lines, beginnings, strict=True):
        assert line.startswith(beginning), line


def test_many_faults_of_a_kind_are_counted(write: Callable[..., Path]) -> None:
    lines = errors(write(*(f"s{i},{i}.svs,,,,fast" for i in range(500)), header=f"{HEADER},mpp"))
    assert len(lines) == findings.OF_A_KIND_MAX + 1
    assert "column mpp: 490 more of this kind: give um per pixel" in lines[-1]


# The Python that Snakemake runs scripts with


@pytest.mark.parametrize("character", list(" \t\n'\"\\$`&|;()<>*?[{~#!%+,=@^]}:é-_."))
def test_a_path_is_refused_where_a_shell_changes_it(tmp_path: Path, character: str) -> None:
    name = "{a,b}" if character == "{" else f"my{character}venv"
    python = tmp_path / name / "python"
    python.parent.mkdir()
    python.symlink_to("/bin/true")
    script = tmp_path / "a script"
    shell = subprocess.run(
        ["bash", "-c", f"{python} '{script}'"], capture_output=True, check=False, cwd=tmp_path
    )
    works = shell.returncode == 0
    refused = interpreter.refusal(os.fspath(python)) is not None
    assert refused or works
    assert not refused or not works or character in "*?["  # a pattern may match another path
