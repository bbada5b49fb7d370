"""Tiles and slides of a cohort come together by slide_id; what does not belong is named."""

import itertools
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from grossing.cohort import collect, measured_qc
from grossing.cohort.collect import TileTables
from grossing.cohort.patch_writer import PatchWriter
from grossing.columns import nuclei_tiles, patch_cohort
from grossing.support import tables
from grossing.support.errors import CohortError
from records import good, refused, sheet, tiles
from stages import CONFIG, CRITERIA

SHEET = sheet("b", "a", "c", label=("tumor", "normal", ""), split=("train", "test", "val"))
#: slide -> its tiles
TILES = {"a": tiles("a", passing=2), "b": tiles("b", passing=3, soft=1), "c": tiles("c")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Tables of `TILES`."""
    for slide_id, table in TILES.items():
        tables.write_parquet(table, tmp_path / f"{slide_id}.parquet")
    return tmp_path


@pytest.fixture(scope="module")
def verdicts() -> pa.Table:
    records = [good("a"), good("b"), refused("c")]
    return measured_qc.table(SHEET, records, {}, CRITERIA, leakage="stop")


def paths(folder: Path, *slide_ids: str) -> list[Path]:
    return [folder / f"{slide_id}.parquet" for slide_id in slide_ids]


def collected(
    verdicts: pa.Table, tile_tables: TileTables, folder: Path, container: str = "zip"
) -> tuple[pa.Table, list[dict[str, Any]]]:
    """`cohort_qc`, and the rows of `patch_cohort`."""
    parquet, csv = folder / "patches.parquet", folder / "patches.csv"
    with PatchWriter(parquet, csv, csv_rows_max=100) as writer:
        final = collect.tiles(
            verdicts, tile_tables, writer, limits=CONFIG["thresholds"], container=container
        )
    return final, tables.read(parquet).to_pylist()


@pytest.mark.parametrize("order", [*itertools.permutations("abc")])
def test_each_slide_has_its_own_tiles_in_any_order_of_the_files(
    order: tuple[str, ...], folder: Path, verdicts: pa.Table
) -> None:
    final, patches = collected(verdicts, TileTables.from_paths(paths(folder, *order)), folder)
    assert final["slide_id"].to_pylist() == ["b", "a", "c"]
    assert final["candidate_tiles"].to_pylist() == [4, 2, 0]
    assert final["passed_tiles"].to_pylist() == [3, 2, 0]
    assert final["tile_bytes"].to_pylist() == [400, 200, 0]
    assert final["target_mpp"].to_pylist() == [0.5, 0.5, None]
    assert [(row["slide_id"], row["tile_col"]) for row in patches] == [
        *(("b", column) for column in range(4)),
        *(("a", column) for column in range(2)),
    ]
    for row in patches:
        slide_id = row["slide_id"]
        assert row["tile_container"] == f"tiles/{slide_id}.zip"
        assert row["tile_path"].startswith(f"{slide_id}_files/")
        assert (row["label"], row["split"]) == tuple(
            SHEET.value(slide_id, column) for column in ("label", "split")
        )


def test_the_status_of_a_slide_is_the_same_in_both_tables(folder: Path) -> None:
    slide_ids = ("fine", "lossy", "soft", "anisotropic", "inky")
    made = {
        "fine": tiles("fine", passing=9),
        "lossy": tiles("lossy", passing=9, lost=9),
        "soft": tiles("soft", soft=9),
        "anisotropic": tiles("anisotropic", passing=39, lost=1),
        "inky": tiles("inky", passing=1),
    }
    changes: dict[str, dict[str, Any]] = {
        "anisotropic": {"anisotropic": True},
        "inky": {"pen_fraction": 0.9},
    }
    for slide_id, table in made.items():
        tables.write_parquet(table, folder / f"{slide_id}.parquet")
    records = [good(slide_id, **changes.get(slide_id, {})) for slide_id in slide_ids]
    before = measured_qc.table(sheet(*slide_ids), records, {}, CRITERIA, leakage="stop")
    final, patches = collected(before, TileTables.from_paths(paths(folder, *slide_ids)), folder)
    status = dict(zip(slide_ids, final["qc_status"].to_pylist(), strict=True))
    assert list(status.values()) == ["PASS", "FAIL", "FAIL", "REVIEW", "FAIL"]
    assert {(row["slide_id"], row["qc_status"]) for row in patches} == set(status.items())
    assert final["qc_reasons"].to_pylist() == [
        None,
        "lost_fraction=0.5>0.05",
        "no_passing_tile",
        "anisotropic;salvaged",
        "pen_fraction=0.9>0.3",
    ]


def test_a_slide_whose_job_failed_needs_no_tiles(folder: Path) -> None:
    listed = sheet("died", "a")
    before = measured_qc.table(
        listed, [good("a")], {"died": refused("died", "job_failed")}, CRITERIA, leakage="stop"
    )
    final, patches = collected(before, TileTables.from_paths(paths(folder, "a")), folder)
    assert final["qc_status"].to_pylist() == ["ERROR", "PASS"]
    assert final["candidate_tiles"].to_pylist() == [0, 2]
    assert {row["slide_id"] for row in patches} == {"a"}


def test_a_slide_without_a_table_or_a_table_without_a_slide_is_named(
    folder: Path, verdicts: pa.Table
) -> None:
    with pytest.raises(CohortError, match="slide a has no table of tile metrics"):
        collected(verdicts, TileTables.from_paths(paths(folder, "b", "c")), folder)
    tables.write_parquet(tiles("d"), folder / "d.parquet")
    with pytest.raises(CohortError, match="slide d is tiled and has no verdict"):
        collected(verdicts, TileTables.from_paths(paths(folder, *"abcd")), folder)


def test_two_tables_of_one_slide_are_named(folder: Path) -> None:
    (folder / "again").mkdir()
    tables.write_parquet(TILES["a"], folder / "again/a.parquet")
    with pytest.raises(CohortError, match=r"slide a has two tables: \S+a\.parquet and \S+again/a"):
        TileTables.from_paths([*paths(folder, *"abc"), *paths(folder / "again", "a")])


def test_a_table_that_holds_the_tiles_of_another_slide_is_named(folder: Path) -> None:
    tables.write_parquet(TILES["b"], folder / "a.parquet")
    with pytest.raises(CohortError, match=r"a\.parquet holds tiles of another slide: delete it"):
        TileTables.from_paths(paths(folder, "a")).read("a")


# Tables of the optional stages


def counts(folder: Path, **tiles_of: int) -> list[Path]:
    """A count per tile of these slides."""
    for slide_id, number in tiles_of.items():
        rows = [
            {"slide_id": slide_id, "tile_col": i, "tile_row": 0, "nuclei_count": i}
            for i in range(number)
        ]
        table = tables.from_rows(rows, nuclei_tiles.SCHEMA)
        folder.mkdir(exist_ok=True)
        tables.write_parquet(table, folder / f"{slide_id}.parquet")
    return paths(folder, *tiles_of)


def test_columns_of_a_stage_go_to_the_tiles_of_their_slide(
    folder: Path, verdicts: pa.Table
) -> None:
    stage = counts(folder / "nuclei", c=0, b=4, a=2)
    _, patches = collected(verdicts, TileTables.from_paths(paths(folder, *"abc"), stage), folder)
    assert [row["nuclei_count"] for row in patches] == [0, 1, 2, 3, 0, 1]
    assert {row["stain_status"] for row in patches} == {None}


def test_a_stage_that_lacks_a_slide_or_has_one_too_many_is_named(folder: Path) -> None:
    with pytest.raises(CohortError, match="slide c: one of its tile tables is missing"):
        TileTables.from_paths(paths(folder, *"abc"), counts(folder / "fewer", a=2, b=4))
    with pytest.raises(CohortError, match="slide b: one of its tile tables is missing"):
        TileTables.from_paths(paths(folder, "a"), counts(folder / "more", a=2, b=4))


def test_a_stage_of_another_run_is_named(folder: Path) -> None:
    read = TileTables.from_paths(paths(folder, "a"), counts(folder / "nuclei", a=3)).read
    with pytest.raises(CohortError, match=r"nuclei/a\.parquet and \S+ come from different runs"):
        read("a")


@pytest.mark.parametrize(
    ("container", "where"), [("zip", "tiles/a.zip"), ("directory", "tiles/a"), ("none", None)]
)
def test_a_tile_without_pixels_has_no_container(
    folder: Path, container: str, where: str | None
) -> None:
    tables.write_parquet(tiles("a", passing=1, lost=1), folder / "a.parquet")
    before = measured_qc.table(sheet("a"), [good("a")], {}, CRITERIA, leakage="stop")
    tile_tables = TileTables.from_paths(paths(folder, "a"))
    _, (tile, lost) = collected(before, tile_tables, folder, container)
    assert (tile["tile_container"], lost["tile_container"]) == (where, None)
    assert (lost["qc_status_tile"], lost["qc_reasons_tile"]) == ("FAIL", "lost")
    assert list(tile) == patch_cohort.SCHEMA.names


def test_a_slide_that_its_cohort_tells_to_be_of_another_stain_has_no_h_and_e(
    folder: Path,
) -> None:
    """The densities were measured before the others were known; they stand in no table."""
    verdicts = measured_qc.table(
        SHEET, [good("a"), good("b"), refused("c")], {}, CRITERIA, leakage="stop"
    )
    told = pa.array([None, "stain_differs=blue_ratio_low:-9<-3.5", "file_missing"])
    index = verdicts.column_names.index("qc_reasons")
    verdicts = verdicts.set_column(index, "qc_reasons", told)
    _, patches = collected(verdicts, TileTables.from_paths(paths(folder, "a", "b", "c")), folder)
    densities = {
        slide_id: {
            (r["hematoxylin_od"], r["eosin_od"]) for r in patches if r["slide_id"] == slide_id
        }
        for slide_id in "ab"
    }
    assert densities["a"] == {(None, None)}
    assert all(None not in pair for pair in densities["b"])
