"""The copy of the code that a run and its jobs use."""

import shutil
from pathlib import Path

from running import configure, plan, run, write_sheet

PAGE_SCRIPT = "workflow/report/js/numbers.js"
#: read by Python when it starts: the job that measures the slide edits the checkout
HOOK = f"""
import pathlib, sys
script = sys.orig_argv[1] if len(sys.orig_argv) > 1 else ""
if script.endswith(".measure_slide.py"):
    for name in ("scripts/tile_slide.py", "scripts/grossing/tiles/tile_loop.py", {PAGE_SCRIPT!r}):
        path = pathlib.Path(CHECKOUT, name)
        path.write_text(path.read_text() + "\\nraise SystemExit('code of later')\\n")
"""


def cohort(folder: Path, slides: Path) -> Path:
    """A working directory with a sheet of one slide."""
    folder.mkdir()
    write_sheet(folder, [{"slide_id": "real", "path": str(slides / "real.svs")}])
    configure(folder)
    return folder


def test_a_run_ends_with_the_code_it_started_with(
    tmp_path: Path, slides: Path, checkout: Path
) -> None:
    workdir, hook = cohort(tmp_path / "cohort", slides), tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(HOOK.replace("CHECKOUT", repr(str(checkout))))
    edited = {"PYTHONPATH": str(hook)}
    run(workdir, "report_cohort", repository=checkout, variables=edited, report=True)
    for name in ("scripts/tile_slide.py", PAGE_SCRIPT):
        assert "code of later" in (checkout / name).read_text()
    shown = (workdir / "results/cohort/report/js/numbers.js").read_text()
    assert shown and "code of later" not in shown
    planned = plan(workdir, repository=checkout)
    assert (planned.measured, set(planned.tiled)) == (set(), {"real"})


def test_where_no_copy_can_be_kept_the_plan_is_the_same(workdir: Path) -> None:
    shutil.rmtree(workdir / ".snakemake/code")
    (workdir / ".snakemake/code").touch()
    assert plan(workdir).jobs == {}


def test_a_kept_copy_that_lost_files_is_made_whole(workdir: Path) -> None:
    shutil.rmtree(workdir / ".snakemake/code")
    assert plan(workdir).jobs == {}
    (copy,) = (workdir / ".snakemake/code").iterdir()
    content = {path: path.read_bytes() for path in copy.rglob("*.py")}
    assert len(content) > 300
    (copy / "grossing/cohort/sheet.py").unlink()
    (copy / "grossing/tiles/tile_loop.py").write_text("")
    assert plan(workdir).jobs == {}
    assert {path: path.read_bytes() for path in copy.rglob("*.py")} == content
