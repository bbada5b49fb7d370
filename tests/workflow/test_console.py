"""What a person sees of a run, and what is kept for the log."""

import re
import shutil
import subprocess
from pathlib import Path

from make_cohort import REGION
from running import GATE_COHORT, SHORTER, by_slide, configure, plan, run, write_sheet


def test_console_is_short_and_names_what_does_not_pass(finished: Path) -> None:
    shown = (finished / "first_run.txt").read_text()
    running = shown.partition("Select jobs")[2].partition("Verdicts")[0]
    verdicts = {i: row["qc_status"] for i, row in by_slide(finished, "cohort_qc.csv").items()}
    named = dict(re.findall(r"^  (\S+)  (REVIEW|FAIL|ERROR) \S", running, re.M))
    assert named == {i: status for i, status in verdicts.items() if status != "PASS"}
    assert re.search(r"^[\d:]{8} 18 of 18 steps \(100%\) done$", running, re.M)
    assert len(running.splitlines()) <= 1 + 18 + len(named)
    assert f"{len(GATE_COHORT)} slides: 2 PASS, 0 REVIEW, 1 FAIL, 1 ERROR" in shown

    log = (finished / "first_run.log").read_text()
    assert log.count("Finished jobid") == 18
    assert "Not tiling absent: ERROR file_missing\n" in log
    assert re.search(r"Not tiling small: FAIL tissue_area_mm2=\S+", log)
    assert "Tiling medium\n" in log


def test_a_dry_run_says_what_would_be_tiled(workdir: Path, tmp_path: Path) -> None:
    write_sheet(tmp_path, [{"slide_id": "real", "path": str(REGION)}])
    assert "Tiling real if it passes\n" in plan(tmp_path).text
    shutil.rmtree(workdir / "results/tiles")
    assert "Tiling real\n" in plan(workdir).text
    configure(workdir, thresholds={"slide": {"tissue_area_mm2_min": 5}})
    assert "Not tiling real: FAIL tissue_area_mm2=" in plan(workdir).text


def test_verbose_leaves_the_console_to_snakemake(tmp_path: Path) -> None:
    write_sheet(tmp_path, [{"slide_id": "absent", "path": "absent.svs"}])
    assert "localrule measure_slide:" in run(tmp_path, "qc", "--verbose").text


def test_slides_that_left_the_sheet_are_named_and_removed(shorter: Path, tmp_path: Path) -> None:
    workdir = Path(shutil.copytree(shorter, tmp_path / "work"))
    said = (shorter / "second_run.txt").read_text().replace("{workdir}", str(workdir))
    assert "2 slides are no longer in the sheet" in said
    assert ": absent, medium." in said
    (command,) = re.findall(r"^  (\S*python\S* .*clean_up.py .*)$", said, re.M)
    assert list(workdir.glob("results/*/medium.*"))
    subprocess.run(f"{command} --yes", shell=True, cwd="/", check=True, capture_output=True)
    left = {path.name.partition(".")[0] for path in workdir.glob("results/*/*.*")}
    assert left & set(GATE_COHORT) == set(SHORTER)
    assert not [path for path in workdir.glob("[lb]*/*/*") if path.stem in ("medium", "absent")]
    assert plan(workdir).jobs == {}
    assert "no longer" not in run(workdir, "--forcerun", "decide_slides").text


def test_a_part_ends_with_its_counts(tmp_path: Path) -> None:
    write_sheet(tmp_path, [{"slide_id": i, "path": f"{i}.svs"} for i in ("x", "y", "z")])
    done = run(tmp_path, "batch", config=("part=1/2",))
    assert "Part 1/2, measured and tiled: 2 slides: 0 PASS, 0 REVIEW, 0 FAIL, 2 ERROR" in done.text
