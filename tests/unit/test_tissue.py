"""Tissue, glass and artefacts of drawn pictures; real ones are scored in test_scores.py."""

import cv2
import numpy as np
import pytest
from drawn_tissue import GLASS, INKS, ellipse, glass, with_stroke, with_tissue
from grossing.mask import glass as glass_of
from grossing.mask import labels as labels_of
from grossing.mask import tissue
from scores import SAMPLES, iou, read


@pytest.mark.parametrize("method", tissue.METHODS)
@pytest.mark.parametrize("mpp", [4, 8, 16])
def test_finds_drawn_tissue_not_its_inverse(method, mpp):
    truth = ellipse()
    labels = tissue.segment(with_tissue(glass(), truth), mpp, method=method)
    assert iou(labels == labels_of.TISSUE, truth) > 0.9
    assert set(np.unique(labels)) == {labels_of.TISSUE, labels_of.GLASS}


def test_finds_faint_tissue():
    truth = ellipse()
    labels = tissue.segment(with_tissue(glass(noise=1), truth, strength=0.15), 8)
    assert iou(labels == labels_of.TISSUE, truth) > 0.85


def stained(mask, density, colour=(255, 255, 255), seed=1):
    """Rough stain of this density on even glass, as it is scanned: multiplied, in whole levels."""
    rng = np.random.default_rng(seed)
    amount = np.clip(1 + 0.25 * rng.normal(size=mask.shape), 0, 2) * mask * density
    light = np.array([0.85, 0.62, 0.8]) ** amount[..., None]
    return np.round(np.array(colour) * light).astype(np.uint8)


@pytest.mark.parametrize("density", [1.0, 0.3, 0.2, 0.15])
@pytest.mark.parametrize("colour", [(255, 255, 255), (243, 242, 244), (220, 232, 240)])
def test_pale_tissue_is_found_on_overexposed_and_other_glass(density, colour):
    truth = ellipse()
    labels = tissue.segment(stained(truth, density, colour), 8)
    assert iou(labels == labels_of.TISSUE, truth) > 0.85


def test_a_piece_too_pale_to_be_found_beside_others_is_told():
    pale = ellipse(centre=(380, 120), axes=(80, 100))
    strong = ellipse(centre=(130, 330), axes=(90, 110))
    clean = tissue.find(stained(strong | pale, 1.0, GLASS), 8)
    faded = tissue.find(np.minimum(stained(strong, 1.0, GLASS), stained(pale, 0.12, GLASS)), 8)
    assert clean.faint == 0
    assert iou(faded.labels == labels_of.TISSUE, strong) > 0.9  # the other piece is glass
    assert faded.faint > 0.3
    assert tissue.find(glass(), 8).faint == 0


def test_faint_tissue_is_unknown_where_it_is_not_looked_for():
    slide = stained(ellipse(), 1.0, GLASS)
    assert tissue.find(slide, 8, method="otsu_saturation").faint is None
    assert tissue.find(255 - slide, 8, "DAPI").faint is None


@pytest.mark.parametrize("line", [(231, 228, 226), (205, 203, 200), (150, 150, 150)])
def test_lines_and_uneven_colour_of_glass_are_no_pale_tissue(line):
    picture = np.full((400, 400, 3), GLASS, np.uint8)
    picture[:, :120] = (236, 233, 235)
    cv2.line(picture, (120, 0), (125, 400), line, 4)
    cv2.circle(picture, (280, 200), 70, line, 3)
    labels = tissue.segment(cv2.GaussianBlur(picture, (0, 0), 1.0), 8)
    assert (labels == labels_of.TISSUE).mean() <= 0.02


DAB = (0.27, 0.57, 0.78)


