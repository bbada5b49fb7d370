"""Files of slides that left the sheet: all of ours, and nothing else."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from grossing.cohort import leftovers, sheet
from running import REPOSITORY, plan, write_sheet

LISTING = """
include: "{repository}/workflow/Snakefile"
with open("products.txt", "a") as file:
    for each in workflow.rules:
        for path in [*each.output, *each.log, *([each.benchmark] if each.benchmark else [])]:
            print(path, file=file)
"""


def test_every_product_of_the_rules_is_known(tmp_path: Path) -> None:
    write_sheet(tmp_path, [{"slide_id": "a", "path": "a.svs"}])
    snakefile = tmp_path / "Snakefile"
    snakefile.write_text(LISTING.format(repository=REPOSITORY))
    for container in ("zip", "directory"):
        config = ('nuclei={"geojson": true}', f'tiles={{"container": "{container}"}}')
        plan(tmp_path, "--snakefile", str(snakefile), config=config)
    paths = (tmp_path / "products.txt").read_text().splitlines()
    made = {
        re.sub(r"\{slide_id,.*?\}", "{slide_id}", path) for path in paths if "{slide_id" in path
    }
    assert made == set(leftovers.PRODUCTS)


def fill(workdir: Path, *slide_ids: str) -> None:
    """Every product of some slides."""
    for slide_id in slide_ids:
        for pattern in leftovers.PRODUCTS:
            path = workdir / pattern.format(slide_id=slide_id)
            path.parent.mkdir(parents=True, exist_ok=True)
            if pattern.endswith("}"):
                (path / f"{slide_id}_files/0").mkdir(parents=True)
                (path / f"{slide_id}.dzi").write_text("<dzi>")
            else:
                path.write_text(json.dumps({"slide_id": slide_id}))


def everything(workdir: Path) -> set[str]:
    return {str(path.relative_to(workdir)) for path in workdir.rglob("*")}


def clean_up(workdir: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, REPOSITORY / "scripts/clean_up.py", "--directory", workdir, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_clean_up_lists_and_then_removes_what_is_left_over(tmp_path: Path) -> None:
    sheet = [{"slide_id": "a", "path": "a.svs", "z_stack": ""}]
    write_sheet(tmp_path, [*sheet, {"slide_id": "p1", "path": "p1.svs", "z_stack": "heap"}])
    fill(tmp_path, "a", "heap", "p1")
    wanted = everything(tmp_path)
    fill(tmp_path, "gone", "a.svs", "TCGA-1.2.zip")

    listed = clean_up(tmp_path, "cohort.csv")
    assert listed.returncode != 0
    paths = {line.strip() for line in listed.stdout.splitlines() if line.startswith("  ")}
    gone = ("gone", "a.svs", "TCGA-1.2.zip")
    assert paths == {p.format(slide_id=i) for i in gone for p in leftovers.PRODUCTS}
    assert all((tmp_path / path).exists() for path in paths)

    done = clean_up(tmp_path, "--yes", "cohort.csv")
    assert done.returncode == 0, done.stderr
    assert everything(tmp_path) == wanted


def test_clean_up_removes_copies_of_code_but_for_the_one_used_last(tmp_path: Path) -> None:
    write_sheet(tmp_path, [{"slide_id": "a", "path": "a.svs"}])
    outside = tmp_path.parent / "code_outside"
    outside.mkdir()
    place = tmp_path / leftovers.CODE
    for age, name in enumerate(("last", "older", "oldest")):
        (place / name / "grossing/__pycache__").mkdir(parents=True)
        (place / name / "measure_slide.py").write_text("1\n")
        os.utime(place / name, (1e9 - age, 1e9 - age))
    (place / "linked").symlink_to(outside)
    (place / "notes.txt").touch()

    lock = tmp_path / ".snakemake/locks/0.input.lock"
    lock.parent.mkdir()
    lock.touch()
    assert clean_up(tmp_path, "--yes", "cohort.csv").returncode != 0
    assert len(list(place.iterdir())) == 5
    lock.unlink()

    done = clean_up(tmp_path, "--yes", "cohort.csv")
    assert done.returncode == 0, done.stderr
    assert "2 copies of earlier code" in done.stdout
    assert {path.name for path in place.iterdir()} == {"last", "linked", "notes.txt"}
    assert clean_up(tmp_path, "cohort.csv").returncode == 0
    assert leftovers.old_code(tmp_path / "no run") == []


def test_the_code_of_the_last_plan_is_kept(tmp_path: Path) -> None:
    write_sheet(tmp_path, [{"slide_id": "a", "path": "a.svs"}])
    plan(tmp_path)
    (used,) = (tmp_path / leftovers.CODE).iterdir()
    earlier = used.with_name("earlier")
    earlier.mkdir()
    os.utime(used, (1e9, 1e9))
    plan(tmp_path)
    assert leftovers.old_code(tmp_path) == [earlier]


def test_what_is_not_of_a_slide_of_ours_stays(tmp_path: Path) -> None:
    fill(tmp_path, "gone")
    outside = tmp_path.parent / "outside"
    outside.mkdir()
    (outside / "gone.tif").write_text("archived")
    others = [
        "results/slides/notes.json",
        "results/slides/.gone.json.1.2.tmp",
        "results/slides/gone.json.bak",
        "results/tiles/README.txt",
        "results/tissue/masks/mine.png",
        "results/cohort/cohort_qc.csv",
        "results/analysis/gone.json",
        "logs/decide_slides.log",
    ]
    for name in others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "results/zones/gone.png").unlink()
    (tmp_path / "results/zones/gone.png").symlink_to(outside / "gone.tif")
    (tmp_path / "results/rescaled/gone.tif").unlink()
    (tmp_path / "results/rescaled").rmdir()
    (tmp_path / "results/rescaled").symlink_to(outside)

    left = leftovers.find(tmp_path, {"a"})
    assert list(left) == ["gone"]
    assert len(left["gone"]) == len(leftovers.PRODUCTS) - 2
    leftovers.remove(left["gone"])
    assert (outside / "gone.tif").read_text() == "archived"
    assert all((tmp_path / name).exists() for name in others)
    assert os.path.islink(tmp_path / "results/zones/gone.png")


@pytest.mark.parametrize("reason", ["lock", "sheet"])
def test_clean_up_refuses(tmp_path: Path, reason: str) -> None:
    write_sheet(tmp_path, [{"slide_id": "other", "path": "a.svs"}])
    fill(tmp_path, "gone")
    if reason == "lock":
        (tmp_path / ".snakemake/locks").mkdir(parents=True)
        (tmp_path / ".snakemake/locks/0.input.lock").touch()
    before = everything(tmp_path)
    refused = clean_up(tmp_path, "--yes", "cohort.csv")
    assert refused.returncode != 0
    words = {"lock": "recover.py", "sheet": "is it the right sheet?"}
    assert words[reason] in refused.stderr
    assert everything(tmp_path) == before


def test_a_sheet_names_its_slides_and_its_stacks(tmp_path: Path) -> None:
    rows = [{"slide_id": i, "path": "a.svs", "z_stack": "heap"} for i in ("p1", "p2")]
    write_sheet(tmp_path, rows)
    rows_read = sheet.read_sheet(tmp_path / "cohort.csv")
    assert leftovers.current_ids(rows_read) == {"p1", "p2", "heap"}
