"""Zones of high cellularity as a stage: every kind of slide, what reruns and what does not."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import cv2
import pytest
from make_cohort import REGION
from make_slide import make_slide
from running import Once, configure, plan, run, snakemake, write_sheet

IDS = ("real", "ihc", "blank", "missing")


@pytest.fixture(scope="module")
def zoned(once: Once) -> Path:
    """A finished run over an H&E slide, an IHC one, an empty one and a missing one."""

    def fill(workdir: Path) -> None:
        make_slide(REGION, workdir / "blank.svs", 900, 700, mpp=0.5, tissue_fraction=0, pen=False)
        paths = {"real": REGION, "ihc": REGION, "blank": "blank.svs", "missing": "missing.svs"}
        write_sheet(
            workdir,
            [
                {"slide_id": i, "path": str(paths[i]), "stain": "IHC" if i == "ihc" else ""}
                for i in IDS
            ],
        )
        configure(workdir, zones={"enabled": True})
        run(workdir)

    return once("zoned", fill)


def read_json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def facts(workdir: Path) -> dict[str, dict[str, Any]]:
    return {i: read_json(workdir / f"results/zones/{i}.json") for i in IDS}


def test_every_slide_has_all_files(zoned: Path) -> None:
    zones = facts(zoned)
    assert {i: one["reason"] for i, one in zones.items()} == {
        "real": None,
        "ihc": "not_he",
        "blank": "no_tiles",
        "missing": "no_tiles",
    }
    for i in IDS:
        outlines = read_json(zoned / f"results/zones/{i}.geojson")
        assert len(outlines["features"]) == (zones[i]["zones"] or 0)
        mask = cv2.imread(str(zoned / f"results/zones/{i}.png"), cv2.IMREAD_UNCHANGED)
        assert mask is not None and (i == "real" or mask.tolist() == [[0]])
    assert zones["real"]["zones"]
    tissue = cv2.imread(str(zoned / "results/tissue/masks/real.png"), cv2.IMREAD_GRAYSCALE)
    mask = cv2.imread(str(zoned / "results/zones/real.png"), cv2.IMREAD_GRAYSCALE)
    assert tissue is not None and mask is not None
    assert mask.shape == tissue.shape
    assert set(tissue[mask > 0]) == {1}
    assert "not_he" in (zoned / "logs/find_zones/ihc.log").read_text()


def test_a_changed_zone_option_reruns_zones_alone(zoned: Path, tmp_path: Path) -> None:
    assert plan(zoned).jobs == {}
    workdir = Path(shutil.copytree(zoned, tmp_path / "work"))
    configure(workdir, zones={"enabled": True, "fraction_min": 0.4})
    assert plan(workdir).jobs == {"find_zones": len(IDS), "write_methods": 1}


def test_the_other_container_and_method(tmp_path: Path) -> None:
    write_sheet(tmp_path, [{"slide_id": "real", "path": str(REGION)}])
    configure(
        tmp_path,
        tiles={"container": "directory"},
        zones={"enabled": True, "method": "clahe_local"},
    )
    run(tmp_path)
    zones = read_json(tmp_path / "results/zones/real.json")
    assert (zones["method"], zones["threshold"]) == ("clahe_local", None)
    assert 0 < zones["fraction"] < 0.5
    assert plan(tmp_path).jobs == {}


def test_virtual_tiles_have_no_pixels_to_find_zones_in(tmp_path: Path) -> None:
    write_sheet(tmp_path, [{"slide_id": "real", "path": str(REGION)}])
    configure(tmp_path, tiles={"container": "none"}, zones={"enabled": True})
    done = snakemake(tmp_path, "-n")
    assert done.code != 0
    assert "zones.enabled: tiles.container none holds no pixels" in done.text


@pytest.mark.parametrize(
    ("module", "changed"), [("mask/artefacts", False), ("zones/dense_blocks", True)]
)
def test_zones_are_found_again_for_their_own_code_alone(
    zoned: Path, checkout: Path, module: str, changed: bool
) -> None:
    """A mask that is made anew is an input of theirs; the rules that make it are not their code."""
    path = checkout / f"scripts/grossing/{module}.py"
    path.write_text(path.read_text() + "\nCHANGED = True\n")
    planned = plan(zoned, repository=checkout)
    reasons = re.findall(r"^rule find_zones:\n(?:    .*\n)*?    reason: (.*)$", planned.text, re.M)
    assert len(reasons) == len(IDS), planned.text
    assert all(("Params have changed" in reason) is changed for reason in reasons)
    assert ("measure_slide" in planned.jobs) is not changed
