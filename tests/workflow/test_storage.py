"""Results in storage: a plugin of Snakemake keeps them, and the working directory has copies."""

import os
import shutil
from pathlib import Path

import pytest
from make_cohort import REGION
from running import configure, plan, run, write_sheet

#: what the plugin `fs` calls, where the machine has none
RSYNC = """#!/bin/sh
while [ $# -gt 2 ]; do shift; done
rm -rf "$2" && cp -rL --preserve=timestamps "$1" "$2"
"""


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """Options of a run whose results are in storage; the last one is its place."""
    place = tmp_path_factory.mktemp("storage")
    provider = ("--default-storage-provider", "fs", "--shared-fs-usage", "none")
    return (*provider, "--default-storage-prefix", str(place / "kept"))


@pytest.fixture(scope="module")
def variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables with which there is an rsync."""
    folder = tmp_path_factory.mktemp("bin")
    if not shutil.which("rsync"):
        (folder / "rsync").write_text(RSYNC)
        (folder / "rsync").chmod(0o755)
    return {"PATH": os.pathsep.join([str(folder), os.environ["PATH"]])}


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, options: tuple[str, ...], variables: dict[str, str]
) -> tuple[Path, str]:
    """A cohort of two slides with a stage that has inputs of each kind, and what was printed."""
    workdir = tmp_path_factory.mktemp("work")
    rows = [{"slide_id": "real", "path": str(REGION)}, {"slide_id": "absent", "path": "absent.svs"}]
    write_sheet(workdir, rows)
    configure(workdir, stain={"enabled": True})
    return workdir, run(workdir, *options, variables=variables).text


def test_results_are_in_the_storage_once(
    finished: tuple[Path, str], options: tuple[str, ...]
) -> None:
    workdir, text = finished
    place = Path(options[-1])
    assert (place / "results/cohort/patch_cohort.csv").read_text().count('\n"real",') > 1
    assert {path.name for path in place.iterdir()} == {"results", "logs", "benchmarks"}
    assert (place / "results/tiles/real.zip").stat().st_size > 1e5
    assert (place / "results/normalized/real.zip").stat().st_size > 1e5
    assert not [path for path in place.rglob("*") if path.name == place.name]
    stays = {path.name for path in (workdir / "results").rglob("*") if path.is_file()}
    assert stays == {"planned_sheet.json", "planned_reviews.json"}
    assert "2 slides: 1 PASS, 0 REVIEW, 0 FAIL, 1 ERROR" in text


def test_the_gate_reads_what_is_stored(
    finished: tuple[Path, str], options: tuple[str, ...], variables: dict[str, str]
) -> None:
    workdir, _ = finished
    shutil.rmtree(workdir / ".snakemake/grossing")
    assert plan(workdir, *options, variables=variables).jobs == {}
    configure(workdir, stain={"enabled": True}, thresholds={"slide": {"tissue_area_mm2_min": 5}})
    changed = plan(workdir, *options, variables=variables)
    assert changed.measured == set()
    assert {slide_id: gate for slide_id, (gate, _) in changed.tiled.items()} == {"real": "fail"}
