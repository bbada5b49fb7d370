"""Overlays: what is where on them, in the colours of the legend."""

from dataclasses import replace

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from grossing.mask import labels
from grossing.report import caption, overlay, overlays
from grossing.report.overlay import Layers, Squares
from grossing.support import images
from records import good

ORIGIN, DOWNSAMPLE, SIDE = (1000, 2000), 16.0, 512


def found(reasons, thumbnail=(64, 128), at=None):
    """A slide of 2048 x 1024 level-0 px, grey; tiles of 512 px, one for each of the reasons."""
    mask = np.full((64, 128), labels.GLASS, np.uint8)
    x = at or [ORIGIN[0] + SIDE * n for n in range(len(reasons))]
    squares = Squares(
        np.array(x, np.int64),
        np.full(len(reasons), ORIGIN[1], np.int64),
        np.full(len(reasons), SIDE, np.int64),
        [overlay.mark_of(text) for text in reasons],
    )
    grey = np.full((*thumbnail, 3), 200, np.uint8)
    return Layers(grey, mask, ORIGIN, DOWNSAMPLE, 0.5, squares)


def slide_part(drawn, status="PASS", height=512):
    """The slide itself, between title and legend; the title has one line."""
    return drawn[36 : 36 + height]


def drawn(scene, status="PASS", reasons=None):
    return overlay.draw(scene, slide_id="A.1", status=status, reasons=reasons)


def near(pixels, colour, within=45):
    return np.abs(pixels.astype(int) - colour).max(axis=-1) <= within


@pytest.mark.parametrize("thumbnail", [(64, 128), (512, 1024), (700, 1400)])
def test_tiles_lie_where_the_table_has_them_whatever_the_thumbnail_has(thumbnail):
    picture = slide_part(drawn(found([None, "focus=0.1<1"], thumbnail)))
    assert picture.shape == (512, 1024, 3)
    for first, colour in ((0, caption.GREEN), (256, caption.VERMILLION)):
        assert near(picture[100:150, first + 1], colour).all()
        assert near(picture[1, first + 20 : first + 200], colour).all()
    assert (picture[300:, 600:] == 200).all()
    assert (picture[40:60, 40:60] == 200).all(), "a tile that passes hides no tissue"


def test_kinds_of_tiles_differ_without_colour():
    """A tile that does not decode has both diagonals, one out of focus has one, others none."""
    reasons = ["lost", "focus=0.1<1", "tissue_fraction=0.2<0.5", None]
    grey = cv2.cvtColor(slide_part(drawn(found(reasons))), cv2.COLOR_RGB2GRAY).astype(int)
    strokes = []
    for first in (0, 256, 512, 768):
        tile = grey[10:246, first + 10 : first + 246]
        plain = np.median(tile)
        up, down = (np.abs(t.diagonal() - plain).mean() > 5 for t in (tile[::-1], tile))
        strokes.append((up, down))
    assert strokes == [(True, True), (True, False), (False, False), (False, False)]


@pytest.mark.parametrize(
    ("reasons", "mark"),
    [
        (None, overlay.PASSES),
        ("lost", overlay.LOST),
        ("no_focus", overlay.BLURRED),
        ("blurred_fraction=0.7>0.5;pen_fraction=0.2>0.05", overlay.BLURRED),
        ("pen_fraction=0.2>0.05", overlay.INKED),
        ("seam_step=9>6.5", overlay.DOUBTFUL),
        ("a_reason_of_next_year=1>0", overlay.DOUBTFUL),
    ],
)
def test_mark_of_a_tile(reasons, mark):
    assert overlay.mark_of(reasons) is mark


@pytest.mark.parametrize(("label", "entry"), overlay.OUTLINES.items())
def test_labels_are_outlined_in_their_colour(label, entry):
    scene = found([])
    scene.mask[16:48, 16:48] = label
    picture = slide_part(drawn(scene))
    _, colour, filled = entry
    for line in (picture[128 - 3 : 128 + 4, 256], picture[256, 384 - 3 : 384 + 4]):
        assert near(line, colour).any()
    assert bool((picture[256, 256] == 200).all()) is not filled
    assert (picture[450:, 450:] == 200).all()


