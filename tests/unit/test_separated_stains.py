"""Tiles separated into stains: grey pictures of densities relative to the slide's glass."""

import cv2
import numpy as np
from grossing.stain import optical_density
from grossing.support import tables
from grossing.tiles import separated_stains
from stages import decoded, full_resolution, members, with_stain

CHANNELS = separated_stains.CHANNELS


def separate(tiled, record, outputs):
    separated_stains.separate(
        tiled.container, tiled.metrics, outputs, record=record, encoding=tiled.encoding
    )


def grey(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


def written(metrics):
    """Rows of the tiles that have a picture."""
    return [row for row in tables.read(metrics).to_pylist() if row["tile_path"]]


def test_separated_tiles_are_grey_densities_relative_to_the_glass(tiled, real, tmp_path):
    outputs = {name: tmp_path / name for name in CHANNELS}
    separate(tiled, real.record, outputs)
    raw, rows = members(tiled.container), written(tiled.metrics)
    for name, channel in CHANNELS.items():
        made = members(outputs[name])
        top = full_resolution(made)
        assert set(top) == {row["tile_path"] for row in rows}
        for row in rows:
            tile, rgb = grey(made[row["tile_path"]]), decoded(raw[row["tile_path"]])
            density = optical_density.separate(rgb, glass=real.record.glass)[..., channel]
            apart = np.abs(tile - optical_density.to_grey(density).astype(int))
            assert tile.shape == (256, 256)
            assert apart.max() == 0 if tiled.encoding.format == "png" else apart.mean() < 4
        below = [member for member in made if "/" in member and member not in top]
        assert below and all(grey(made[member]).ndim == 2 for member in below)


def test_mean_densities_of_the_table_are_those_of_the_pictures(tiled, real, tmp_path):
    """Clipping at 0 can only raise the mean of a picture."""
    near = 0.01 if tiled.encoding.format == "png" else 0.03  # the table is of the raw pixels
    separate(tiled, real.record, {"hematoxylin": tmp_path / "h"})
    made = members(tmp_path / "h")
    for row in written(tiled.metrics):
        mean = grey(made[row["tile_path"]]).mean() / optical_density.GREY_PER_OD
        assert -near < mean - row["hematoxylin_od"] < 0.04 + near


def test_another_stain_has_no_tiles_of_hematoxylin_and_eosin(tiled, real, tmp_path):
    separate(tiled, with_stain(real.record, is_he=False), {"eosin": tmp_path / "e"})
    assert list(members(tmp_path / "e")) == ["A.1.dzi"]
