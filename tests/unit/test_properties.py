"""What holds for every input: tile grid, pyramids, verdicts, sheets; inputs made by Hypothesis."""

import csv
import re
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import pyvips
from grossing.cohort import decide, sheet, thresholds, values
from grossing.slide import grid
from grossing.slide.record import Bounds, SlideRecord
from grossing.support import images
from grossing.tiles import deepzoom
from hypothesis import assume, given
from hypothesis import strategies as st
from stages import CRITERIA, measured

SCHEMA = Path(__file__).parents[2] / "workflow/schemas/cohort.schema.yaml"
MPP = st.floats(0.05, 20)


# ---- grid ----------------------------------------------------------------------------------------


@st.composite
def grids(draw: st.DrawFn, side_max: int = 100_000) -> grid.Grid:
    """Grids over any bounds, of any resolution that is not coarser than the target."""
    mpp, target = sorted((draw(MPP), draw(MPP)))
    corner, side = st.integers(0, 10_000), st.integers(1, side_max)
    return grid.make(
        Bounds(draw(corner), draw(corner), draw(side), draw(side)),
        mpp,
        size_px=2 * draw(st.integers(1, 1024)),
        target_mpp=target,
        target_mpp_tolerance=draw(st.floats(0, 0.1)),
    )


@given(grids())
def test_tiles_start_at_the_bounds_and_follow_each_other_without_gaps(tiles: grid.Grid) -> None:
    side, bounds = tiles.side_level0_px, tiles.bounds
    assert side >= 1
    assert tiles.corner(0, 0) == (bounds.x, bounds.y)
    assert tiles.corner(3, 5) == (bounds.x + 3 * side, bounds.y + 5 * side)
    assert (tiles.columns - 1) * side < bounds.width <= tiles.columns * side
    assert (tiles.rows - 1) * side < bounds.height <= tiles.rows * side
    assert tiles.padded_width_px - tiles.size_px < tiles.width_px <= tiles.padded_width_px
    assert tiles.padded_height_px - tiles.size_px < tiles.height_px <= tiles.padded_height_px


@given(grids(side_max=60))
def test_every_pixel_of_the_bounds_is_in_exactly_one_tile(tiles: grid.Grid) -> None:
    bounds, side = tiles.bounds, min(tiles.side_level0_px, 60)
    covered = np.zeros((bounds.height, bounds.width), int)
    for column in range(tiles.columns):
        for row in range(tiles.rows):
            x, y = tiles.corner(column, row)
            part = covered[y - bounds.y :, x - bounds.x :][:side, :side]
            assert part.size, (column, row)
            part += 1
    assert (covered == 1).all()


@given(MPP, MPP, st.integers(1, 1024), st.floats(0, 0.1))
def test_resolution_of_the_tiles_is_the_target_within_tolerance_or_half_a_pixel(
    mpp: float, target: float, half: int, tolerance: float
) -> None:
    assume(not grid.is_coarser(mpp, target, tolerance))
    options = {"size_px": 2 * half, "target_mpp": target, "target_mpp_tolerance": tolerance}
    tiles = grid.make(Bounds(0, 0, 10, 10), mpp, **options)
    assert tiles.mpp == pytest.approx(mpp * tiles.side_level0_px / tiles.size_px)
    assert abs(tiles.mpp - target) <= max(tolerance * target, mpp / 4 / half) * (1 + 1e-6)


@given(st.integers(1, 40), st.integers(1, 40), st.floats(1, 50), st.floats(1, 16), st.integers(0))
def test_shares_of_all_squares_add_up_to_the_mask(
    width: int, height: int, side: float, downsample: float, seed: int
) -> None:
    mask = np.random.default_rng(seed).random((height, width)) < 0.5
    bounds = Bounds(7, 9, int(np.ceil(width * downsample)), int(np.ceil(height * downsample)))
    shares = grid.shares_of_squares(mask, bounds, side, downsample)
    assert (shares >= -1e-9).all()
    assert (shares <= 1 + 1e-9).all()
    assert shares.sum() * (side / downsample) ** 2 == pytest.approx(mask.sum(), abs=1e-6)


