"""The nuclei of a cohort: tables for every row of the sheet, columns of the tile table, reruns."""

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
from running import GATE_COHORT, configure, plan, read_csv, run, snakemake

ON = {"enabled": True, "geojson": True}


def rows(workdir: Path, folder: str, slide_id: str) -> list[dict[str, object]]:
    table: list[dict[str, object]] = pq.read_table(
        workdir / f"results/{folder}/{slide_id}.parquet"
    ).to_pylist()
    return table


def test_nuclei_of_a_cohort(workdir: Path) -> None:
    configure(workdir, nuclei=ON)
    done = run(workdir).jobs
    cohort_rules = ("collect_tiles", "collect_nuclei", "draw_overlays", "check_leakage")
    assert done == {"measure_nuclei": len(GATE_COHORT), **dict.fromkeys(cohort_rules, 1)}
    table = pq.read_table(workdir / "results/cohort/nuclei_cohort.parquet").to_pylist()
    assert [row["slide_id"] for row in table] == list(GATE_COHORT)
    for row in table:
        assert (row["nuclei_count"] or 0) == len(rows(workdir, "nuclei", row["slide_id"]))
    for slide_id in GATE_COHORT:
        nuclei = rows(workdir, "nuclei", slide_id)
        tiles, counted = (
            rows(workdir, folder, slide_id) for folder in ("tile_metrics", "nuclei_tiles")
        )
        outlines = json.loads((workdir / f"results/nuclei/{slide_id}.geojson").read_text())
        assert len(outlines["features"]) == len(nuclei)
        assert [t["tile_path"] is None for t in tiles] == [
            c["nuclei_count"] is None for c in counted
        ]
        assert bool(nuclei) == (slide_id in ("real", "medium"))
    total = sum(len(rows(workdir, "nuclei", slide_id)) for slide_id in ("real", "medium"))
    judged = read_csv(workdir, "patch_cohort.csv")
    assert sum(int(row["nuclei_count"]) for row in judged) == total
    assert all(float(row["nuclei_per_mm2"]) >= 0 for row in judged)
    assert plan(workdir).jobs == {}
    configure(workdir, nuclei={"enabled": True, "area_um2_min": 12.0})
    assert run(workdir).jobs == done
    assert not list((workdir / "results/nuclei").glob("*.geojson"))


def test_memory_of_large_tiles(workdir: Path) -> None:
    """More than the default is asked for where one tile is 200 MB."""
    asked = {}
    for size_px in (512, 8192):
        configure(workdir, nuclei=ON, zones={"enabled": True}, tiles={"size_px": size_px})
        text = snakemake(workdir, "-n", "--forceall").text
        asked[size_px] = {
            rule: int(mb)
            for rule, mb in re.findall(r"rule (\w+):.*?mem_mb=([0-9]+)", text, re.DOTALL)
        }
    assert asked[512]["measure_nuclei"] == 1000 and asked[512]["find_zones"] < 1000
    assert asked[8192]["measure_nuclei"] > 8000
    assert asked[8192]["find_zones"] > 3500


def test_nuclei_without_pixels_are_refused(workdir: Path) -> None:
    configure(workdir, nuclei=ON, tiles={"container": "none"})
    refused = snakemake(workdir, "-n")
    assert refused.code != 0
    assert "nuclei.enabled: tiles.container none holds no pixels" in refused.text
