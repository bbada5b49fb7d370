"""What a wrong sheet, configuration or folder does to a run: it stops before any job, once."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from running import REPOSITORY, by_slide, plan, run, snakemake, write_sheet


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


def test_results_that_cannot_be_written_stop_the_run_by_name(tmp_path: Path, slides: Path) -> None:
    write_sheet(tmp_path, [{"slide_id": "a", "path": str(slides / "small.svs")}])
    (tmp_path / "results/cohort/planned_sheet.json").mkdir(parents=True)
    stopped = snakemake(tmp_path)
    assert stopped.code != 0
    assert (
        f"cannot write results/cohort/planned_sheet.json below {tmp_path}: Is a directory: make it"
        in stopped.text
    )
    assert "Traceback" not in stopped.text and "files.py" not in stopped.text


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
