"""What is known of a tile besides its pixels: never scanned, or refused by one of two decoders."""

from pathlib import Path
from typing import Any

import damage
import make_slide
import make_stack
import numpy as np
import odd_tiff
import pytest
from grossing.cohort import collect, decide, measured_qc
from grossing.cohort.collect import TileTables
from grossing.cohort.patch_writer import PatchWriter
from grossing.measure.measured import Measured
from grossing.support import tables
from records import sheet
from stages import CONFIG, CRITERIA, cut, decoded, measured, write_rows

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def jpeg(real_slide: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """0.5 um/px, stored tiles of 256 px: each is one tile."""
    path = tmp_path_factory.mktemp("evidence") / "jpeg.svs"
    make_slide.make_slide(
        real_slide, path, 2100, 1800, mpp=0.5, tissue_fraction=0.6, pen=False, blurred_fraction=0
    )
    return path


@pytest.fixture(scope="module")
def picture(real_slide: Path) -> np.ndarray:
    return np.ascontiguousarray(make_stack.region(real_slide)[900:2692, 400:1936])


def judged(found: Measured, rows: Rows, folder: Path) -> tuple[dict[str, Any], Rows]:
    """The row of `cohort_qc`, and those of `patch_cohort`."""
    write_rows(rows, folder / "A.1.parquet")
    before = measured_qc.table(sheet("A.1"), [found.record], {}, CRITERIA, leakage="stop")
    with PatchWriter(folder / "p.parquet", folder / "p.csv", csv_rows_max=0) as writer:
        final = collect.tiles(
            before,
            TileTables.from_paths([folder / "A.1.parquet"]),
            writer,
            limits=CONFIG["thresholds"],
            container="zip",
        )
    return final.to_pylist()[0], tables.read(folder / "p.parquet").to_pylist()


def by_place(rows: Rows) -> dict[tuple[int, int], dict[str, Any]]:
    return {(row["tile_col"], row["tile_row"]): row for row in rows}


def full_tile(rows: Rows, width_px: int, height_px: int) -> dict[str, Any]:
    """The candidate with the most tissue that lies inside the picture."""
    inside = [
        row
        for row in rows
        if row["x_level0_px"] + row["size_level0_px"] <= width_px
        and row["y_level0_px"] + row["size_level0_px"] <= height_px
    ]
    return max(inside, key=lambda row: row["tissue_fraction"])


# Never scanned


@pytest.mark.parametrize("kind", ["jpeg", "deflate"])
def test_stored_tiles_without_bytes_are_absent(
    kind: str, jpeg: Path, picture: np.ndarray, tmp_path: Path
) -> None:
    path = jpeg
    if kind == "deflate":
        path = odd_tiff.write(tmp_path / "a.tif", [picture], compression="zlib")
    whole = measured(path)
    assert whole.record.file is not None
    width, height = whole.record.file.width_px, whole.record.file.height_px
    sound = cut(path, whole, None, CONFIG["tiles"])
    assert {row["absent_fraction"] for row in sound} == {0}
    row = full_tile(sound, width, height)
    across, place = -(-width // 256), (2 * row["tile_col"], 2 * row["tile_row"])
    indices = [(place[1] + dy) * across + place[0] + dx for dx, dy in ((0, 0), (1, 1))]
    holed = damage.empty_tiles(path, tmp_path / f"b{path.suffix}", indices)
    found = measured(holed)
    rows = cut(holed, found, tmp_path / "tiles.zip", CONFIG["tiles"])
    slide, patches = judged(found, rows, tmp_path)
    tile = by_place(patches)[row["tile_col"], row["tile_row"]]
    assert tile["absent_fraction"] == pytest.approx(0.5, abs=0.02)
    assert tile["qc_reasons_tile"].startswith("absent_fraction=0.5")
    assert slide["suspicious_fraction"] == 0
    mean = np.mean([row["absent_fraction"] for row in rows])
    assert slide["absent_fraction"] == pytest.approx(mean)
    assert mean > 0.02


def test_a_slide_that_is_mostly_gaps_fails(picture: np.ndarray, tmp_path: Path) -> None:
    """They are counted where the smaller level shows tissue."""
    whole = odd_tiff.write(tmp_path / "whole.tif", [picture, picture[::4, ::4]])
    path = damage.empty_tiles(whole, tmp_path / "a.tif", range(0, 6 * 7, 2))
    found = measured(path)
    slide, patches = judged(found, cut(path, found, None), tmp_path)
    assert slide["qc_status"] == "FAIL" and "absent_fraction=" in slide["qc_reasons"]
    assert all(p["qc_status_tile"] == "FAIL" for p in patches if p["absent_fraction"] > 0.05)


def test_a_hole_of_a_smaller_level_is_filled_from_level_0(
    picture: np.ndarray, tmp_path: Path
) -> None:
    twin = picture.repeat(2, axis=0).repeat(2, axis=1)
    levels = [twin, picture, picture[::2, ::2], picture[::4, ::4]]
    whole = odd_tiff.write(tmp_path / "whole.tif", levels, mpp=0.25)
    sound = cut(whole, measured(whole), tmp_path / "whole.zip")
    row = full_tile(sound, twin.shape[1], twin.shape[0])
    across = -(-picture.shape[1] // 256)
    index = row["tile_row"] * across + row["tile_col"]
    path = damage.empty_tiles(whole, tmp_path / "holed.tif", [index], page=1)
    rows = cut(path, measured(path), tmp_path / "holed.zip")
    same = ("tile_col", "tile_row", "absent_fraction", "focus", "overview_difference")
    assert [[row[name] for name in same] for row in rows] == [
        [row[name] for name in same] for row in sound
    ]
    assert {row["absent_fraction"] for row in rows} == {0}
    for one, other in zip(sound, rows, strict=True):
        pair = [
            decoded((tmp_path / name).read_bytes()[r["tile_offset"] :][: r["tile_bytes"]])
            for name, r in (("whole.zip", one), ("holed.zip", other))
        ]
        assert np.array_equal(*pair)


def test_what_level_0_lacks_too_stays_absent(picture: np.ndarray, tmp_path: Path) -> None:
    twin = picture.repeat(2, axis=0).repeat(2, axis=1)
    whole = odd_tiff.write(tmp_path / "whole.tif", [twin, picture], mpp=0.25)
    row = full_tile(cut(whole, measured(whole), None), twin.shape[1], twin.shape[0])
    fine, coarse = -(-twin.shape[1] // 256), -(-picture.shape[1] // 256)
    column, line = row["tile_col"], row["tile_row"]
    path = damage.empty_tiles(whole, tmp_path / "a.tif", [line * coarse + column], page=1)
    quarter = [2 * line * fine + 2 * column]
    path = damage.empty_tiles(path, tmp_path / "b.tif", quarter)
    found = by_place(cut(path, measured(path), None))[column, line]
    assert found["absent_fraction"] == pytest.approx(0.25, abs=0.01)


# Refused by one decoder


def with_extra_bytes(src: Path, dst: Path, index: int) -> Path:
    """OpenSlide decodes such a tile and says nothing; libjpeg warns of it."""
    stream = damage.tile_stream(src, index)
    return damage.replace_tile(src, dst, index, stream[:-2] + bytes([18] * 50) + stream[-2:])


def test_a_tile_that_only_openslide_decodes_never_passes_in_silence(
    jpeg: Path, tmp_path: Path
) -> None:
    row = full_tile(cut(jpeg, measured(jpeg), None, CONFIG["tiles"]), 2100, 1800)
    index = 2 * row["tile_row"] * 9 + 2 * row["tile_col"]
    path = with_extra_bytes(jpeg, tmp_path / "a.svs", index)
    found = measured(path)
    rows = cut(path, found, None, CONFIG["tiles"])
    assert {row["reader"] for row in rows} == {"raw"}
    marked = [(r["tile_col"], r["tile_row"]) for r in rows if r["decoders_disagree"]]
    assert marked == [(row["tile_col"], row["tile_row"])]
    slide, patches = judged(found, rows, tmp_path)
    tile = by_place(patches)[marked[0]]
    assert (tile["qc_status_tile"], tile["qc_reasons_tile"]) == ("FAIL", "decoders_disagree")
    assert slide["suspicious_fraction"] == pytest.approx(1 / len(rows))
    assert slide["qc_status"] != "PASS"


def test_a_warning_that_every_tile_carries_is_ignored(jpeg: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.svs"
    path.write_bytes(jpeg.read_bytes())
    for index in range(len(damage.tile_places(jpeg))):
        with_extra_bytes(path, path, index)
    found = measured(path)
    rows = cut(path, found, None, CONFIG["tiles"])
    slide, patches = judged(found, rows, tmp_path)
    sound = cut(jpeg, measured(jpeg), None, CONFIG["tiles"])
    before, _ = judged(measured(jpeg), sound, tmp_path)
    assert slide["qc_status"] == before["qc_status"] == decide.PASS
    assert (
        slide["passed_tiles"]
        == before["passed_tiles"]
        == sum(patch["qc_status_tile"] == "PASS" for patch in patches)
    )
