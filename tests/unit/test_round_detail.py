"""How much of the detail of a dark field is round."""

import cv2
import numpy as np
import pytest
import pyvips
from grossing.cohort import decide
from grossing.measure import round_detail
from stages import CRITERIA, measured

LIMIT = 0.2


def drawn(draw, *, mpp=0.5, noise=1.5, gain=1.0, seed=3):
    """A field of 256 um with what `draw` adds to it, of 1 um lines up to the whole."""
    side = round(256 / mpp)
    rng = np.random.default_rng(seed)
    field = np.zeros((side, side), np.float32)
    draw(field, rng, 1 / mpp)
    field = cv2.GaussianBlur(field, (0, 0), 0.7) * gain + 8
    field += noise * rng.standard_normal(field.shape, dtype=np.float32)
    return np.clip(np.rint(field), 0, 255).astype(np.uint8)


def nuclei(count):
    def draw(field, rng, px):
        for x, y in rng.uniform(0, len(field), (count, 2)):
            axes = round(rng.uniform(3, 7) * px), round(rng.uniform(2, 5) * px)
            turn, level = rng.uniform(0, 180), rng.uniform(40, 120)
            cv2.ellipse(field, (round(x), round(y)), axes, turn, 0, 360, level, -1, cv2.LINE_AA)

    return draw


def fibres(field, rng, px):
    for _ in range(40):
        ends = rng.uniform(-0.2, 1.2, (2, 2)) * len(field)
        width = max(1, round(rng.uniform(2, 8) * px))
        start, end = (tuple(map(round, point)) for point in ends.tolist())
        cv2.line(field, start, end, rng.uniform(40, 120), width, cv2.LINE_AA)


def flake(field, rng, px):
    corners = rng.uniform(0.1, 0.9, (3, 2)) * len(field)
    cv2.fillPoly(field, [np.round(corners).astype(np.int32)], 100, cv2.LINE_AA)


@pytest.mark.parametrize("count", [8, 60, 500])
@pytest.mark.parametrize("mpp", [0.25, 0.5, 1.0])
def test_nuclei_are_round_however_dense(count, mpp):
    assert round_detail.share(drawn(nuclei(count), mpp=mpp), mpp) > 0.3


@pytest.mark.parametrize("draw", [fibres, flake])
@pytest.mark.parametrize("mpp", [0.25, 0.5, 1.0])
def test_fibres_and_edges_are_not(draw, mpp):
    assert round_detail.share(drawn(draw, mpp=mpp), mpp) < LIMIT


def test_brightness_does_not_matter():
    dim, bright = (
        round_detail.share(drawn(nuclei(60), gain=gain, noise=0.3), 0.5) for gain in (0.1, 2)
    )
    assert dim == pytest.approx(bright, abs=0.03)


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (20, 400), (256, 256)])
def test_nothing_to_tell(shape):
    assert round_detail.share(np.full(shape, 9, np.uint8), 0.5) is None


def slide(path, draw):
    """A slide of 0.75 mm, most of it covered."""
    rng = np.random.default_rng(5)
    field = np.zeros((1536, 1536), np.float32)
    draw(field[128:-128, 128:-128], rng)
    field = cv2.GaussianBlur(field, (0, 0), 0.6) + 6 + rng.standard_normal(field.shape)
    rgb = np.clip(np.rint(field[..., None] * (0.1, 0.3, 1)), 0, 255).astype(np.uint8)
    image = pyvips.Image.new_from_array(np.ascontiguousarray(rgb))
    image.tiffsave(str(path), tile=True, pyramid=True, compression="jpeg", Q=90)
    return path


def rods(field, rng):
    for _ in range(450):
        place, turn = rng.uniform(0, len(field), 2).tolist(), rng.uniform(0, 180)
        corners = cv2.boxPoints((place, (rng.uniform(60, 240), rng.uniform(6, 24)), turn))
        cv2.fillPoly(field, [np.round(corners).astype(np.int32)], rng.uniform(50, 200), cv2.LINE_AA)


@pytest.mark.parametrize(
    ("draw", "told"), [(rods, True), (lambda f, r: nuclei(1500)(f, r, 2), False)]
)
def test_an_empty_slide_with_wide_sharp_dirt_is_doubted_and_nuclei_are_not(tmp_path, draw, told):
    record = measured(slide(tmp_path / "a.tif", draw), 0.5, "DAPI").record
    verdict = decide.slide(record, CRITERIA)
    assert verdict.status == ("REVIEW" if told else "PASS")
    assert [reason.split("=")[0] for reason in verdict.reasons] == ["possible_dirt"] * told
