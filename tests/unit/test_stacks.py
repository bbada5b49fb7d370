"""Planes in the cohort sheet become one row per stack; contradictions stop with their place."""

import re
from pathlib import Path

import jsonschema
import make_stack
import numpy as np
import pytest
import yaml
from grossing.cohort import sheet, stacks
from grossing.support import findings

SCHEMA = Path(__file__).parents[2] / "workflow/schemas/cohort.schema.yaml"
HEADER = "slide_id,path,site,label,mpp,z_stack,z_plane"


def fold(folder, *lines, enabled=True, header=HEADER):
    (folder / "cohort.csv").write_text("\n".join([header, *lines]) + "\n")
    return stacks.fold(sheet.read_sheet(folder / "cohort.csv", SCHEMA), enabled)


def test_planes_become_one_row_in_the_place_of_the_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sheet, found = fold(
        tmp_path,
        "one,one.svs,x,,,,",
        "b,b.svs,west,,0.25,heap,10",
        "two,two.svs,y,,,,",
        "a,a.svs,east,tumor,,heap,-1",
        "c,c.svs,,tumor,0.25,heap,2",
    )
    assert list(sheet.rows) == ["one", "heap", "two"]
    heap = sheet.rows["heap"]
    assert (heap["site"], heap["label"], heap["mpp"]) == ("west", "tumor", "0.25")
    assert (heap["z_stack"], heap["z_plane"]) == ("heap", "")
    assert heap.keys() == sheet.rows["one"].keys()
    assert found["heap"].planes == ("-1", "2", "10")
    assert [Path(p).name for p in found["heap"].paths] == ["a.svs", "c.svs", "b.svs"]
    assert Path(sheet.slide_path("heap")).resolve() == tmp_path / "results/fused/heap.tif"


def test_the_fused_slide_is_found_wherever_the_sheet_lies(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lists/today").mkdir(parents=True)
    planes = ("a,a.svs,,,,heap,1", "b,b.svs,,,,heap,2")
    sheet, found = fold(tmp_path / "lists/today", *planes)
    assert Path(sheet.slide_path("heap")).resolve() == tmp_path / "results/fused/heap.tif"
    assert found["heap"].paths[0] == str(tmp_path / "lists/today/a.svs")


def test_switched_off_every_row_stays(tmp_path):
    lines = ("a,a.svs,,x,,no good name!,1", "b,b.svs,,y,,no good name!,1")
    sheet, found = fold(tmp_path, *lines, enabled=False)
    assert list(sheet.rows) == ["a", "b"]
    assert found == {}
    plain, found = fold(tmp_path, "a,a.svs", header="slide_id,path")
    assert list(plain.rows) == ["a"]
    assert found == {}


#: what is wrong -> rows of the sheet, where it says so, a part of value and remedy
WRONG = {
    "label": (
        ["a,a,,x,,heap,1", "b,b,,y,,heap,2"],
        "line 3, column label: 'y': planes of one stack must agree, and line 2 has 'x'",
    ),
    "mpp": (["a,a,,,,heap,1", "b,b,,,0.5,heap,2", "c,c,,,0.25,heap,3"], "line 4, column mpp"),
    "id of another slide": (
        ["heap,h,,,,,", "a,a,,,,heap,1", "b,b,,,,heap,2"],
        "line 3, column z_stack: 'heap': line 2 has a slide of that name",
    ),
    "plane twice": (
        ["a,a,,,,heap,1", "b,b,,,,heap,01"],
        "line 3, column z_plane: '01': line 2 has the same plane of the stack",
    ),
    "no plane": (
        ["a,a,,,,heap,1", "b,b,,,,heap,"],
        "line 3, column z_plane: '': give every plane of the stack its number",
    ),
    "endless number": (
        ["a,a,,,,heap,1", f"b,b,,,,heap,{10**19}"],
        f"line 3, column z_plane: '{10**19}': give a whole number of at most nine digits",
    ),
    "lone plane": (
        ["a,a,,,,heap,1"],
        "line 2, column z_stack: one plane: a stack needs at least two",
    ),
    "bad characters": (
        ["a,a,,,,my heap,1", "b,b,,,,my heap,2"],
        "line 2, column z_stack: 'my heap': it names the fused slide: use letters",
    ),
    "starts with a dot": (["a,a,,,,.heap,1", "b,b,,,,.heap,2"], "line 2, column z_stack: '.heap'"),
}


@pytest.mark.parametrize("what", WRONG)
def test_contradictions_stop_with_their_place(tmp_path, what):
    lines, message = WRONG[what]
    with pytest.raises(findings.UserError, match=re.escape(f"cohort.csv, {message}")):
        fold(tmp_path, *lines)


def test_all_contradictions_are_listed_at_once(tmp_path):
    with pytest.raises(findings.UserError) as error:
        fold(tmp_path, "a,a,,x,,heap,1", "b,b,,y,,heap,1", "c,c,,,,other,2")
    places = ["line 3, column z_plane", "line 3, column label", "line 4, column z_stack"]
    for line, place in zip(str(error.value).splitlines(), places, strict=True):
        assert f"cohort.csv, {place}: " in line


def test_one_tiff_may_hold_all_planes(tmp_path):
    pages = [np.full((40, 60, 3), value, np.uint8) for value in (10, 20, 30)]
    make_stack.write_pages(pages, tmp_path / "pages.tif")
    _, found = fold(tmp_path, "a,pages.tif,,,,a,")
    assert found["a"] == stacks.Stack((str(tmp_path / "pages.tif"),), ())


def test_no_file_is_opened_to_read_the_sheet(tmp_path):
    """What is wrong with a file is told by the job that reads it."""
    (tmp_path / "text.tif").write_text("This is no TIFF.\n")
    for path in ("text.tif", "gone.tif"):
        assert fold(tmp_path, f"a,{path},,,,heap,")[1]["heap"].planes == ()


def test_a_stack_is_named_as_a_slide_is():
    rule = jsonschema.Draft202012Validator(
        yaml.safe_load(SCHEMA.read_text())["properties"]["slide_id"]
    )
    long = "0123456789a" * 18
    endless = ["s" + "0" * 20, "0ab" * 20, "-" * 200]
    for name in ("a.b-c_1", "-a", ".a", "a b", "a/b", "ä", "", long, long + "abc", *endless):
        assert rule.is_valid(name) is bool(stacks._STACK_ID.fullmatch(name)), name
    assert not any(map(rule.is_valid, endless))
