"""Masks of the user's own: every way to write one gives the same tissue, faults are named."""

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from grossing.mask import mask_file, mask_picture
from grossing.mask.mask_grid import MaskGrid
from grossing.support.errors import SlideError
from PIL import Image

GRID = MaskGrid(40, 30, 16.0, 0, 0, 640, 480, 640, 480)
#: a ring with a hole in it, at the grid's resolution, off the middle in both axes
RING = np.zeros((30, 40), np.bool_)
RING[4:20, 6:30] = True
RING[8:14, 12:20] = False
SQUARE = [[96, 64], [480, 64], [480, 320], [96, 320], [96, 64]]
HOLE = [[192, 128], [320, 128], [320, 224], [192, 224], [192, 128]]
POLYGON = {"type": "Polygon", "coordinates": [SQUARE, HOLE]}


def encoded(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def on_grid(folder: Path, data: bytes | str | Any, grid: MaskGrid = GRID) -> np.ndarray:
    """A mask's file on a grid; what is neither bytes nor text is written as JSON."""
    text = data if isinstance(data, bytes | str) else json.dumps(data)
    (folder / "mask").write_bytes(text.encode() if isinstance(text, str) else text)
    return mask_file.read(folder / "mask").on(grid)


def refused(folder: Path, data: Any) -> SlideError:
    with pytest.raises(SlideError) as error:
        on_grid(folder, data)
    return error.value


def grey(factor: int = 1, high: int = 255, kind: type = np.uint8) -> np.ndarray:
    return np.kron(RING, np.ones((factor, factor))).astype(kind) * kind(high)


def with_alpha(colour: tuple[int, int, int]) -> Image.Image:
    """The ring in a colour, all else transparent, of that colour too."""
    return Image.fromarray(np.dstack([np.full((30, 40, 3), colour, np.uint8), grey()]), "RGBA")


def palette(colours: list[int]) -> Image.Image:
    picture = Image.fromarray(grey(high=1), "P")
    picture.putpalette(colours)
    return picture


PICTURES = {
    "0/255": encoded(Image.fromarray(grey())),
    "0/1": encoded(Image.fromarray(grey(high=1))),
    "1 bit": encoded(Image.fromarray(RING)),
    "16 bit": encoded(Image.fromarray(grey(high=256, kind=np.uint16))),
    "32 bit float": encoded(Image.fromarray(grey(kind=np.float32, high=1)), "TIFF"),
    "RGB": encoded(Image.fromarray(np.dstack([grey()] * 3))),
    "one colour": encoded(Image.fromarray(np.dstack([0 * grey(), grey(), 0 * grey()]))),
    "opaque RGBA": encoded(Image.fromarray(np.dstack([grey()] * 3 + [0 * grey() + 255]), "RGBA")),
    "alpha, red": encoded(with_alpha((255, 0, 0))),
    "alpha, black": encoded(with_alpha((0, 0, 0))),
    "grey and alpha": encoded(Image.fromarray(np.dstack([0 * grey() + 9, grey()]), "LA")),
    "palette, black glass": encoded(palette([0, 0, 0, 255, 0, 0])),
    "palette, white glass": encoded(palette([255, 255, 255, 0, 0, 0])),
    "palette, transparent": encoded(palette([9, 9, 9, 255, 0, 0]), transparency=0),
    "TIFF": encoded(Image.fromarray(grey()), "TIFF", compression="tiff_lzw"),
    "JPEG": encoded(Image.fromarray(grey(16)), "JPEG", quality=60),
    "4 times finer": encoded(Image.fromarray(grey(4))),
}


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_of_a_mask_is_the_same_mask(tmp_path: Path, name: str) -> None:
    found = on_grid(tmp_path, PICTURES[name])
    assert found.dtype == np.bool_
    assert np.array_equal(found, RING)


FEATURE = {"type": "Feature", "properties": {}, "geometry": POLYGON}
PEN = {
    "type": "Feature",
    "properties": {"classification": {"name": "Pen"}},
    "geometry": {"type": "Polygon", "coordinates": [[[500, 0], [600, 0], [600, 90], [500, 0]]]},
}
IGNORED = PEN | {"properties": {"classification": {"name": "Ignore*"}}}
POINT = {
    "type": "Feature",
    "properties": None,
    "geometry": {"type": "Point", "coordinates": [9, 9]},
}
NO_SHAPE = {"type": "Feature", "properties": {}, "geometry": None}
HALVES = [
    {"type": "Polygon", "coordinates": [[[96, 64], [288, 64], [288, 320], [96, 320], [96, 64]]]},
    {"type": "Polygon", "coordinates": [[[240, 64], [480, 64], [480, 320], [240, 320], [240, 64]]]},
]
OUTLINES = {
    "polygon": POLYGON,
    "turned the other way": POLYGON | {"coordinates": [SQUARE[::-1], HOLE]},
    "three coordinates": POLYGON
    | {"coordinates": [[[*at, 0] for at in r] for r in (SQUARE, HOLE)]},
    "multipolygon": {"type": "MultiPolygon", "coordinates": [POLYGON["coordinates"]]},
    "feature": FEATURE,
    "list, as older QuPath": [FEATURE],
    "collection": {"type": "FeatureCollection", "features": [FEATURE]},
    "geometry collection": {"type": "GeometryCollection", "geometries": [POLYGON]},
    "other classes": {"type": "FeatureCollection", "features": [PEN, FEATURE, IGNORED, POINT]},
    "without geometry": {"type": "FeatureCollection", "features": [NO_SHAPE, FEATURE]},
    "byte order mark": "\ufeff\n " + json.dumps(FEATURE),
}


@pytest.mark.parametrize("name", OUTLINES)
def test_every_geojson_of_a_mask_is_the_same_mask(tmp_path: Path, name: str) -> None:
    assert np.array_equal(on_grid(tmp_path, OUTLINES[name]), RING)


def test_overlapping_polygons_are_one_and_a_hole_of_one_may_be_filled_by_another(
    tmp_path: Path,
) -> None:
    whole = np.zeros_like(RING)
    whole[4:20, 6:30] = True
    features = [{"type": "Feature", "geometry": shape} for shape in (*HALVES, POLYGON)]
    assert np.array_equal(on_grid(tmp_path, features), whole)
    assert np.array_equal(on_grid(tmp_path, features[::-1]), whole)


def test_a_crossed_outline_is_both_of_its_halves(tmp_path: Path) -> None:
    bow = [[0, 0], [640, 480], [640, 0], [0, 480], [0, 0]]
    found = on_grid(tmp_path, {"type": "Polygon", "coordinates": [bow]})
    assert found[15, 2] and found[15, 37]
    assert not found[2, 20] and not found[27, 20]
    assert found.mean() == pytest.approx(0.5, abs=0.02)


def test_slanted_edges_go_through_the_middle_of_pixels(tmp_path: Path) -> None:
    """cv2 fills every pixel that an edge touches: that would be half a pixel too much."""
    triangle = [[0, 0], [640, 0], [0, 480], [0, 0]]
    found = on_grid(tmp_path, {"type": "Polygon", "coordinates": [triangle]})
    x, y = np.meshgrid(GRID.x_level0_px / 640, GRID.y_level0_px / 480)
    clear = np.abs(x + y - 1) > 0.01
    assert np.array_equal(found[clear], (x + y < 1)[clear])


def test_masks_follow_the_scanned_bounds(tmp_path: Path) -> None:
    """An overview of a part of the slide: a picture of all of it, of the part, and outlines."""
    part = MaskGrid(20, 10, 16.0, 96, 64, 320, 160, 640, 480)
    expected = RING[4:14, 6:26]
    assert np.array_equal(on_grid(tmp_path, PICTURES["0/255"], part), expected)
    assert np.array_equal(on_grid(tmp_path, POLYGON, part), expected)
    cropped = np.kron(expected, np.ones((3, 3))).astype(np.uint8)
    assert np.array_equal(on_grid(tmp_path, encoded(Image.fromarray(cropped)), part), expected)


@pytest.mark.parametrize("size", [(41, 30), (39, 30), (400, 302), (398, 300), (2, 1), (3, 2)])
def test_a_rounded_size_fits(tmp_path: Path, size: tuple[int, int]) -> None:
    picture = Image.fromarray(np.full(size[::-1], 255, np.uint8))
    assert on_grid(tmp_path, encoded(picture)).all()


@pytest.mark.parametrize("size", [(30, 40), (400, 312), (390, 300), (64, 64), (40, 33)])
def test_a_picture_of_another_shape_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    error = refused(tmp_path, encoded(Image.fromarray(np.zeros(size[::-1], np.uint8))))
    assert error.code == "mask_mismatch"
    assert f"{size[0]} x {size[1]} px" in error.message and "640 x 480 px" in error.message


def moved(dx: float, dy: float = 0, scale: float = 1) -> dict[str, Any]:
    ring = [[x * scale + dx, y * scale + dy] for x, y in SQUARE]
    return {"type": "Polygon", "coordinates": [ring]}


def test_outlines_beyond_the_slide_are_refused_but_for_a_little(tmp_path: Path) -> None:
    for outlines in (moved(300), moved(-110, -80), moved(9000), moved(0, 0, 4)):
        error = refused(tmp_path, outlines)
        assert error.code == "mask_mismatch"
        assert "640 x 480 px" in error.message
    assert on_grid(tmp_path, moved(170))[10, 39]


def test_no_feature_is_no_tissue(tmp_path: Path) -> None:
    assert not on_grid(tmp_path, {"type": "FeatureCollection", "features": []}).any()
    assert not on_grid(tmp_path, encoded(Image.fromarray(grey(high=0)))).any()


UNREADABLE = {
    "empty": b"",
    "text": "no mask",
    "JSON of something else": {"a": 1},
    "list of numbers": [1, 2],
    "cut JSON": json.dumps(FEATURE)[:-9],
    "no Latin": b'{"type": "\xff"}',
    "deep": "[" * 100_000,
    "points": {"type": "FeatureCollection", "features": [POINT]},
    "wrong shape": {"type": "Polyhedron", "coordinates": []},
    "two corners": {"type": "Polygon", "coordinates": [[[0, 0], [9, 9]]]},
    "text for numbers": {"type": "Polygon", "coordinates": [[["a", "b"]] * 4]},
    "not a number": '{"type": "Polygon", "coordinates": [[[0, 0], [NaN, 9], [9, 9], [0, 0]]]}',
    "a number too large": {"type": "Polygon", "coordinates": [[[0, 0], [10**400, 9], [9, 9]]]},
    "beyond any slide": {"type": "Polygon", "coordinates": [[[0, 0], [1e300, 9], [9, 1e300]]]},
    "a program for a printer": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n",
    "no area": {"type": "Polygon", "coordinates": [[[0, 0], [9, 9], [18, 18], [0, 0]]]},
    "features of no list": {"type": "FeatureCollection", "features": 3},
    "class of no name": {"type": "Feature", "geometry": POLYGON, "properties": "tissue"},
    "cut picture": PICTURES["RGB"][:60],
    "damaged picture": PICTURES["4 times finer"][:70] + bytes(200),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_no_mask_is_unreadable(tmp_path: Path, name: str) -> None:
    error = refused(tmp_path, UNREADABLE[name])
    assert error.code == "mask_unreadable"
    assert " at 0x" not in error.message and str(tmp_path) not in str(error)


def test_a_mask_as_large_as_its_slide_is_refused_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mask_picture, "MAX_PIXELS", 40 * 30)
    assert np.array_equal(on_grid(tmp_path, PICTURES["0/255"]), RING)
    error = refused(tmp_path, PICTURES["4 times finer"])
    assert error.code == "mask_unreadable"
    assert "160 x 120 px" in error.message and "smaller" in error.remedy


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    codes = {"pipe": "mask_unreadable", "": "mask_unreadable", "gone.png": "mask_missing"}
    for name, code in codes.items():
        with pytest.raises(SlideError) as error:
            mask_file.read(tmp_path / name)
        assert error.value.code == code
