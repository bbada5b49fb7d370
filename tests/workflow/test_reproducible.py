"""The same cohort, configuration and libraries: the same bytes, wherever and however it is run.

Each run has another seed of Python's hashes, as any two runs of a user have: what depends on the
order of a set would differ.
"""

import csv
import hashlib
import json
import re
import shutil
import socket
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from grossing.support import digests
from make_cohort import REGION
from make_slide import make_slide
from rocrate.rocrate import ROCrate
from running import REPOSITORY, configure, plan, run, write_sheet

#: optional stages that write tables, pictures, archives and TIFFs
CONFIG: dict[str, Any] = {
    name: {"enabled": True} for name in ("rescale", "stain", "stains", "nuclei", "zones", "exports")
}
#: the date of its making is in the page and its data
DATED = ("cohort/report/",)
#: the format has the absolute paths of slides
PLACED = ("exports/hs2p/",)
MTIME = re.compile(rb'"mtime_ns": \d+')


def prepare(workdir: Path) -> None:
    """A passing slide, a failing one and a missing one."""
    (workdir / "slides").mkdir(parents=True)
    options = {"mpp": 0.5, "tissue_fraction": 0.5, "blurred_fraction": 0, "pen": False}
    make_slide(REGION, workdir / "slides/good.svs", 1500, 1200, seed=5, **options)
    make_slide(REGION, workdir / "slides/blank.svs", 800, 700, **options | {"tissue_fraction": 0})
    rows = [{"slide_id": i, "path": f"slides/{i}.svs"} for i in ("good", "blank", "absent")]
    write_sheet(workdir, [row | {"case_id": row["slide_id"], "label": "x"} for row in rows])
    configure(workdir, **CONFIG)


def hashes(workdir: Path) -> dict[str, str]:
    """Every file below `results` but the dated ones; without date and place of the slides."""
    found = {}
    for path in sorted((workdir / "results").rglob("*")):
        name = path.relative_to(workdir / "results").as_posix()
        if path.is_dir() or name.startswith(DATED) or path.name == ".snakemake_timestamp":
            continue
        data = path.read_bytes()
        if path.parent.name == "slides":
            data = MTIME.sub(b"", data)
        if name.startswith(PLACED):
            data = data.replace(bytes(workdir), b"")
        found[name] = hashlib.sha256(data).hexdigest()
    return found


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run on one core, the report included."""
    workdir = tmp_path_factory.mktemp("first")
    prepare(workdir)
    run(workdir, "--cores", "1", report=True, variables={"PYTHONHASHSEED": "1"})
    return workdir


def test_another_folder_more_cores_and_parts_give_the_same_bytes(
    first: Path, tmp_path: Path
) -> None:
    other = tmp_path / "elsewhere" / "deeper"
    for name in ("slides", "cohort.csv", "mine.yaml"):
        source, copy = first / name, other / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, copy_function=shutil.copyfile)
        else:
            shutil.copyfile(source, copy)
    seed: dict[str, Any] = {"variables": {"PYTHONHASHSEED": "2"}}
    for part in ("1/2", "2/2"):
        run(other, "batch", "--cores", "2", config=(f"part={part}",), report=True, **seed)
    run(other, "--cores", "2", report=True, **seed)
    one, two = hashes(first), hashes(other)
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []
    assert {Path(name).suffix for name in one} >= {".zip", ".parquet", ".csv", ".tif", ".tar"}


def test_provenance_is_that_of_the_files_and_names_nobody(first: Path) -> None:
    results = first / "results"
    text = (results / "cohort/provenance.json").read_text()
    stated = json.loads(text)
    schema = REPOSITORY / "workflow/schemas/provenance.schema.yaml"
    jsonschema.validate(stated, yaml.safe_load(schema.read_text()))
    for name, made in stated["files"].items():
        assert made == {
            "sha256": digests.of_file(results / name),
            "bytes": (results / name).stat().st_size,
        }
    tables = {path.relative_to(results).as_posix() for path in results.glob("cohort/*.parquet")}
    assert stated["files"].keys() >= {*tables, "cohort/leakage.csv", "exports/clam.csv"}
    with (results / "cohort/cohort_qc.csv").open(newline="") as file:
        rows = {row["slide_id"]: row["content_hash"] or None for row in csv.DictReader(file)}
    assert stated["slides"] == rows
    assert stated["libraries"].keys() >= {"OpenSlide", "scikit-image", "libvips", "h5py"}
    assert stated["code"].keys() >= {"measure_slide", "tile_slide", "measure_nuclei", "export_clam"}
    assert "report_cohort" not in stated["code"] and "report" not in stated["config"]
    crate = (results / "ro-crate-metadata.json").read_text()
    for secret in (str(first), str(Path.home()), str(REPOSITORY), socket.gethostname()):
        assert secret not in text and secret not in crate


def test_the_crate_describes_files_that_are_there(first: Path) -> None:
    read = ROCrate(first / "results")
    parts = [entity.id for entity in read.data_entities]
    assert parts and all((first / "results" / part).exists() for part in parts)
    assert {"cohort/cohort_qc.parquet", "tiles/", "nuclei/"} <= set(parts)


def test_the_report_is_switched_without_another_job(first: Path) -> None:
    assert plan(first, report=False).jobs == {}
    assert plan(first, report=True).jobs == {}
    methods = (first / "results/cohort/methods.md").read_text()
    libraries = json.loads((first / "results/cohort/provenance.json").read_text())["libraries"]
    for name in ("OpenSlide", "libvips", "scikit-image", "torchstain"):
        assert f"{name} {libraries[name][0]}" in methods
