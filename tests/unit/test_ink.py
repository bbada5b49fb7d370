"""Pen and possible pen on drawn tissue, and what only looks like ink; real ink: test_scores.py."""

import cv2
import numpy as np
import pytest
from drawn_tissue import GLASS, INKS, ellipse, glass, with_stroke, with_tissue
from grossing.mask import ink as ink_of
from grossing.mask import labels as labels_of
from grossing.mask import strokes, tissue
from grossing.mask.ink_density import Overview
from scores import iou


@pytest.mark.parametrize("name", INKS)
@pytest.mark.parametrize("over_tissue", [False, True])
def test_ink_is_pen_and_tissue_stays(name, over_tissue):
    truth = ellipse(centre=(300, 250)) if over_tissue else ellipse()
    picture, stroke = with_stroke(with_tissue(glass(), truth), INKS[name])
    labels = tissue.segment(picture, 8)
    assert (labels[stroke] == labels_of.PEN).mean() > 0.95
    assert (labels[stroke] == labels_of.TISSUE).mean() < 0.03
    around = cv2.dilate(stroke.astype(np.uint8), np.ones((13, 13))) > 0
    assert (labels[truth & ~around] == labels_of.TISSUE).mean() > 0.97


@pytest.mark.parametrize("name", INKS)
def test_all_ink_is_pen(name):
    picture = np.full((120, 120, 3), INKS[name], np.uint8)
    assert ink_of.find(picture).pen.all()
    assert not (tissue.segment(picture, 8) == labels_of.TISSUE).any()


def test_tissue_alone_is_no_artefact():
    picture = with_tissue(glass(), np.ones((500, 500), bool))
    assert ink_of.find(picture).pen.mean() < 0.001
    assert (tissue.segment(picture, 8) == labels_of.TISSUE).mean() > 0.98


TISSUE_HUES = {
    "pink": (205, 60, 110),
    "purple": (95, 40, 140),
    "maroon": (120, 30, 40),
    "brown": (110, 70, 40),
    "yellow": (240, 215, 70),
    "faded red": (228, 164, 170),
    "faded blue": (170, 180, 222),
}


@pytest.mark.parametrize("name", TISSUE_HUES)
def test_a_stroke_over_glass_of_a_hue_of_tissue_is_pen(name):
    truth = ellipse()
    picture, stroke = with_stroke(with_tissue(glass(), truth), TISSUE_HUES[name])
    labels = tissue.segment(picture, 8)
    assert not (labels[stroke] == labels_of.TISSUE).any()
    assert np.count_nonzero(labels == labels_of.PEN) == pytest.approx(stroke.sum(), rel=0.15)
    assert iou(labels == labels_of.TISSUE, truth) > 0.9


@pytest.mark.parametrize("colour", [(205, 85, 95), (150, 100, 55), (60, 42, 35), (35, 33, 36)])
def test_blood_and_pigment_in_tissue_are_not_pen(colour):
    picture = with_tissue(glass(), ellipse())
    rng = np.random.default_rng(4)
    cv2.ellipse(picture, (200, 260), (45, 35), 0, 0, 360, colour, -1)
    picture = np.clip(picture + rng.normal(0, 1, picture.shape), 0, 255).astype(np.uint8)
    assert not (tissue.segment(picture, 8) == labels_of.PEN).any()


def with_ribbon(colour, rough, ends=((60, 250), (440, 250))):
    """A piece of one width on the glass, as long as a needle core or a stroke of a pen."""
    picture, ribbon = glass(noise=1).astype(np.float32), np.zeros((500, 500), np.uint8)
    cv2.line(ribbon, *ends, 1, 60)
    texture = np.random.default_rng(1).standard_normal(ribbon.shape).astype(np.float32)
    texture = cv2.GaussianBlur(texture, (0, 0), 1.5)
    density = -np.log(np.float32(colour) / 240) * (1 + rough * texture / texture.std())[..., None]
    soft = cv2.GaussianBlur(ribbon.astype(np.float32), (0, 0), 0.8)[..., None]
    return np.clip(picture * np.exp(-density * soft), 0, 255).astype(np.uint8), ribbon > 0


@pytest.mark.parametrize("colour", [(182, 119, 160), (150, 106, 178), (205, 130, 165)])
@pytest.mark.parametrize(
    "rough, label", [(0.05, "PEN"), (0.12, "POSSIBLE_PEN"), (0.17, "TISSUE"), (0.2, "TISSUE")]
)
def test_a_needle_core_is_no_stroke_of_ink(colour, rough, label):
    """Dense tissue is nearly as even as ink, and as long and straight."""
    picture, core = with_ribbon(colour, rough)
    labels = tissue.segment(picture, 8)
    assert (labels[core] == getattr(labels_of, label)).mean() > 0.95


