"""One final verdict: console, both tables and the reader for training say the same of a slide."""

import re
from pathlib import Path
from typing import Any

import grossing
import pyarrow as pa
import pytest
from grossing.cohort import collect, measured_qc, summary
from grossing.cohort.collect import TileTables
from grossing.cohort.patch_writer import PatchWriter
from grossing.support import tables
from records import good, refused, sheet, tiles
from stages import CONFIG, CRITERIA

#: slide -> its record, its tiles, its verdict before tiling, its final verdict
SLIDES: dict[str, tuple[Any, dict[str, int], str, str]] = {
    "fine": (good("fine"), {"passing": 5, "soft": 2}, "PASS", "PASS"),
    "near": (
        good("near", pen_fraction=0.29),
        {"passing": 3},
        "REVIEW near_threshold;pen_fraction=0.29<0.3",
        "REVIEW near_threshold;pen_fraction=0.29<0.3",
    ),
    "salvaged": (good("salvaged"), {"passing": 30, "lost": 1}, "PASS", "REVIEW salvaged"),
    "lossy": (
        good("lossy", probes_failed=1),
        {"passing": 9, "lost": 1},
        "REVIEW salvaged",
        "FAIL salvaged;lost_fraction=0.1>0.05",
    ),
    "foreign": (good("foreign"), {"passing": 30, "foreign": 1}, "PASS", "REVIEW suspicious_tiles"),
    "shuffled": (
        good("shuffled"),
        {"passing": 1, "foreign": 4},
        "PASS",
        "FAIL suspicious_fraction=0.8>0.05",
    ),
    "gaps": (good("gaps"), {"passing": 1, "absent": 3}, "PASS", "FAIL absent_fraction=0.75>0.2"),
    "soft": (good("soft"), {"soft": 4}, "PASS", "FAIL no_passing_tile"),
    "inky": (good("inky", pen_fraction=0.9), {}, *["FAIL pen_fraction=0.9>0.3"] * 2),
    "gone": (refused("gone"), {}, *["ERROR file_missing"] * 2),
    "died": (refused("died", "job_failed"), {}, *["ERROR job_failed"] * 2),
}
FINAL = {slide_id: final for slide_id, (*_, final) in SLIDES.items()}
SERVED = [slide_id for slide_id, final in FINAL.items() if final[:4] in ("PASS", "REVI")]


@pytest.fixture(scope="module")
def before() -> pa.Table:
    records = [SLIDES[slide_id][0] for slide_id in reversed(SLIDES) if slide_id != "died"]
    failed = {"died": SLIDES["died"][0]}
    return measured_qc.table(sheet(*SLIDES), records, failed, CRITERIA, leakage="stop")


@pytest.fixture(scope="module")
def cohort(before: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the cohort's tables."""
    folder = tmp_path_factory.mktemp("results") / "cohort"
    (folder / "metrics").mkdir(parents=True)
    paths = [folder / f"metrics/{slide_id}.parquet" for slide_id in SLIDES if slide_id != "died"]
    for path in paths:
        tables.write_parquet(tiles(path.stem, **SLIDES[path.stem][1]), path)
    patches = (folder / "patch_cohort.parquet", folder / "patch_cohort.csv")
    with PatchWriter(*patches, csv_rows_max=1000) as writer:
        final = collect.tiles(
            before,
            TileTables.from_paths(reversed(paths)),
            writer,
            limits=CONFIG["thresholds"],
            container="zip",
        )
    tables.write_parquet(final, folder / "cohort_qc.parquet")
    return folder


def in_table(verdicts: pa.Table) -> dict[str, str]:
    names = ("slide_id", "qc_status", "qc_reasons")
    rows = verdicts.select(names).to_pylist()
    return {row["slide_id"]: " ".join(filter(None, list(row.values())[1:])) for row in rows}


def on_console(verdicts: pa.Table) -> dict[str, str]:
    *lines, _ = summary.of_verdicts(verdicts).splitlines()
    read = {}
    for line in lines:
        slide_id, status, reasons = re.fullmatch(r"  (\S+) +(\w+) *(\S*)( \(.*\))?", line).groups()[
            :3
        ]
        read[slide_id] = f"{status} {reasons}".rstrip()
    return read


def test_before_tiling(before: pa.Table) -> None:
    wanted = {slide_id: first for slide_id, (_, _, first, _) in SLIDES.items()}
    assert in_table(before) == on_console(before) == wanted
    assert list(in_table(before)) == list(SLIDES)


def test_the_table_and_the_console_after_tiling(cohort: Path) -> None:
    final = tables.read(cohort / "cohort_qc.parquet")
    assert in_table(final) == on_console(final) == FINAL
    assert summary.of_verdicts(final).endswith("  11 slides: 1 PASS, 3 REVIEW, 5 FAIL, 2 ERROR")


def test_every_tile_has_the_status_of_its_slide(cohort: Path) -> None:
    patches = tables.read(cohort / "patch_cohort.parquet")
    statuses = {(row["slide_id"], row["qc_status"]) for row in patches.to_pylist()}
    assert statuses == {(i, v.split()[0]) for i, v in FINAL.items() if SLIDES[i][1]}


@pytest.mark.parametrize("name", ["patch_cohort.parquet", "patch_cohort.csv"])
def test_the_reader_serves_passing_tiles_of_usable_slides(cohort: Path, name: str) -> None:
    served = grossing.Tiles(cohort / name).rows.to_pylist()
    passing = {slide_id: SLIDES[slide_id][1]["passing"] for slide_id in SERVED}
    assert SERVED == ["fine", "near", "salvaged", "foreign"]
    assert len(served) == sum(passing.values())
    for slide_id, number in passing.items():
        rows = [row for row in served if row["slide_id"] == slide_id]
        assert [row["tile_col"] for row in rows] == list(range(number))
        assert {row["qc_status"] for row in rows} == {FINAL[slide_id].split()[0]}


@pytest.mark.parametrize("status", ["PASS", "REVIEW", "FAIL", "ERROR"])
def test_the_reader_finds_the_slides_of_a_status_where_the_table_has_them(
    cohort: Path, status: str
) -> None:
    found = grossing.Tiles(cohort / "patch_cohort.parquet", status=status, tile_status=None)
    tiled = {i for i, final in FINAL.items() if final.split()[0] == status and SLIDES[i][1]}
    assert set(found.rows["slide_id"].to_pylist()) == tiled


# The text for people


def many(number: int) -> pa.Table:
    ids = [f"s{i:02}" for i in range(number)]
    records = [good(ids[0], anisotropic=True), *map(good, ids[1:])]
    return measured_qc.table(sheet(*ids), records, {}, CRITERIA, leakage="stop")


def test_passing_slides_of_a_large_cohort_are_counted_and_not_listed() -> None:
    assert len(on_console(many(summary.SHORT_COHORT))) == summary.SHORT_COHORT
    assert on_console(many(summary.SHORT_COHORT + 1)) == {"s00": "REVIEW anisotropic"}
    assert summary.of_verdicts(many(41)).endswith("41 slides: 40 PASS, 1 REVIEW, 0 FAIL, 0 ERROR")


def test_an_error_comes_with_message_and_remedy(before: pa.Table) -> None:
    lines = summary.of_verdicts(before).splitlines()
    (line,) = (line for line in lines if line.startswith("  gone"))
    assert line.endswith("ERROR   file_missing (no such file; correct `path` in the cohort sheet)")
