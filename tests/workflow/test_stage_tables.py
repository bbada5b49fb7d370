"""What the cohort's tables of nuclei and zones say, against the tables of the slides themselves."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from make_cohort import REGION
from running import Once, configure, read_csv, run, write_sheet

SHEET = {
    "region": {"path": str(REGION), "stain": "H&E"},
    "medium": {"path": "medium.svs", "stain": ""},
    "fails": {"path": "small.svs", "stain": "HE"},
    "ki67": {"path": "medium.svs", "stain": "IHC"},
    "blank": {"path": "blank.svs", "stain": ""},
    "text": {"path": "text.svs", "stain": ""},
    "absent": {"path": "absent.svs", "stain": ""},
}
SEARCHED = ("region", "medium")

Row = dict[str, Any]


@pytest.fixture(scope="module")
def staged(once: Once, slides: Path) -> Path:
    """A finished run with all stages that have a table, over good and bad slides."""

    def fill(workdir: Path) -> None:
        for name in ("medium", "small", "blank", "text"):
            shutil.copyfile(slides / f"{name}.svs", workdir / f"{name}.svs")
        write_sheet(workdir, [{"slide_id": i} | row for i, row in SHEET.items()])
        on = {"enabled": True}
        configure(workdir, nuclei=on, zones=on, stain=on)
        run(workdir)

    return once("staged", fill)


def rows(workdir: Path, name: str) -> list[Row]:
    table: list[Row] = pq.read_table(workdir / f"results/{name}.parquet").to_pylist()
    return table


def by_slide(workdir: Path, name: str) -> dict[str, Row]:
    """A table of the cohort, which has one row per row of the sheet, in its order."""
    table = rows(workdir, f"cohort/{name}")
    assert [row["slide_id"] for row in table] == list(SHEET)
    return {row["slide_id"]: row for row in table}


def quantile(values: list[float], share: float) -> float:
    """Linear between the two nearest."""
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def numbers(row: Row) -> Row:
    return {k: v for k, v in row.items() if k not in ("slide_id", "qc_status", "method", "reason")}


@pytest.mark.parametrize("name", ["nuclei_cohort", "zones_cohort"])
def test_status_is_that_of_the_verdicts_and_csv_that_of_parquet(staged: Path, name: str) -> None:
    table, verdicts = by_slide(staged, name), by_slide(staged, "cohort_qc")
    assert {i: row["qc_status"] for i, row in table.items()} == {
        i: row["qc_status"] for i, row in verdicts.items()
    }
    assert {verdicts[i]["qc_status"] for i in SHEET} >= {"PASS", "FAIL"}
    for text, row in zip(read_csv(staged, f"{name}.csv"), table.values(), strict=True):
        assert list(text) == list(row)
        for column, value in row.items():
            if isinstance(value, float):
                assert float(text[column]) == pytest.approx(value, rel=1e-6)
            elif isinstance(value, bool):
                assert text[column] == str(value).lower()
            else:
                assert text[column] == ("" if value is None else str(value))


def test_nuclei_of_a_slide_are_those_of_its_tables(staged: Path) -> None:
    table = by_slide(staged, "nuclei_cohort")
    for slide_id in SHEET:
        nuclei, tiles = (rows(staged, f"{f}/{slide_id}") for f in ("nuclei", "nuclei_tiles"))
        row = table[slide_id]
        if slide_id not in SEARCHED:
            assert nuclei == [] and set(numbers(row).values()) == {None}
            assert {tile["nuclei_count"] for tile in tiles} <= {None}
            continue
        counted = [tile for tile in tiles if tile["nuclei_count"] is not None]
        tissue_mm2 = math.fsum(tile["tissue_mm2"] for tile in counted)
        assert row["nuclei_count"] == len(nuclei) == sum(t["nuclei_count"] for t in counted) > 0
        area = [nucleus["area_um2"] for nucleus in nuclei]
        expected = {
            "nuclei_count": len(nuclei),
            "tissue_mm2": tissue_mm2,
            "nuclei_per_mm2": len(nuclei) / tissue_mm2,
            "area_um2_p10": quantile(area, 0.1),
            "area_um2_median": quantile(area, 0.5),
            "area_um2_p90": quantile(area, 0.9),
            "eccentricity_median": quantile([n["eccentricity"] for n in nuclei], 0.5),
            "hematoxylin_od_mean": mean([n["hematoxylin_od"] for n in nuclei]),
        }
        assert row["brightness_mean"] is None
        assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-5)
        assert set(numbers(row)) == {*expected, "brightness_mean", "mpp_doubtful"}


def test_tissue_that_was_searched_is_that_of_the_tiles(staged: Path) -> None:
    """`tissue_mm2` of a tile is its share of tissue times its area on the slide."""
    for slide_id in SEARCHED:
        record = json.loads((staged / f"results/slides/{slide_id}.json").read_text())
        tiles, counted = (rows(staged, f"{f}/{slide_id}") for f in ("tile_metrics", "nuclei_tiles"))
        for tile, count in zip(tiles, counted, strict=True):
            if count["nuclei_count"] is None:
                assert tile["tile_path"] is None
                continue
            side_mm = tile["size_level0_px"] * record["mpp"] / 1000
            assert count["tissue_mm2"] == pytest.approx(tile["tissue_fraction"] * side_mm**2)


def test_zones_of_a_slide_are_those_of_its_file(staged: Path) -> None:
    table = by_slide(staged, "zones_cohort")
    for slide_id, row in table.items():
        zones = json.loads((staged / f"results/zones/{slide_id}.json").read_text())
        shown = {k: v for k, v in row.items() if k != "qc_status"}
        assert set(shown) <= set(zones)
        assert shown == pytest.approx({column: zones[column] for column in shown})
        outlines = json.loads((staged / f"results/zones/{slide_id}.geojson").read_text())
        assert (row["zones"] or 0) == len(outlines["features"])
        assert (row["area_mm2"] is None) == (slide_id not in SEARCHED)
    assert table["region"]["zones"] and table["region"]["largest_mm2"] > 0
    assert {i: row["reason"] for i, row in table.items() if row["reason"]} == {
        "fails": "no_tiles",
        "ki67": "not_he",
        "blank": "no_tiles",
        "text": "no_tiles",
        "absent": "no_tiles",
    }


@pytest.mark.parametrize("name", ["nuclei_tiles", "normalized_tiles"])
def test_tables_of_tiles_name_their_slide(staged: Path, name: str) -> None:
    """Row by row the tiles of `tile_metrics`, so that tables of slides can be concatenated."""
    key = ("slide_id", "tile_col", "tile_row")
    for slide_id in SHEET:
        own, tiles = (rows(staged, f"{f}/{slide_id}") for f in (name, "tile_metrics"))
        assert [[row[k] for k in key] for row in own] == [[row[k] for k in key] for row in tiles]
        assert {row["slide_id"] for row in own} == ({slide_id} if tiles else set())
        assert bool(tiles) == (slide_id in (*SEARCHED, "ki67"))
