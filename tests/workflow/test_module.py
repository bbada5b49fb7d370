"""The workflow as a module of another one, from a clone by its path."""

import json
import os
import re
import sys
from pathlib import Path

import pytest
from make_cohort import REGION
from running import REPOSITORY, Run, called, write_sheet

#: read by Python when it starts: the job that tiles the slide `absent` dies
HOOK = """
import sys
script = sys.orig_argv[1] if len(sys.orig_argv) > 1 else ""
if script.endswith(".tile_slide.py") and b"absent.zip" in open(script, "rb").read():
    sys.exit(1)
"""
OUTER = """
configfile: "study.yaml"

module grossing:
    snakefile: "{repository}/workflow/Snakefile"
    config: {config}
    {prefix}

use rule * from grossing as slides_*

rule counts:
    default_target: True
    input: rules.slides_collect_tiles.output.verdicts_csv
    output: "counts.txt"
    shell: "wc -l < {{input}} > {{output}}"
"""


def outer(
    folder: Path, *, prefix: str = "", config: str = 'config["grossing"]', **keys: object
) -> Path:
    """A workflow around this one, which gives it the keys that differ."""
    with_prefix = f'prefix: "{prefix}"' if prefix else ""
    text = OUTER.format(repository=REPOSITORY, config=config, prefix=with_prefix)
    (folder / "Snakefile").write_text(text)
    differing = {"cohort": "cohort.csv", "report": {"enabled": False}} | keys
    (folder / "study.yaml").write_text(json.dumps({"grossing": differing}, indent=1))
    rows = [{"slide_id": "real", "path": str(REGION)}, {"slide_id": "absent", "path": "absent.svs"}]
    write_sheet(folder, rows)
    return folder


def snakemake(folder: Path, *words: str, **variables: str) -> Run:
    """Snakemake as it is called for the outer workflow, without a profile of ours."""
    options = ("--cores", "1", "--keep-going", "--rerun-triggers", "mtime", "params", "input")
    command = [sys.executable, "-m", "snakemake", *words, *options]
    return Run(*called(command, folder, variables))


def planned(done: Run) -> set[str]:
    assert done.code == 0, done.text
    return {rule.removeprefix("slides_") for rule in done.jobs}


@pytest.fixture(scope="module")
def died(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A run below a prefix, of which one job died, and what was printed."""
    folder = outer(
        tmp_path_factory.mktemp("module"),
        prefix="slides",
        thresholds={"slide": {"tissue_area_mm2_min": 0.2}},
    )
    (folder / "hook").mkdir()
    (folder / "hook/sitecustomize.py").write_text(HOOK)
    done = snakemake(folder, PYTHONPATH=str(folder / "hook"))
    assert done.code != 0
    return folder, done.text


@pytest.fixture(scope="module")
def finished(died: tuple[Path, str]) -> tuple[Path, str]:
    """The same after a second run, and what that printed."""
    done = snakemake(died[0])
    assert done.code == 0, done.text
    return died[0], done.text


def test_failed_jobs_are_summed_up_by_the_names_of_this_workflow(died: tuple[Path, str]) -> None:
    _, summary = died[1].split("Module grossing:\n")
    assert re.search(r"^  absent  tile_slide: \S", summary, re.M)
    assert "slides/results/cohort/failed_jobs.csv" in summary
    assert "accept_failures: true in the configuration of this module" in summary


def test_everything_is_below_the_prefix_once(finished: tuple[Path, str]) -> None:
    folder, text = finished
    assert (folder / "counts.txt").read_text().strip() == "3"
    assert {p.name for p in (folder / "slides").iterdir()} == {"results", "logs", "benchmarks"}
    assert not any((folder / name).exists() for name in ("results", "logs", "benchmarks"))
    assert not (folder / "slides/slides").exists()
    assert not (folder / "slides/results/cohort/failed_jobs.csv").exists()
    _, summary = text.split("Module grossing:\n")
    assert "Verdicts (slides/results/cohort/cohort_qc.csv)" in summary
    assert "2 slides: 1 PASS, 0 REVIEW, 0 FAIL, 1 ERROR" in summary


def test_a_changed_threshold_reruns_what_it_changes(finished: tuple[Path, str]) -> None:
    folder, _ = finished
    assert planned(snakemake(folder, "-n")) == set()
    outer(folder, prefix="slides", thresholds={"slide": {"tissue_area_mm2_min": 5}})
    changed = snakemake(folder, "-n")
    assert planned(changed) == {"decide_slides", "tile_slide", "collect_tiles", "counts"}
    assert changed.jobs["slides_tile_slide"] == 1
    assert "Not tiling real: FAIL tissue_area_mm2=" in changed.text


def test_without_prefix_and_with_all_stages(tmp_path: Path) -> None:
    on = ("stain", "stains", "nuclei", "zones", "rescale", "splits", "exports", "report")
    outer(tmp_path, **{name: {"enabled": True} for name in on})
    done = snakemake(tmp_path, "-n", "slides_all")
    assert {"measure_nuclei", "export_hs2p", "report_cohort"} <= planned(done) | set(done.jobs)
    assert f"output: results{os.sep}slides" in done.text


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ('config["grossing"]', r"study\.yaml, line 8, column 4: grossing\.tiles\.size"),
        ('{**config["grossing"]}', r"config of the module grossing: tiles\.size"),
    ],
)
def test_a_wrong_key_is_named_where_it_is(tmp_path: Path, config: str, place: str) -> None:
    done = snakemake(outer(tmp_path, config=config, tiles={"size": 1}), "-n")
    assert done.code != 0
    assert re.search(f"^{place}: unknown key: known here: .*size_px", done.text, re.M), done.text