def with_lines(densities, depth=1.0, width=7, seed=2):
    """A hair, an edge of glass, the rim of a bubble and specks of one colour, under a cast."""
    lines, rng = np.zeros((500, 500), np.uint8), np.random.default_rng(seed)
    cv2.ellipse(lines, (150, 120), (100, 60), 30, 0, 220, 1, width)
    cv2.line(lines, (400, 0), (405, 499), 1, width)
    cv2.circle(lines, (200, 350), 90, 1, width)
    for centre in rng.integers(250, 490, (12, 2)):
        cv2.circle(lines, centre.tolist(), width // 2 + 1, 1, -1)
    soft = cv2.GaussianBlur(lines.astype(np.float32), (0, 0), 1.0)[..., None]
    soft *= rng.uniform(0.4, 1.6, soft.shape)
    seen = np.array(GLASS) * (1.0, 0.95, 0.9) * np.exp(-depth * soft * densities)
    return np.clip(rng.normal(seen, 1.0), 0, 255).astype(np.uint8), lines > 0


@pytest.mark.parametrize("depth", [0.3, 0.6, 1.2])
def test_grey_hairs_edges_rims_and_specks_are_no_tissue(depth):
    picture, _ = with_lines((0.9, 1.0, 1.15), depth)
    assert (tissue.segment(picture, 8) == labels_of.TISSUE).mean() <= 0.002


@pytest.mark.parametrize("densities", [(0.62, 0.66, 0.42), (0.07, 0.99, 0.11), DAB])
def test_threads_of_dull_hematoxylin_eosin_and_dab_are_tissue(densities):
    picture, lines = with_lines(densities, 0.5)
    stain = "DAB" if densities == DAB else ""
    assert (tissue.segment(picture, 8, stain) == labels_of.TISSUE)[lines].mean() > 0.95


@pytest.mark.parametrize("densities", [DAB, (0.05, 0.3, 1.0), (0.75, 0.95, 1.3)])
def test_brown_and_yellow_threads_are_no_tissue_of_h_and_e_where_nothing_is_wide(densities):
    picture, lines = with_lines(densities, 0.5)
    assert (tissue.segment(picture, 8, "H&E") == labels_of.TISSUE).mean() <= 0.002
    beside = with_tissue(picture, ellipse(centre=(200, 350), axes=(110, 110)))
    kept = (tissue.segment(beside, 8, "H&E") == labels_of.TISSUE)[lines]
    assert kept.mean() > 0.9  # as dyed margins of a specimen


def test_a_grey_thread_within_the_tissue_is_tissue_and_one_on_the_glass_is_not():
    """As of carbon or silver in a cleft."""
    truth = ellipse()
    truth[60:470, 185:215] = False
    thread = np.zeros((500, 500), np.uint8)
    for column in (200, 400):
        cv2.line(thread, (column, 170), (column + 1, 350), 1, 5)
    rough = np.random.default_rng(3).uniform(0.4, 1.4, thread.shape) * thread
    picture = with_tissue(glass(), truth) * np.exp(-0.8 * rough[..., None] * (0.9, 1.0, 1.15))
    found = tissue.segment(picture.astype(np.uint8), 8) == labels_of.TISSUE
    assert found[175:345, 199:202].mean() > 0.9
    assert not found[175:345, 390:410].any()


def test_wide_grey_pieces_stay_tissue():
    """As those that are impregnated with silver."""
    picture, core = glass(), ellipse()
    rough = np.random.default_rng(3).uniform(0.2, 1.0, core.shape)
    grey = GLASS * np.exp(-rough[..., None] * (0.9, 1.0, 1.15))
    labels = tissue.segment(np.where(core[..., None], grey, picture).astype(np.uint8), 8)
    assert (labels == labels_of.TISSUE)[core].mean() > 0.95


@pytest.mark.parametrize("colour", [GLASS, (227, 222, 228), (245, 240, 225), (255, 255, 255)])
@pytest.mark.parametrize("noise", [0, 1, 3])
def test_blank_slide_has_no_tissue(colour, noise):
    assert (tissue.segment(glass(colour=colour, noise=noise), 8) == labels_of.TISSUE).mean() < 0.01


def test_glass_is_nearly_white_where_the_brightest_tissue_is():
    gaps = np.zeros((96, 96), bool)
    gaps[::6, ::6] = True
    tissue_alone = with_tissue(glass(side=96), np.ones((96, 96), bool))
    for colour, expected in (((243, 233, 238), True), ((240, 232, 190), False)):
        picture = np.where(gaps[..., None], np.array(colour, np.uint8), tissue_alone)
        found = tissue.find(picture, 8)
        assert found.has_glass == expected
        if expected:
            assert np.abs(found.glass.astype(int) - colour).max() <= 3


def test_white_filler_beside_tinted_glass_is_not_tissue():
    picture = glass(colour=(227, 222, 228), noise=1)
    picture[:, :280] = 255
    assert np.abs(tissue.glass_colour(picture).astype(int) - (227, 222, 228)).max() <= 2
    assert not (tissue.segment(picture, 8) == labels_of.TISSUE).any()


CASTS = [(1, 1, 0.8), (0.8, 1, 1), (1, 0.8, 1), (0.8, 0.8, 1), (0.8, 1, 0.8), (0.8, 0.75, 0.8)]


def under(cast, picture, gradient=0.0):
    light = np.array(cast) * np.clip(picture, 0, 255)
    light -= np.linspace(0, gradient, picture.shape[1])[:, None]
    return np.clip(np.rint(light), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("cast", CASTS)
def test_a_cast_changes_no_mask(cast):
    truth = ellipse()
    for strength in (1.0, 0.3):
        picture = with_tissue(glass(noise=1), truth, strength)
        plain, tinted = (tissue.find(p, 8) for p in (picture, under(cast, picture)))
        assert tinted.has_glass
        scores = [iou(found.labels == labels_of.TISSUE, truth) for found in (plain, tinted)]
        assert scores[1] == pytest.approx(scores[0], abs=0.01)


@pytest.mark.parametrize("cast", CASTS)
def test_no_cast_makes_ink_of_tissue_without_glass(cast):
    found = tissue.find(under(cast, with_tissue(glass(), np.ones((500, 500), bool))), 8)
    assert not found.has_glass
    assert (found.labels == labels_of.TISSUE).mean() > 0.98


def test_ink_over_tissue_without_glass_is_still_pen():
    picture, stroke = with_stroke(with_tissue(glass(), np.ones((500, 500), bool)), INKS["green"])
    found = tissue.find(picture, 8)
    assert not found.has_glass
    assert (found.labels[stroke] == labels_of.PEN).mean() > 0.9
    assert (found.labels[~stroke] == labels_of.TISSUE).mean() > 0.95


@pytest.mark.parametrize("cast", CASTS)
@pytest.mark.parametrize("gradient", [0, 30])
def test_blank_glass_of_any_light_is_blank(cast, gradient):
    found = tissue.find(under(cast, glass(noise=1), gradient), 8)
    assert found.has_glass
    assert (found.labels == labels_of.GLASS).all()


@pytest.mark.parametrize("cast", [(1.0, 1.0, 1.0), *CASTS])
def test_strong_jpeg_beside_small_pieces_is_glass(cast):
    """It colours whole blocks of 16 px, and does not darken them."""
    truth = np.zeros((500, 500), bool)
    for centre in ((90, 90), (250, 180), (380, 330), (120, 400)):
        truth |= ellipse(centre=centre, axes=(26, 40))
    picture = under(cast, with_stroke(with_tissue(glass(noise=1), truth), INKS["green"])[0])
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 30])
    found = tissue.find(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1].copy(), 8)
    assert found.has_glass
    assert np.abs(found.glass - np.array(GLASS) * cast).max() <= 4
    assert iou(found.labels == labels_of.TISSUE, truth) > 0.85


