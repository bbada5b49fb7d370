"""The tiles of a slide, normalised and separated: names, bytes, rows, grey pictures."""

import cv2
import numpy as np
import pytest
from grossing import dataset
from grossing.mask import labels
from grossing.measure import sampling
from grossing.slide import opening
from grossing.stain import fit as stain_fit
from grossing.stain import normalisation, optical_density
from grossing.support import tables
from grossing.tiles import deepzoom, normalized_tiles, separated_stains
from stages import CONFIG, PNG, cut, measured, members, write_rows

KINDS = {
    "png": PNG,
    "jpeg": CONFIG["tiles"] | {"size_px": 256},
    "directory": PNG | {"container": "directory"},
}


@pytest.fixture(scope="module")
def record(real_slide):
    return measured(real_slide).record


@pytest.fixture(scope="module", params=KINDS)
def tiled(request, real_slide, tmp_path_factory):
    """Tiles of the real slide, one of them glass, one lost: container, metrics, config section."""
    folder, section = tmp_path_factory.mktemp("tiled"), KINDS[request.param]
    target = folder / ("tiles" if section["container"] == "directory" else "tiles.zip")
    rows = cut(real_slide, measured(real_slide), target, section)
    rows[0] |= {"tile_path": None, "tile_offset": None, "tile_bytes": None, "lost": True}
    write_rows(rows, folder / "m.parquet")
    return target, folder / "m.parquet", section


def normalize(tiled, output, record, **options):
    container, metrics, section = tiled
    usual = {"reference": None, "method": "macenko", "scope": "slide"}
    options = usual | {"record": record, "tiles": section} | options
    return normalized_tiles.normalize(container, metrics, output, **options)


def top(made):
    """Members of the full resolution."""
    level = max(int(name.split("/")[1]) for name in made if "/" in name)
    return {name: data for name, data in made.items() if f"/{level}/" in name}


