"""A sheet that is edited while a run goes on: each slide keeps the row that was planned."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from running import REPOSITORY, by_slide, plan, read_csv, run, write_sheet

#: slide -> file, label, split, status
PLANNED = {
    "m": ("medium", "tumor", "train", "PASS"),
    "s": ("small", "normal", "val", "FAIL"),
    "b": ("blank", "normal", "test", "FAIL"),
    "r": ("real", "tumor", "test", "PASS"),
}
#: sorted, without a slide, with other labels and splits
EDITED = {
    "r": ("real", "", "train", "PASS"),
    "b": PLANNED["b"],
    "m": ("medium", "benign", "", "PASS"),
}


def save(workdir: Path, slides: Path, rows: dict[str, tuple[str, ...]]) -> None:
    write_sheet(
        workdir,
        [
            {"slide_id": i, "path": str(slides / f"{name}.svs"), "label": label, "split": split}
            for i, (name, label, split, _) in rows.items()
        ],
    )


def check(workdir: Path, rows: dict[str, tuple[str, ...]]) -> None:
    """Verdicts and tiles are those of these rows."""
    names = ("label", "split", "qc_status")
    for table in ("measured_qc.csv", "cohort_qc.csv"):
        verdicts = by_slide(workdir, table)
        assert list(verdicts) == list(rows)
        found = {i: tuple(row[name] for name in names) for i, row in verdicts.items()}
        assert found == {i: cells[1:] for i, cells in rows.items()}
    tiles = read_csv(workdir, "patch_cohort.csv")
    assert {row["slide_id"] for row in tiles} == {i for i in rows if rows[i][3] == "PASS"}
    for row in tiles:
        assert row["tile_container"] == f"tiles/{row['slide_id']}.zip"
        assert (row["label"], row["split"]) == rows[row["slide_id"]][1:3]


def test_a_run_judges_with_the_sheet_that_it_was_planned_with(tmp_path: Path, slides: Path) -> None:
    save(tmp_path, slides, PLANNED)
    with ThreadPoolExecutor() as pool:
        running = pool.submit(run, tmp_path)
        while not list(tmp_path.glob("results/slides/*.json")):
            assert not running.done()
            time.sleep(0.05)
        save(tmp_path, slides, EDITED)
        running.result()
    check(tmp_path, PLANNED)

    assert run(tmp_path).jobs == {
        "find_duplicates": 1,
        "decide_slides": 1,
        "collect_tiles": 1,
        "draw_overlays": 1,
        "check_leakage": 1,
    }
    check(tmp_path, EDITED)
    assert plan(tmp_path).jobs == {}


def job(workdir: Path, rule: str) -> subprocess.CompletedProcess[str]:
    """A job of its own process, as a cluster runs it."""
    options = [
        "--mode",
        "remote",
        "--no-hooks",
        "--force",
        "--nolock",
        "--cores",
        "1",
        "--allowed-rules",
        rule,
    ]
    command = [sys.executable, "-m", "snakemake", "--target-jobs", f"{rule}:", *options]
    command += ["--directory", str(workdir), "--config", "cohort=cohort.csv"]
    return subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)


def test_a_job_of_a_cluster_reads_the_sheet_of_its_head(tmp_path: Path, slides: Path) -> None:
    table = tmp_path / "results/cohort/measured_qc.csv"
    save(tmp_path, slides, PLANNED)
    run(tmp_path, "qc")
    before = table.read_text()
    table.unlink()
    save(tmp_path, slides, EDITED)
    done = job(tmp_path, "decide_slides")
    assert done.returncode == 0, done.stdout + done.stderr
    assert table.read_text() == before