def test_fold_dark_spot_and_rim_have_their_labels():
    truth = ellipse(axes=(150, 170))
    picture = with_tissue(glass(), truth)
    cv2.line(picture, (130, 200), (260, 320), (70, 20, 80), 5)
    cv2.circle(picture, (440, 60), 6, (20, 20, 20), -1)
    cv2.ellipse(picture, (430, 400), (55, 80), 0, 0, 360, (150, 149, 151), 3)
    labels = tissue.segment(picture, 8)
    assert labels[260, 195] == labels_of.FOLD
    assert labels[60, 440] == labels_of.DARK_SPOT
    assert labels[480, 430] == labels_of.BUBBLE
    assert (labels == labels_of.FOLD).sum() < 2500


def test_unscanned_part_is_label_0_and_changes_nothing_else():
    truth = ellipse()
    picture = with_tissue(glass(), truth)
    scanned = np.ones((500, 500), bool)
    scanned[:, 380:] = False
    picture[~scanned] = 0
    labels = tissue.segment(picture, 4, scanned=scanned)
    assert ((labels == labels_of.NOT_SCANNED) == ~scanned).all()
    assert iou(labels == labels_of.TISSUE, truth) > 0.9
    nothing = tissue.segment(picture, 4, scanned=np.zeros((500, 500), bool))
    assert (nothing == labels_of.NOT_SCANNED).all()


