"""Paths of a sheet that name no file are reported together, each kind with its remedy."""

import os
from pathlib import Path

import pytest
from grossing.cohort import sheet_paths, stacks
from grossing.cohort.sheet import Sheet, read_sheet


def sheet(folder: Path, paths: dict[str, str], extra: str = "") -> Sheet:
    rows = "".join(f"{slide_id},{path}\n" for slide_id, path in paths.items())
    (folder / "cohort.csv").write_text(f"slide_id,path{extra}\n{rows}")
    return read_sheet(folder / "cohort.csv")


def lines(warning: str | None) -> list[str]:
    return (warning or "").splitlines()


@pytest.mark.parametrize(
    ("path", "what", "remedy"),
    [
        ("secret/a.svs", "does not exist", "relative to the sheet"),
        ("~/a.svs", "starts with ~", "in full"),
        ("$HOME/a.svs", "environment variable", "in full"),
        ("${DATA}/a.svs", "environment variable", "in full"),
        ("http://host/a.svs", "is a URL", "download"),
        ("s3://bucket/a.svs", "is a URL", "download"),
        ("file:///data/a.svs", "is a URL", "download"),
        ("slides/*.svs", "is a pattern", "a row"),
        ("slides/a[12].svs", "is a pattern", "a row"),
        (r"C:\slides\a.svs", "of Windows", "on this machine"),
        (".", "is a folder", "DICOM"),
        ("pipe", "FIFO", "a file"),
        ("/dev/zero", "FIFO, a device", "a file"),
    ],
)
def test_each_kind_has_its_remedy(tmp_path: Path, path: str, what: str, remedy: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "b.svs").touch()
    warning = sheet_paths.warning(
        sheet(tmp_path, {"a": path, "b": "b.svs"}), {}, lambda slide_id: False
    )
    head, kind, advice = lines(warning)
    assert "1 of 2 slides" in head
    assert what in kind and "a (line 2: " in kind
    assert remedy in advice
    assert "secret" not in kind


def test_files_with_odd_names_are_files(tmp_path: Path) -> None:
    paths = {"a": "~a.svs", "b": "$b.svs", "c": "c[1]*.svs"}
    for path in paths.values():
        (tmp_path / path).touch()
    assert sheet_paths.warning(sheet(tmp_path, paths), {}, lambda slide_id: False) is None


def test_many_are_counted_and_the_first_few_are_named(tmp_path: Path) -> None:
    paths = {f"s{number}": f"{number}.svs" for number in range(300)}
    head, kind, _ = lines(sheet_paths.warning(sheet(tmp_path, paths), {}, lambda slide_id: False))
    assert "300 of 300 slides" in head
    assert "s0 (line 2: '0.svs')" in kind and "s4" in kind and "s5 " not in kind
    assert kind.endswith(", ...")


def test_archived_slides_are_left_out_unless_a_folder_took_their_place(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    table = sheet(tmp_path, {"gone": "gone.svs", "replaced": "folder"})
    head, kind, _ = lines(sheet_paths.warning(table, {}, lambda slide_id: True))
    assert "1 of 2 slides" in head and "replaced" in kind


def test_the_planes_of_a_stack_are_looked_at_and_not_its_fused_slide(tmp_path: Path) -> None:
    (tmp_path / "p0.tif").touch()
    rows = {"p0": "p0.tif,s,0", "p1": "p1.tif,s,1"}
    slides, folded = stacks.fold(sheet(tmp_path, rows, ",z_stack,z_plane"), True)
    head, kind, _ = lines(sheet_paths.warning(slides, folded, lambda slide_id: False))
    assert "1 of 1 slides" in head and "p1.tif" in kind and "fused" not in kind