def test_red_ink_may_be_as_rough_as_tissue():
    picture, stroke = with_ribbon((222, 111, 141), 0.15)
    assert (tissue.segment(picture, 8)[stroke] == labels_of.PEN).mean() > 0.95


@pytest.mark.parametrize("colour", [(198, 48, 63), (128, 82, 174), (187, 86, 168)])
def test_even_colour_that_runs_from_glass_into_tissue_is_doubted_though_short(colour):
    picture = with_tissue(glass(), ellipse())
    drawn = np.zeros(picture.shape[:2], np.uint8)
    cv2.line(drawn, (285, 300), (345, 300), 1, 60)
    picture[drawn > 0] = colour
    picture = np.clip(picture + np.random.default_rng(2).normal(0, 1, picture.shape), 0, 255)
    labels = tissue.segment(picture.astype(np.uint8), 8)
    assert (labels[drawn > 0] == labels_of.POSSIBLE_PEN).mean() > 0.9


def test_an_even_dot_on_the_glass_may_be_ink():
    picture = glass()
    assert not (tissue.segment(picture, 8) == labels_of.POSSIBLE_PEN).any()
    cv2.circle(picture, (420, 80), 30, (205, 60, 110), -1)
    possible = tissue.segment(picture, 8) == labels_of.POSSIBLE_PEN
    assert possible[80, 420]
    assert np.count_nonzero(possible) == pytest.approx(np.pi * 30**2, rel=0.15)


@pytest.mark.parametrize("colour", [(95, 40, 140), (140, 90, 190), (240, 215, 70)])
def test_a_stroke_inside_the_tissue_is_pen_or_possible_pen(colour):
    picture = with_tissue(glass(), ellipse())
    assert not (tissue.segment(picture, 8) == labels_of.POSSIBLE_PEN).any()
    stroke = np.zeros(picture.shape[:2], np.uint8)
    cv2.line(stroke, (160, 200), (240, 320), 1, 16)
    picture[stroke > 0] = colour
    told = np.isin(tissue.segment(picture, 8), (labels_of.PEN, labels_of.POSSIBLE_PEN))
    assert told.mean() == pytest.approx(stroke.mean(), rel=0.3)


@pytest.mark.parametrize("light", [(0.94, 0.66, 0.68), (0.66, 0.7, 0.93), (0.75, 0.5, 0.8)])
def test_ink_over_tissue_whose_texture_shows_through_may_be_ink(light):
    picture = with_tissue(glass(), ellipse())
    stroke = np.zeros(picture.shape[:2], np.uint8)
    cv2.line(stroke, (160, 180), (240, 340), 1, 16)
    picture[stroke > 0] = (picture[stroke > 0] * light).astype(np.uint8)
    told = np.isin(tissue.segment(picture, 8), (labels_of.PEN, labels_of.POSSIBLE_PEN))
    assert told[stroke > 0].mean() > 0.8
    assert told[stroke == 0].mean() < 0.005


@pytest.mark.parametrize("light", [(0.75, 0.8, 0.93), (0.86, 0.72, 0.9), (0.96, 0.72, 0.82)])
def test_a_stroke_on_the_glass_is_followed_over_the_tissue(light):
    """Too short there, and too faint, to be a stroke by itself."""
    picture = with_tissue(glass(), ellipse())
    stroke = np.zeros(picture.shape[:2], np.uint8)
    cv2.line(stroke, (250, 250), (480, 250), 1, 24)
    picture[stroke > 0] = (picture[stroke > 0] * light).astype(np.uint8)
    told = np.isin(tissue.segment(picture, 8), (labels_of.PEN, labels_of.POSSIBLE_PEN))
    assert told[(stroke > 0) & ellipse()].mean() > 0.8
    assert told[stroke == 0].mean() < 0.01


@pytest.mark.parametrize("colour", [(205, 60, 110), (95, 40, 140)])
def test_an_even_stroke_of_varying_pressure_and_width_is_pen(colour):
    stroke = np.zeros((500, 500), np.uint8)
    cv2.line(stroke, (60, 400), (430, 400), 1, 40)
    cv2.circle(stroke, (60, 400), 48, 1, -1)
    cover = cv2.GaussianBlur(stroke.astype(np.float32), (0, 0), 0.8)
    pressure = cover * np.linspace(0.55, 0.95, 500, dtype=np.float32)
    picture = with_tissue(glass(), ellipse(axes=(80, 60), centre=(250, 150)))
    drawn = picture * (np.array(colour) / np.array(GLASS)) ** pressure[..., None]
    labels = tissue.segment(drawn.astype(np.uint8), 8)
    assert (labels[stroke > 0] == labels_of.PEN).mean() > 0.95