def test_names_and_reasons_of_any_length_fit():
    long, reasons = "A" * 200, ";".join(["overview_difference=10.25>10"] * 12)
    narrow = Layers(
        np.full((400, 20, 3), 200, np.uint8),
        np.full((40, 2), labels.TISSUE, np.uint8),
        (0, 0),
        16.0,
        0.5,
        Squares(*(np.zeros(0, np.int64),) * 3, []),
    )
    picture = overlay.draw(narrow, slide_id=long, status="REVIEW", reasons=reasons)
    assert picture.shape[1] == caption.LEAST_WIDTH_PX
    ink = (picture < 128).any(axis=-1)
    assert not ink[:, -3:].any() and not ink[:, :3].any()
    assert ink[28:120].any()


def test_a_dim_dark_field_is_shown_bright_and_says_so():
    tissue = np.zeros((32, 64), np.bool_)
    tissue[8:24, 8:40] = True
    dim = np.full((64, 128, 3), (2, 4, 6), np.uint8)
    dim[16:48, 16:80] += np.array((0, 4, 22), np.uint8)
    shown, factor = overlay.brightened(dim, tissue, np.array((2, 4, 6), np.uint8))
    assert factor == pytest.approx(10)
    assert shown[30, 30].tolist() == [0, 40, 220] and not shown[:16].any()
    same, factor = overlay.brightened(shown, tissue, np.zeros(3, np.uint8))
    assert factor == 1 and same is shown
    assert overlay.brightened(np.zeros_like(dim), ~tissue, np.zeros(3, np.uint8))[0].max() == 0
    scene = replace(found([None]), thumbnail=shown)
    assert len(drawn(replace(scene, brightness=10.0))) == len(drawn(scene))
    assert (drawn(replace(scene, brightness=10.0)) != drawn(scene)).any(), "the legend names it"


@pytest.mark.parametrize(
    ("dark_field", "reasons", "outlined", "factor"),
    [
        (False, None, True, 1),
        (False, "not_brightfield=15<90", False, 4),
        (True, "no_tissue", True, 4),
        (True, "not_dark_field=250>90", False, 1),
    ],
)
def test_a_slide_of_the_wrong_field_has_no_outlines(
    monkeypatch, tmp_path, dark_field, reasons, outlined, factor
):
    """What was found on it as what it is not, such as ink on black, would mislead."""
    drawn = []
    monkeypatch.setattr(overlay, "draw", lambda scene, **_: drawn.append(scene))
    mask = np.full((30, 40), labels.PEN, np.uint8)
    (tmp_path / "mask.png").write_bytes(images.png(mask))
    grey = np.full((30, 40, 3), 55, np.uint8)
    (tmp_path / "thumbnail.jpg").write_bytes(images.jpeg(grey, quality=95, chroma="444"))
    background = dict.fromkeys(("background_r", "background_g", "background_b"), 0)
    record = good("a", **background, dark_field=dark_field)
    record.write(tmp_path / "a.json")
    files = {"facts": "a.json", "masks": "mask.png", "thumbnails": "thumbnail.jpg"}
    measured = overlays.MeasuredFiles(**{key: {"a": tmp_path / n} for key, n in files.items()})
    job = overlays._Job("a", "FAIL", reasons, None)
    overlays._picture(job, measured, 128.0, {"focus_min": 1.0})
    (scene,) = drawn
    assert (scene.mask == labels.PEN).any() is np.bool_(outlined)
    assert len(scene.squares.marks) == (10 if outlined else 0)
    assert scene.brightness == pytest.approx(factor, rel=0.02)


def test_tiles_of_a_slide_are_together_whatever_the_parts_of_the_file(tmp_path):
    ids = [*"a" * 5, *"b" * 3, *"d" * 4]
    columns = {name: list(range(12)) for name in overlays.TILE_COLUMNS[1:4]}
    table = pa.table({"slide_id": ids, **columns, "qc_reasons_tile": [None, "lost"] * 6})
    pq.write_table(table, tmp_path / "patches.parquet", row_group_size=2)
    parts = list(overlays.tiles_by_slide(tmp_path / "patches.parquet"))
    assert [(slide_id, part.num_rows) for slide_id, part in parts] == [("a", 5), ("b", 3), ("d", 4)]
    assert parts[2][1]["x_level0_px"].to_pylist() == [8, 9, 10, 11]
