"""`make bench` on small slides: every program of it runs, and floor and jobs see the same tiles."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from running import REPOSITORY


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a small run."""
    folder = tmp_path_factory.mktemp("bench")
    page = folder / "page.md"
    page.write_text("<!-- bench -->\n<!-- end of bench -->\n")
    command = [sys.executable, REPOSITORY / "benchmarks/bench.py", "--smoke", folder]
    done = subprocess.run([*command, "--page", page], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def test_all_kinds_of_rows_are_in_the_tables(run):
    results = json.loads((run / "results.json").read_text())
    assert {"2000", "reading", "jobs", "stages", "training"} == results["tables"].keys()
    text = (run / "results.md").read_text()
    for row in ("naive", "dzsave", "resize + dzsave", "measure", "floor", "tiles, raw", "rescale"):
        assert f"\n| {row} |" in text
    for heading in ("The floor", "Memory", "Reading alone", "Jobs by format"):
        assert f"### {heading}\n" in text
    assert text in (run / "page.md").read_text()
    for peer in ("hs2p", "fastslide"):
        installed = (REPOSITORY / f"benchmarks/.{peer}/bin/python").exists()
        assert (f"Skipped: {peer}, not installed" in text) != installed


def test_both_readers_and_threads_write_the_same_container(run):
    found = json.loads((run / "results.json").read_text())["tables"]
    rows = [found["2000"][name] for name in ("tiles, raw", "tiles, openslide")]
    rows.append(found["2000"]["tiles, raw, two threads"])
    assert rows[0]["digests"] != [""]
    assert all(row["digests"] == rows[0]["digests"] for row in rows)
    assert "and Philips TIFF: openslide | yes |" in (run / "results.md").read_text()


def test_the_floor_makes_exactly_the_tiles_of_the_job(run):
    sys.path.append(str(REPOSITORY / "benchmarks"))
    import meter
    from rows import Rows
    from slides import Places

    rows = Rows(Places(run / "slides", run / "work", 2048))
    rows.jobs("2000")
    commands = {row.name: row.commands for row in rows.rows}
    floor = meter.run(commands["floor"], rows.places.out, REPOSITORY)
    made = (rows.places.out / "tiles.bin").read_bytes()
    job = meter.run(commands["tiles, raw"], rows.places.out, REPOSITORY)
    assert floor.figures["tiles"] == job.figures["tiles"] > 5
    with zipfile.ZipFile(rows.places.out / "tiles.zip") as container:
        names = [Path(name) for name in container.namelist() if name.endswith(".jpeg")]
        top = max((name.parent for name in names), key=lambda level: int(level.name))
        tiles = [name for name in names if name.parent == top]
        assert len(tiles) == job.figures["tiles"]
        inside = [name for name in tiles if "3" not in name.stem]  # the last are part of the slide
        assert len(inside) > 5
        assert all(container.read(str(name)) in made for name in inside)