def test_a_dense_region_of_tissue_is_no_ink():
    picture = with_tissue(glass(), ellipse())
    around = np.zeros(picture.shape[:2], np.float32)
    cv2.ellipse(around, (200, 260), (60, 40), 20, 0, 360, 1, -1)
    denser = 1 - 0.35 * cv2.GaussianBlur(around, (0, 0), 6)[..., None]
    picture = (picture * denser).astype(np.uint8)
    assert not (tissue.segment(picture, 8) == labels_of.POSSIBLE_PEN).any()


@pytest.mark.parametrize("colour", [(205, 85, 95), (150, 60, 50)])
def test_a_section_that_is_mostly_blood_is_not_pen(colour):
    """More than a quarter of the picture, which no pigment is."""
    picture = with_tissue(glass(), ellipse(centre=(250, 250), axes=(200, 230)))
    lakes = ellipse(centre=(250, 250), axes=(140, 165))
    picture[lakes] = np.random.default_rng(4).normal(colour, 4, (lakes.sum(), 3))
    assert not (tissue.segment(picture, 8) == labels_of.PEN).any()


@pytest.mark.parametrize("colour", [(217, 125, 141), (157, 107, 107), (190, 150, 154)])
def test_lysed_blood_at_the_edge_may_be_ink_and_is_no_pen(colour):
    """Even, pale red to tan, at the glass and longer than wide, as short strokes of faded ink."""
    rng = np.random.default_rng(5)
    picture = with_tissue(glass(), ellipse(centre=(250, 250), axes=(200, 200)))
    lake = ellipse(centre=(250, 420), axes=(130, 38))
    picture[lake] = rng.normal(colour, 2, (lake.sum(), 3))
    labels = tissue.segment(picture, 8)
    assert not (labels == labels_of.PEN).any()
    assert (labels[lake] == labels_of.POSSIBLE_PEN).mean() > 0.9


def test_bloody_tissue_is_not_red_ink():
    rng = np.random.default_rng(3)
    picture = with_tissue(glass(), ellipse())
    specks = cv2.GaussianBlur(rng.normal(0, 1, (500, 500)), (0, 0), 1.5) > 0.2
    picture[specks & ellipse()] = (200, 95, 110)
    assert ink_of.find(picture).pen.mean() < 0.001


@pytest.mark.parametrize("seed", [1, 2, 4])
def test_bleeding_between_fat_is_not_red_ink(seed):
    """It leads from tissue to glass as strokes do, but its outline is ragged."""
    rng, drawn = np.random.default_rng(seed), np.zeros((500, 500), np.uint8)
    cv2.polylines(drawn, [np.array([(60, 60), (180, 250), (420, 300)])], False, 1, 110)
    noise = (rng.normal(0, 1, (500, 500)).astype(np.float32) for _ in range(2))
    broad, fine = (
        cv2.GaussianBlur(n, (0, 0), sigma) for n, sigma in zip(noise, (14, 2.5), strict=True)
    )
    there = (drawn > 0) & (broad / broad.std() + fine / fine.std() > -0.2)
    texture = 1 + 0.5 * rng.standard_normal((500, 500, 1))
    density = there[..., None] * texture * np.array((0.02, 0.85, 0.7))
    picture = np.clip(cv2.GaussianBlur(240 * np.exp(-density), (0, 0), 0.7), 0, 255)
    labels = tissue.segment(picture.astype(np.uint8), 8)
    assert (labels[there] == labels_of.PEN).mean() < 0.02
    assert (labels[there] == labels_of.TISSUE).mean() > 0.9


def test_a_sliver_of_tissue_has_no_strokes():
    picture = np.random.default_rng(0).integers(60, 255, (400, 400, 3), np.uint8)
    sliver = np.zeros((400, 400), np.bool_)
    sliver[1:4] = True
    pen = np.zeros((400, 400), np.bool_)
    pen[4:14, 100:200] = True
    for drawn in (pen, np.zeros_like(pen)):
        assert not strokes.find(Overview(picture), sliver, drawn, sliver, 32).any()
        assert not strokes.find(Overview(picture), sliver, drawn, sliver | drawn, 32).any()