# ---- DeepZoom ------------------------------------------------------------------------------------


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([2, 16, 32, 50]))
def test_members_and_sizes_of_a_pyramid_are_those_of_dzsave(
    columns: int, rows: int, tile_px: int
) -> None:
    height, width = rows * tile_px, columns * tile_px
    ramp = np.add.outer(np.arange(height), np.arange(width)) % 251
    picture = np.ascontiguousarray(np.repeat(ramp[..., None], 3, axis=2).astype(np.uint8))
    with tempfile.TemporaryDirectory() as folder:
        _write_pyramid(Path(folder, "ours.zip"), picture, tile_px)
        pyvips.Image.new_from_array(picture).dzsave(
            str(Path(folder, "vips.zip")),
            imagename="a",
            tile_size=tile_px,
            overlap=0,
            container="zip",
            suffix=".png",
        )
        ours, vips = (_sizes(Path(folder, f"{name}.zip")) for name in ("ours", "vips"))
    del vips["a_files/vips-properties.xml"]
    assert ours == vips


def _write_pyramid(path: Path, picture: np.ndarray, tile_px: int) -> None:
    height, width = picture.shape[:2]
    pyramid = deepzoom.Pyramid(
        deepzoom.ZipContainer(path),
        name="a",
        width=width,
        height=height,
        tile_px=tile_px,
        suffix="png",
        glass=np.full(3, 255, np.uint8),
        encode=images.png,
    )
    squares = [(x, y) for x in range(width // tile_px) for y in range(height // tile_px)]
    with pyramid:
        for column, row in sorted(squares, key=lambda square: deepzoom.z_order(*square)):
            tile = picture[row * tile_px :, column * tile_px :][:tile_px, :tile_px]
            tile = np.ascontiguousarray(tile)
            pyramid.add(column, row, images.png(tile), deepzoom.half_size(tile))


def _sizes(path: Path) -> dict[str, tuple[int, ...] | bytes]:
    """Shape of each picture of a container, and the text of its description."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    return {
        name: cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape
        if name.endswith(".png")
        else data
        for name, data in members.items()
    }


# ---- verdicts ------------------------------------------------------------------------------------


def relaxed(limits: dict[str, float], by: float) -> dict[str, float]:
    """The limits, each moved by a share of itself to where less fails."""
    rules = (*thresholds.TILE, *thresholds.SLIDE, *thresholds.AFTER_TILING, thresholds.BRIGHTFIELD)
    directions = {rule.limit: rule.direction for rule in rules}
    return {
        name: value * (1 + by if directions[name] == "max" else 1 - by)
        if name in directions
        else value
        for name, value in limits.items()
    }


@st.composite
def judged_columns(draw: st.DrawFn) -> decide.TileColumns:
    """Columns of tiles; values are anything from far below a limit to far above it, or missing."""
    count = draw(st.integers(1, 8))
    columns = {}
    for name in (rule.column for rule in thresholds.TILE):
        limits = [CRITERIA.tile[rule.limit] for rule in thresholds.TILE if rule.column == name]
        most = 3 * max([*limits, 0.5])
        value = st.one_of(st.floats(0, most), st.just(np.nan), st.sampled_from([*limits, 0.0]))
        columns[name] = np.array(draw(st.lists(value, min_size=count, max_size=count)))
    flags = st.lists(st.booleans(), min_size=count, max_size=count)
    return decide.TileColumns(columns, np.array(draw(flags)), np.array(draw(flags)))


@given(judged_columns(), st.floats(0, 0.9))
def test_a_relaxed_limit_never_fails_a_tile(columns: decide.TileColumns, by: float) -> None:
    before = decide.tiles(columns, CRITERIA.tile)
    after = decide.tiles(columns, relaxed(dict(CRITERIA.tile), by))
    assert (after.passed | ~before.passed).all()
    assert not (after.suspicious & ~before.suspicious).any()


@given(judged_columns())
def test_a_tile_has_reasons_where_it_fails_and_only_there(columns: decide.TileColumns) -> None:
    judged = decide.tiles(columns, CRITERIA.tile)
    assert [reason is None for reason in judged.reasons] == judged.passed.tolist()
    assert not (judged.passed & (columns.lost | judged.suspicious)).any()


@pytest.fixture(scope="module")
def sound(real_slide: Path) -> SlideRecord:
    """The record of a slide that passes."""
    record = measured(real_slide).record
    assert decide.slide(record, CRITERIA).status == "PASS"
    return record


SHARE = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.2, 0.3, 1.0]))


@given(area=st.floats(0, 1), pen=SHARE, blurred=st.floats(0, 1), bright=st.floats(0, 255), by=SHARE)
def test_a_relaxed_limit_never_fails_a_slide(
    sound: SlideRecord, area: float, pen: float, blurred: float, bright: float, by: float
) -> None:
    measures = sound.measures
    assert measures is not None
    places = measures.focus.focus_tiles
    focus = tuple(0.1 if i < blurred * 20 else 1.9 for i in range(20))
    changed = replace(
        measures,
        areas=replace(measures.areas, tissue_area_mm2=area, pen_fraction=pen),
        focus=replace(measures.focus, focus_tiles=replace(places, focus=focus)),
        light=replace(measures.light, brightness=bright),
    )
    record = replace(sound, measures=changed)
    before = decide.slide(record, CRITERIA)
    limits = relaxed(dict(CRITERIA.slide), by)
    after = decide.slide(record, replace(CRITERIA, slide=limits))
    if before.status in decide.TILED:
        assert after.status in decide.TILED, after
    assert bool(before.reasons) is (before.status != "PASS")


@given(st.sampled_from(["PASS", "REVIEW", "FAIL", "ERROR"]), st.integers(0, 9), SHARE, SHARE, SHARE)
def test_tiling_only_lowers_a_verdict_and_relaxed_limits_lower_it_less(
    status: str, passed: int, first: float, second: float, by: float
) -> None:
    result = decide.TilingResult(10, passed, first, second, first * second)
    verdict = decide.Verdict(status, () if status == "PASS" else ("near_threshold",))
    strict = decide.after_tiling(verdict, result, CRITERIA.slide)
    loose = decide.after_tiling(verdict, result, relaxed(dict(CRITERIA.slide), by))
    order = decide.STATUSES.index
    assert order(verdict.status) <= order(loose.status) <= order(strict.status)
    assert set(verdict.reasons) <= set(strict.reasons)


# ---- sheet ---------------------------------------------------------------------------------------

ID = st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,12}", fullmatch=True)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
COLUMNS = ("slide_id", "path", "case_id", "label", "note")


@st.composite
def sheets(draw: st.DrawFn) -> list[dict[str, str]]:
    """Rows with an id that is no mark of a missing value, a path, and any text."""
    ids = draw(st.lists(ID, min_size=1, max_size=5, unique=True))
    assume(
        not any(values.is_missing(slide_id) or re.search(r"(.)\1{3}", slide_id) for slide_id in ids)
    )
    return [
        {"slide_id": slide_id, "path": f"{slide_id}.svs"}
        | {name: draw(TEXT) for name in COLUMNS[2:]}
        for slide_id in ids
    ]


def written_and_read(folder: str, rows: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    path = Path(folder, "cohort.csv")
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows(rows)
    return sheet.read_sheet(path, SCHEMA).rows


@given(sheets())
def test_a_sheet_that_was_read_is_read_again_as_it_is(rows: list[dict[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        first = written_and_read(folder, rows)
        second = written_and_read(folder, list(first.values()))
    assert first == second
    assert list(first) == [row["slide_id"] for row in rows]
    for row in rows:
        read = first[row["slide_id"]]
        assert read["note"] == row["note"].strip()
        for name in ("case_id", "label"):
            text = row[name].strip()
            if text.isascii() and text.isprintable() and not values.is_missing(text):
                assert read[name] == text