@pytest.mark.parametrize("edge", range(380, 385))
@pytest.mark.parametrize("stain", ["H&E", "DAPI"])
def test_nothing_unscanned_is_scanned_after_working_on_a_smaller_picture(edge: int, stain: str):
    scanned = np.ones((500, 500), bool)
    scanned[:, edge:] = False
    labels = tissue.segment(with_tissue(glass(), ellipse()), 6.4, stain, scanned=scanned)
    unscanned = labels == labels_of.NOT_SCANNED
    assert unscanned[:, edge:].all()
    assert not unscanned[:, : edge - 1].any()


@pytest.mark.parametrize("shape", [(1, 1), (2, 5), (16, 16), (1, 300), (2100, 3)])
@pytest.mark.parametrize("method", tissue.METHODS)
def test_tiny_and_constant_pictures(shape, method):
    for value in (0, 128, 242, 255):
        for mpp in (0.25, 8, 30):
            labels = tissue.segment(np.full((*shape, 3), value, np.uint8), mpp, method=method)
            assert labels.shape == shape
            assert labels.dtype == np.uint8
            assert not (labels == labels_of.TISSUE).any()


def test_small_pieces_go_and_small_holes_close():
    truth = ellipse()
    drawn = truth.copy()
    cv2.circle(hole := np.zeros((500, 500), np.uint8), (200, 260), 6, 1, -1)
    drawn &= hole == 0
    drawn[30:36, 450:456] = True
    labels = tissue.segment(with_tissue(glass(), drawn), 8)
    assert labels[260, 200] == labels_of.TISSUE
    assert labels[33, 453] == labels_of.GLASS


def test_same_input_same_labels_and_input_untouched():
    picture = with_tissue(glass(), ellipse())
    before = picture.copy()
    assert (tissue.segment(picture, 8) == tissue.segment(picture, 8)).all()
    assert (picture == before).all()


def test_glass_colour_and_its_fallback():
    assert np.abs(tissue.glass_colour(glass()).astype(int) - GLASS).max() <= 2
    full = with_tissue(glass(), np.ones((500, 500), bool))
    assert tuple(tissue.glass_colour(full)) == glass_of.FALLBACK
    assert tissue.glass_colour(full).dtype == np.uint8


@pytest.mark.parametrize(
    ("picture", "mpp", "extra"),
    [
        (np.zeros((5, 5), np.uint8), 8, {}),
        (np.zeros((5, 5, 4), np.uint8), 8, {}),
        (np.zeros((0, 5, 3), np.uint8), 8, {}),
        (np.zeros((5, 5, 3), np.float32), 8, {}),
        (np.zeros((5, 5, 3), np.uint8), 0, {}),
        (np.zeros((5, 5, 3), np.uint8), float("nan"), {}),
        (np.zeros((5, 5, 3), np.uint8), 8, {"method": "magic"}),
        (np.zeros((5, 5, 3), np.uint8), 8, {"scanned": np.ones((4, 5), bool)}),
    ],
)
def test_wrong_input_is_refused(picture, mpp, extra):
    with pytest.raises(ValueError, match=r"rgb|mpp|method|scanned"):
        tissue.segment(picture, mpp, **extra)


@pytest.mark.parametrize("path", sorted((SAMPLES / "glass").iterdir()), ids=lambda path: path.stem)
@pytest.mark.parametrize("mpp", [0.5, 8])
def test_real_empty_tiles_have_no_tissue(path, mpp):
    assert (tissue.segment(read(path), mpp) == labels_of.TISSUE).mean() <= 0.01
