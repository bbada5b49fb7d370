"""Figures, methods text and Snakemake's own report of a real run."""

import shutil
import zipfile
from pathlib import Path

from PIL import Image
from running import STRICTER, Run, by_slide, plan, read_csv, run


def cohort(workdir: Path) -> Path:
    return workdir / "results/cohort"


def test_a_run_draws_its_cohort(finished: Path) -> None:
    made = {path.name for path in (cohort(finished) / "figures").glob("[!.]*")}
    assert made >= {"verdicts.svg", "tile_distributions.svg", "failures.png", "captions.md"}
    assert {name[:-4] for name in made if name.endswith(".svg")} == {
        name[:-4] for name in made if name.endswith(".png")
    }
    with Image.open(cohort(finished) / "figures/tile_distributions.png") as picture:
        assert picture.width == round(183 / 25.4 * 300)
        assert picture.getextrema() != ((255, 255),) * 4


def test_captions_and_methods_have_the_numbers_of_the_tables(finished: Path) -> None:
    slides, tiles = by_slide(finished, "cohort_qc.csv"), read_csv(finished, "patch_cohort.csv")
    used = [row for row in slides.values() if row["qc_status"] in ("PASS", "REVIEW")]
    good = [row for row in tiles if row["qc_status_tile"] == "PASS"]
    methods = (cohort(finished) / "methods.md").read_text()
    assert f"Of {len(slides)} slides, {len(used)} were used" in methods
    assert f"Of {len(tiles)} candidate tiles, {len(good)} were used" in methods
    little = sum(float(row["tissue_fraction"]) < 0.5 for row in tiles)
    captions = (cohort(finished) / "figures/captions.md").read_text()
    assert f"{little} of {len(tiles)} beyond it" in captions


def test_a_changed_limit_is_drawn_and_written(finished: Path, stricter: Path) -> None:
    done = set(Run(0, (stricter / "second_run.txt").read_text()).jobs)
    assert done == {"decide_slides", "collect_tiles", "check_leakage", "draw_overlays"}
    before, after = (
        (cohort(folder) / "figures/tile_distributions.svg").read_bytes()
        for folder in (finished, stricter)
    )
    assert after != before
    text = (cohort(stricter) / "methods.md").read_text()
    assert f"tissue fraction at least {STRICTER}" in text
    assert plan(stricter, report=True).jobs == {}


def test_without_the_report_nothing_is_drawn(workdir: Path) -> None:
    shutil.rmtree(cohort(workdir) / "figures")
    (cohort(workdir) / "methods.md").unlink()
    assert plan(workdir, report=False).jobs == {}


def test_snakemakes_report_holds_figures_tables_and_their_limits(workdir: Path) -> None:
    run(workdir, "--report", "report.zip", report=True)
    with zipfile.ZipFile(workdir / "report.zip") as archive:
        names = {Path(name).name for name in archive.namelist()}
        page = next(name for name in archive.namelist() if name.endswith("report.html"))
        html = archive.read(page).decode()
    assert names >= {"verdicts.svg", "tile_distributions.svg", "cohort_qc.csv", "methods.md"}
    for text in ("Limits of tiles in use", "tissue_fraction_min: 0.5", "slide distributions"):
        assert text in html
