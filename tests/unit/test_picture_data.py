"""What the page is given of one slide: where its picture and its tiles lie, also without tiles."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import records
from grossing.report import tile_data
from grossing.report.picture_data import PictureData
from grossing.slide.record import SlideRecord

CONFIG = {
    "target_mpp": 0.5,
    "target_mpp_tolerance": 0.02,
    "tiles": {"size_px": 512},
    "focus": {"tile_um": 128.0},
}


def written(folder: Path, record: SlideRecord, **config: Any) -> dict[str, Any]:
    """The data file of a slide that is number 3, without the call around it."""
    number = {"x": 0, "y": 1, "z": 2, record.slide_id: 3}
    data = PictureData(folder, folder, number, CONFIG | config)
    assert list(data.passing(iter([record]))) == [record]
    assert data.marks() == "nnny"
    text = (folder / "facts/3.js").read_text()
    assert text.startswith('GROSSING.receive("facts 3",')
    facts: dict[str, Any] = json.loads(text[len('GROSSING.receive("facts 3",') : -3])
    return facts


def test_records_pass_one_by_one(tmp_path: Path) -> None:
    taken = []

    def some() -> Iterator[SlideRecord]:
        for slide_id in "ab":
            taken.append(slide_id)
            yield records.good(slide_id)

    passing = PictureData(tmp_path, tmp_path, {"a": 0, "b": 1}, CONFIG).passing(some())
    next(passing)
    assert taken == ["a"]  # ten thousand of them are never held at once


def test_the_tiled_picture_is_that_of_the_container(tmp_path: Path) -> None:
    facts = written(tmp_path, records.good())
    assert facts["frame"]["width"] == 40_000
    assert facts["picture"] == {
        "width": 40 * 512,  # 39.06 tiles of 1024 level-0 px
        "height": 30 * 512,
        "tile_px": 512,
        "tile_level0_px": 1024,
    }


def test_a_slide_that_is_too_coarse_has_no_tiled_picture(tmp_path: Path) -> None:
    facts = written(tmp_path, records.good(), target_mpp=0.1)
    assert facts["picture"] is None
    assert facts["frame"]["width"] == 40_000


def test_a_slide_that_cannot_be_used_has_no_frame(tmp_path: Path) -> None:
    facts = written(tmp_path, records.refused())
    assert "frame" not in facts
    assert facts["file"] is None


def test_places_of_focus_keep_what_is_not_known_apart(tmp_path: Path) -> None:
    places = written(tmp_path, records.good(focus=(0.5, None, 2.0)))["places"]
    focus = places["metrics"]["focus"]
    scaled = np.frombuffer(base64.b64decode(focus["values"]), "<u2")
    assert (focus["low"], focus["high"], places["count"]) == (0.5, 2.0, 3)
    assert scaled.tolist() == [0, tile_data.MISSING, tile_data.MISSING - 1]


@pytest.mark.parametrize("kept", [True, False])
def test_tiles_without_pixels_are_not_said_to_be_stored(kept: bool) -> None:
    tiles = records.tiles("a", passing=2, lost=1)
    if not kept:
        nothing = [None] * tiles.num_rows
        tiles = tiles.set_column(
            tiles.schema.get_field_index("tile_path"),
            tiles.schema.field("tile_path"),
            pa.array(nothing, pa.string()),
        )
    tiles = tiles.append_column("qc_reasons_tile", [[None] * tiles.num_rows])
    tiles = tiles.append_column("tile_container", [["tiles/a.zip"] * tiles.num_rows])
    grid = tile_data.grid(tiles)
    stored = np.frombuffer(base64.b64decode(grid["stored"]), np.uint8).tolist()
    assert stored == [int(path is not None) for path in tiles["tile_path"].to_pylist()]
    assert (grid["suffix"] is None) == (not any(stored))
