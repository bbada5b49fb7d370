"""The tiles of a slide in the colours of a reference: names, bytes, and what became of each."""

from dataclasses import replace

import numpy as np
import pytest
from grossing.slide.identity import Identity
from grossing.slide.record import SlideRecord
from grossing.stain import fit as stain_fit
from grossing.stain import normalisation, reference
from grossing.support import tables
from grossing.support.records import Refusal
from grossing.tiles import normalized_tiles, pyramid_writer, separated_stains
from stages import decoded, full_resolution, measured, members, with_stain, write_rows


@pytest.fixture(scope="module")
def record(real):
    return real.record


def normalize(tiled, output, record, **options):
    """The rows of the new tiles, as dicts."""
    usual = {
        "reference": reference.read_fit(None, "macenko"),
        "method": "macenko",
        "scope": "slide",
        "record": record,
        "encoding": tiled.encoding,
    }
    made = normalized_tiles.normalize(tiled.container, tiled.metrics, output, **usual | options)
    return [vars(row) for row in made.rows]


def test_each_tile_is_what_apply_makes_of_it(tiled, record, tmp_path):
    rows = normalize(tiled, tmp_path / "n", record)
    raw, made = members(tiled.container), members(tmp_path / "n")
    assert made.keys() == raw.keys() - (set(full_resolution(raw)) - set(full_resolution(made)))
    assert len(full_resolution(made)) == len(rows) - 1
    found = record.usable().measures.stain.stain_fit.macenko
    suffix = tiled.encoding.format
    for row in rows[1:]:
        name = next(n for n in full_resolution(raw) if n.endswith(f"/{place(row)}.{suffix}"))
        expected, reason = normalisation.apply(found, decoded(raw[name]), glass=record.glass)
        assert row["stain_status"] == (reason or "normalized")
        if reason:
            assert made[name] == raw[name]
        else:
            apart = np.abs(decoded(made[name]).astype(int) - expected)
            assert apart.mean() < (0.01 if suffix == "png" else 6)


def test_tiles_that_the_mask_calls_ink_pass_through(tiled, record, tmp_path):
    """Pink and purple ink has the colours of the stains."""
    rows = tables.read(tiled.metrics).to_pylist()
    ink = {"pen_fraction": 0.6, "tissue_fraction": 0.4}
    inked = [row | ink if n % 2 else row for n, row in enumerate(rows)]
    write_rows(inked, tmp_path / "metrics.parquet")
    plain = normalize(tiled, tmp_path / "plain", record)
    made = normalize(replace(tiled, metrics=tmp_path / "metrics.parquet"), tmp_path / "m", record)
    would = [n for n, row in enumerate(plain) if row["stain_status"] == "normalized"]
    status = {n % 2: set() for n in would}
    for n in would:
        status[n % 2].add(made[n]["stain_status"])
    assert status == {0: {"normalized"}, 1: {"foreign_colour"}}


def place(row):
    return f"{row['tile_col']}_{row['tile_row']}"


def test_rows_are_those_of_the_metrics_and_a_lost_tile_has_no_status(tiled, record, tmp_path):
    rows = normalize(tiled, tmp_path / "n", record)
    metrics = tables.read(tiled.metrics).to_pylist()
    assert [place(row) for row in rows] == [place(row) for row in metrics]
    assert [row["stain_status"] is None for row in rows] == [row["lost"] for row in metrics]


def test_again_and_on_threads_the_bytes_are_the_same(tiled, record, tmp_path):
    for name, threads in (("a", 1), ("b", 1), ("c", 3)):
        normalize(tiled, tmp_path / name, record, threads=threads)
    once, again, threaded = (members(tmp_path / name) for name in "abc")
    assert once == again == threaded
    if (tmp_path / "a").is_file():
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("status", ["not_he", "fit_failed"])
def test_tiles_that_cannot_be_normalised_are_copies(tiled, record, tmp_path, status):
    without = with_stain(record, stain_fit=None, is_he=status != "not_he")
    rows = normalize(tiled, tmp_path / "n", without)
    assert {row["stain_status"] for row in rows[1:]} <= {status, "too_little_tissue"}
    assert status in {row["stain_status"] for row in rows}
    raw, made = full_resolution(members(tiled.container)), full_resolution(members(tmp_path / "n"))
    assert made.items() <= raw.items()


def with_glass(record, level):
    light = replace(
        record.measures.light, background_r=level, background_g=level, background_b=level
    )
    return replace(record, measures=replace(record.measures, light=light))


def test_a_slide_without_glass_is_normalised_by_the_light_of_its_fit(tiled, record, tmp_path):
    for name, level in (("none", None), ("assumed", 240)):
        normalize(tiled, tmp_path / name, with_glass(record, level))
    assert members(tmp_path / "none") == members(tmp_path / "assumed")


def test_no_scope_makes_a_patchwork_of_a_slide(tiled, record, tmp_path):
    """The same tiles are normalised with both; none of a slide whose own fit is refused."""
    for name, shown in (("whole", record), ("without", with_stain(record, stain_fit=None))):
        of_slide, of_tiles = (
            [
                row["stain_status"]
                for row in normalize(tiled, tmp_path / f"{name}_{s}", shown, scope=s)
            ]
            for s in ("slide", "tile")
        )
        assert of_tiles == of_slide
        assert ("normalized" in of_slide) == (name == "whole")


def test_scope_tile_is_torchstain_on_each_tile(tiled, record, tmp_path):
    rows = normalize(tiled, tmp_path / "n", record, scope="tile")
    assert "normalized" in {row["stain_status"] for row in rows}
    raw, made = full_resolution(members(tiled.container)), full_resolution(members(tmp_path / "n"))
    if tiled.encoding.format == "png":
        for name in made:
            tile = decoded(raw[name])
            expected, reason = normalisation.apply(
                stain_fit.fit(tile, record.glass), tile, glass=record.glass
            )
            if reason:
                found = record.measures.stain.stain_fit.macenko
                expected, _ = normalisation.apply(found, tile, glass=record.glass)
            assert np.array_equal(decoded(made[name]), expected)


def test_slide_that_was_not_tiled_gives_empty_containers(tiled, tmp_path):
    name, encoding = "gone", tiled.encoding
    pyramid_writer.write_empty(tmp_path / "tiles", name, encoding)
    write_rows([], tmp_path / "metrics.parquet")
    empty = replace(tiled, container=tmp_path / "tiles", metrics=tmp_path / "metrics.parquet")
    gone = SlideRecord(name, Identity(None, None), Refusal("file_missing", "", ""))
    assert normalize(empty, tmp_path / "n", gone) == []
    separated_stains.separate(
        empty.container,
        empty.metrics,
        {"eosin": tmp_path / "e"},
        record=gone,
        encoding=encoding,
    )
    assert list(members(tmp_path / "n")) == list(members(tmp_path / "e")) == [f"{name}.dzi"]


def test_the_slide_keeps_its_fit_unless_it_is_not_he(real_slide, record):
    stain = record.usable().measures.stain
    vector = (stain.stain_h_r, stain.stain_h_g, stain.stain_h_b)
    assert stain.stain_fit.macenko.h == pytest.approx(vector, abs=1e-4)
    assert stain.stain_fit.reinhard is not None
    assert measured(real_slide, stain="Ki67").record.usable().measures.stain.stain_fit is None