def grey(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def test_each_tile_is_what_apply_makes_of_it(tiled, record, tmp_path):
    rows = normalize(tiled, tmp_path / "n", record)
    raw, made = members(tiled[0]), members(tmp_path / "n")
    assert made.keys() == raw.keys() - (set(top(raw)) - set(top(made)))
    assert len(top(made)) == len(rows) - 1
    found = stain_fit.from_record(record["stain_fit"], "macenko")
    suffix = tiled[2]["format"]
    for row in rows[1:]:
        name = next(n for n in top(raw) if n.endswith(f"/{place(row)}.{suffix}"))
        expected, reason = normalisation.apply(found, dataset.decode(raw[name], {}))
        assert row["stain_status"] == (reason or "normalized")
        if reason:
            assert made[name] == raw[name]
        else:
            apart = np.abs(dataset.decode(made[name], {}).astype(int) - expected)
            assert apart.mean() < (0.01 if suffix == "png" else 6)


def place(row):
    return f"{row['tile_col']}_{row['tile_row']}"


def test_rows_are_those_of_the_metrics_and_a_lost_tile_has_no_status(tiled, record, tmp_path):
    rows = normalize(tiled, tmp_path / "n", record)
    metrics = tables.read(tiled[1]).to_pylist()
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
    without = record | {"stain_fit": None, "is_he": status != "not_he"}
    rows = normalize(tiled, tmp_path / "n", without)
    assert {row["stain_status"] for row in rows[1:]} <= {status, "too_little_tissue"}
    assert status in {row["stain_status"] for row in rows}
    raw, made = top(members(tiled[0])), top(members(tmp_path / "n"))
    assert made.items() <= raw.items()


def test_scope_tile_is_torchstain_on_each_tile(tiled, record, tmp_path):
    rows = normalize(tiled, tmp_path / "n", record, scope="tile")
    assert "normalized" in {row["stain_status"] for row in rows}
    raw, made = top(members(tiled[0])), top(members(tmp_path / "n"))
    if tiled[2]["format"] == "png":
        for name in made:
            tile = dataset.decode(raw[name], {})
            expected = normalisation.apply(normalisation.fit(tile), tile)[0]
            assert np.array_equal(dataset.decode(made[name], {}), expected)


def test_slide_that_was_not_tiled_gives_an_empty_container(record, tmp_path):
    name = record["slide_id"]
    sink = deepzoom.ZipContainer(tmp_path / "tiles.zip")
    sink.add(f"{name}.dzi", b'<Size Height="1" Width="1"/>')
    sink.finish()
    write_rows([], tmp_path / "m.parquet")
    empty = (tmp_path / "tiles.zip", tmp_path / "m.parquet", PNG)
    assert normalize(empty, tmp_path / "n.zip", {"slide_id": name, "readable": False}) == []
    separated_stains.separate(
        *empty[:2], {"eosin": tmp_path / "e.zip"}, record={"slide_id": name}, tiles=PNG
    )
    assert list(members(tmp_path / "n.zip")) == list(members(tmp_path / "e.zip")) == [f"{name}.dzi"]


def test_another_stain_has_no_tiles_of_haematoxylin_and_eosin(tiled, record, tmp_path):
    container, metrics, section = tiled
    ihc = record | {"is_he": False}
    separated_stains.separate(
        container, metrics, {"eosin": tmp_path / "e"}, record=ihc, tiles=section
    )
    assert list(members(tmp_path / "e")) == [f"{record['slide_id']}.dzi"]


def test_separated_tiles_are_grey_densities_relative_to_the_glass(tiled, record, tmp_path):
    container, metrics, section = tiled
    outputs = {name: tmp_path / name for name in separated_stains.CHANNELS}
    separated_stains.separate(container, metrics, outputs, record=record, tiles=section)
    raw, suffix = members(container), section["format"]
    glass = [record[f"background_{band}"] for band in "rgb"]
    for stain_name, channel in separated_stains.CHANNELS.items():
        made = members(outputs[stain_name])
        rows = [row for row in tables.read(metrics).to_pylist() if row["tile_path"]]
        assert set(top(made)) == {row["tile_path"] for row in rows}
        for row in rows:
            tile = grey(made[row["tile_path"]])
            expected = normalisation.separate(
                dataset.decode(raw[row["tile_path"]], row), glass=glass
            )
            apart = np.abs(tile - optical_density.to_grey(expected[..., channel]).astype(int))
            assert tile.shape == (256, 256)
            assert apart.max() == 0 if suffix == "png" else apart.mean() < 4
        below = [n for n in made if "/" in n and n not in top(made)]
        assert below and all(grey(made[name]).ndim == 2 for name in below)


def test_mean_densities_of_the_table_are_those_of_the_pictures(tiled, record, tmp_path):
    """Clipping at 0 can only raise the mean of a picture."""
    container, metrics, section = tiled
    near = 0.01 if section["format"] == "png" else 0.03  # the table is of the raw pixels
    separated_stains.separate(
        container, metrics, {"hematoxylin": tmp_path / "h"}, record=record, tiles=section
    )
    made = members(tmp_path / "h")
    for row in tables.read(metrics).to_pylist():
        if row["tile_path"]:
            mean = grey(made[row["tile_path"]]).mean() / optical_density.GREY_PER_OD
            assert -near < mean - row["hematoxylin_od"] < 0.04 + near


def test_only_tissue_is_pooled(real_slide):
    """A quarter of the mask's rows made pen takes a quarter of the pixels."""
    with opening.Slide(real_slide) as opened:
        facts = opening.facts(opened)
        mask = np.full((370, 277), labels.TISSUE, np.uint8)
        everything = pooled(opened, facts, mask)
        mask[::4] = labels.PEN
        part = pooled(opened, facts, mask)
    assert len(part) == pytest.approx(0.75 * len(everything), rel=0.02)


def pooled(opened, facts, mask):
    glass = np.array([243, 243, 243], np.uint8)
    return sampling.read(opened, facts, mask, 8.0, glass, **CONFIG["focus"]).pixels


def test_the_slide_keeps_its_fit_unless_it_is_not_he(real_slide, record):
    own = stain_fit.from_record(record["stain_fit"], "macenko")
    assert own.h == pytest.approx([record[f"stain_h_{band}"] for band in "rgb"], abs=1e-4)
    assert isinstance(stain_fit.from_record(record["stain_fit"], "reinhard"), stain_fit.Reinhard)
    assert measured(real_slide, stain="Ki67").record["stain_fit"] is None
