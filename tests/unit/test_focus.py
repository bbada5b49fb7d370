"""Focus measures: against plain double-precision formulas, blurred tiles, faded tiles."""

import cv2
import numpy as np
import pytest
from grossing.measure import focus, sharpness
from scores import FOCUS_LIMIT


def tile(side=256, seed=0):
    """Nuclei-like discs on textured stroma, optics included (Gaussian 0.7 px)."""
    rng = np.random.default_rng(seed)
    picture = np.full((side, side, 3), (215, 150, 190), np.uint8)
    for x, y in rng.integers(0, side, (side * side // 250, 2)):
        cv2.circle(picture, (int(x), int(y)), int(rng.integers(2, 7)), (95, 60, 140), -1)
    rough = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 0.6)
    rough += cv2.GaussianBlur(rng.normal(0, 12, picture.shape), (0, 0), 0.7)
    return np.clip(rough, 0, 255).astype(np.uint8)


def reference(grey):
    """The three contrast measures in double precision, written out."""
    picture = grey.astype(np.float64)
    across = cv2.Sobel(picture, cv2.CV_64F, 1, 0)
    down = cv2.Sobel(picture, cv2.CV_64F, 0, 1)

    return {
        "laplacian_var": cv2.Laplacian(picture, cv2.CV_64F).var(),
        "tenengrad": (across**2 + down**2).mean(),
        "absdiff_blur": np.abs(cv2.blur(grey, (5, 5)).astype(int) - grey.astype(int)).mean(),
    }


@pytest.mark.parametrize("side", [17, 256, 512])
@pytest.mark.parametrize("sigma", [0, 1, 4])
def test_equals_double_precision_reference(side, sigma):
    picture = tile(side)
    if sigma:
        picture = cv2.GaussianBlur(picture, (0, 0), sigma)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    expected = reference(grey)
    measured = focus.measure(picture, 0.5)
    assert {name: measured[name] for name in expected} == pytest.approx(expected, rel=1e-3)
    assert focus.laplacian_var(grey) == pytest.approx(expected["laplacian_var"], rel=1e-9)


def test_absdiff_does_not_wrap():
    """A white pixel: its 5 x 5 mean is 10, the difference 240 there (16 in uint8), 10 around."""
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[20, 20] = 250
    assert focus.measure(picture, 0.5)["absdiff_blur"] == pytest.approx((240 + 24 * 10) / 1600)


@pytest.mark.parametrize("side", [40, 64, 128, 256, 300])
def test_tiles_together_are_judged_as_each_alone(side):
    """To the bit, sharp, blurred, noisy and empty ones beside each other, in both lights."""
    noise = np.random.default_rng(1).normal(0, 15, (side, side))
    sharp = cv2.cvtColor(tile(side), cv2.COLOR_RGB2GRAY)
    soft = cv2.GaussianBlur(sharp, (0, 0), 2)
    noisy = np.clip(soft + noise, 0, 255).astype(np.uint8)
    greys = [sharp, soft, np.full_like(sharp, 230), noisy, np.ascontiguousarray(sharp[::-1])]
    for dark_field in (False, True):
        alone = [focus.judged([grey], dark_field=dark_field)[0] for grey in greys]
        assert focus.judged(greys, dark_field=dark_field) == alone
        alone = [focus.of_greys([grey], dark_field=dark_field)[0] for grey in greys]
        assert focus.of_greys(greys, dark_field=dark_field) == alone
    assert focus.judged([]) == focus.of_greys([]) == []


def test_blur_lowers_every_measure():
    picture = tile()
    sharp = focus.measure(picture, 0.5)
    blurred = focus.measure(cv2.GaussianBlur(picture, (0, 0), 1.5), 0.5)
    for name in ("focus", "laplacian_var", "tenengrad", "absdiff_blur"):
        assert blurred[name] < sharp[name]
    assert blurred["focus"] < FOCUS_LIMIT < sharp["focus"]
    assert sharp["blurred_fraction"] == 0 and blurred["blurred_fraction"] == 1


def test_fading_changes_focus_little():
    picture = tile()
    faded = np.round(255 - (255 - picture.astype(float)) / 2).astype(np.uint8)
    sharp, pale = focus.measure(picture, 0.5), focus.measure(faded, 0.5)
    assert pale["focus"] == pytest.approx(sharp["focus"], rel=0.05)
    assert pale["laplacian_var"] < sharp["laplacian_var"] / 3


def test_finer_tiles_are_brought_to_half_a_micrometre():
    fine = cv2.resize(tile(), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    expected = focus.measure(tile(), 0.5)
    assert focus.measure(fine, 0.25) == pytest.approx(expected)
    assert focus.measure(fine, 0.2527) == pytest.approx(expected)
    assert focus.measure(tile(), 0.499) == expected
    assert focus.measure(tile(), 2.0) == expected


@pytest.mark.parametrize("shape", [(1, 1), (15, 300), (300, 15)])
def test_too_small_is_not_measurable(shape):
    measured = focus.measure(np.zeros((*shape, 3), np.uint8), 0.5)
    assert measured == dict.fromkeys(focus.NAMES)


@pytest.mark.parametrize("value", [0, 128, 255])
def test_constant_tile_has_no_focus(value):
    measured = focus.measure(np.full((64, 64, 3), value, np.uint8), 0.5)
    assert measured["focus"] is measured["blurred_fraction"] is None
    assert measured["laplacian_var"] == measured["tenengrad"] == measured["absdiff_blur"] == 0


@pytest.mark.parametrize(
    ("picture", "mpp"),
    [
        (np.zeros((64, 64), np.uint8), 0.5),
        (np.zeros((64, 64, 3), np.float64), 0.5),
        (np.zeros((64, 64, 3), np.uint8), 0),
        (np.zeros((64, 64, 3), np.uint8), float("nan")),
    ],
)
def test_wrong_input_is_refused(picture, mpp):
    with pytest.raises(ValueError, match=r"rgb|mpp"):
        focus.measure(picture, mpp)


def with_noise(picture, sigma, seed=1):
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("noise", [0, 2, 4])
@pytest.mark.parametrize("sigma", [1.5, 3, 5])
def test_noise_makes_no_blurred_tile_sharp(sigma, noise):
    blurred = with_noise(cv2.GaussianBlur(tile(512), (0, 0), sigma), noise)
    value = focus.measure(blurred, 0.5)["focus"]
    assert value is None or value < FOCUS_LIMIT


def test_noise_alone_has_no_focus():
    picture = with_noise(np.full((512, 512, 3), 200.0), 4)
    assert focus.measure(picture, 0.5)["focus"] is None


@pytest.mark.parametrize("quality", [60, 75, 85])
@pytest.mark.parametrize("sigma", [20, 30, 60])
def test_what_jpeg_leaves_of_the_noise_makes_no_wholly_blurred_field_sharp(sigma, quality):
    """Tissue far out of focus, or a lake of lysed blood: slow shading, and patches of noise."""
    rough = np.random.default_rng(3).normal(0, 1, (512, 512, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(rough, (0, 0), sigma)
    field = with_noise(170 + 12 * smooth / smooth.std(), 4)
    stored = cv2.imencode(".jpg", field, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    value = focus.measure(cv2.imdecode(stored, cv2.IMREAD_COLOR), 0.5)["focus"]
    assert value is None or value < FOCUS_LIMIT


def moved(picture, length, angle):
    """Blurred along a line of `length` px, at `angle` degrees from the rows."""
    side = 2 * length + 1
    line = np.zeros((side, side), np.float32)
    line[length, length - length // 2 : length - length // 2 + length] = 1
    turn = cv2.getRotationMatrix2D((length, length), angle, 1)
    kernel = cv2.warpAffine(line, turn, (side, side))
    return cv2.filter2D(picture, -1, kernel / kernel.sum())


def crisp(side):
    """Small grains, sharper than nearly all tissue: much detail remains after motion."""
    rng = np.random.default_rng(7)
    picture = np.full((side, side, 3), (225, 190, 215), np.uint8)
    for x, y in rng.integers(0, side, (side * side // 150, 2)).tolist():
        cv2.circle(picture, (x, y), int(rng.integers(1, 3)), (95, 60, 140), -1)
    return cv2.GaussianBlur(picture, (0, 0), 0.7)


@pytest.mark.parametrize("angle", [0, 20, 25, 45, 65, 90, 110, 155])
@pytest.mark.parametrize("length", [8, 13, 20])
@pytest.mark.parametrize("picture", [tile, crisp])
def test_blur_in_one_direction_counts(picture, length, angle):
    """Also between the directions in which differences are taken."""
    sharp = picture(512)
    assert focus.measure(sharp, 0.5)["focus"] > FOCUS_LIMIT
    assert focus.measure(moved(sharp, length, angle), 0.5)["focus"] < FOCUS_LIMIT


def threads(angle, grains):
    """Sharp tissue whose fibres all run one way; long ones with grains that do not, or short."""
    rng = np.random.default_rng(3)
    picture = np.full((512, 512, 3), (215, 150, 190), np.uint8)
    longest = 60 if grains else 20
    for x, y in rng.integers(0, 512, (20000 // longest, 2)).tolist():
        axes = int(rng.integers(longest // 2, longest)), int(rng.integers(2, 5))
        cv2.ellipse(picture, (x, y), axes, angle, 0, 360, (95, 60, 140), -1)
    for x, y in rng.integers(0, 512, (grains, 2)).tolist():
        cv2.circle(picture, (x, y), 1, (180, 125, 180), -1)
    return cv2.GaussianBlur(picture, (0, 0), 0.7)


@pytest.mark.parametrize("grains", [0, 3000])
@pytest.mark.parametrize("angle", range(0, 180, 15))
def test_threads_are_not_taken_for_motion(angle, grains):
    assert focus.measure(threads(angle, grains), 0.5)["focus"] > FOCUS_LIMIT


@pytest.mark.parametrize("length", [10, 20])
@pytest.mark.parametrize("angle", range(0, 180, 15))
def test_motion_of_threads_counts(angle, length):
    """At any angle to them."""
    for grains in (0, 3000):
        picture = moved(threads(30, grains), length, angle)
        assert focus.measure(picture, 0.5)["focus"] < FOCUS_LIMIT


def test_a_tile_blurred_by_half_is_blurred_and_says_by_how_much():
    picture = tile(512)
    picture[:, :256] = cv2.GaussianBlur(picture, (0, 0), 3)[:, :256]
    measured = focus.measure(picture, 0.5)
    assert measured["focus"] < FOCUS_LIMIT
    assert measured["blurred_fraction"] == 0.5


@pytest.mark.parametrize("angle", [0, 25, 110])
@pytest.mark.parametrize("first", [0, 1])
def test_a_tile_moved_by_half_is_blurred(first, angle):
    """The border runs through its blocks, from corner to corner."""
    picture = tile()
    half = np.tri(256, dtype=bool)[..., None] ^ bool(first)
    picture = np.where(half, moved(picture, 14, angle), picture)
    assert focus.measure(picture, 0.5)["focus"] < FOCUS_LIMIT


@pytest.mark.parametrize("side", [256, 300])
def test_a_place_at_the_edge_of_the_tissue_is_judged_by_its_tissue(side):
    """Beside it lies glass, with a stroke of ink whose edges are soft."""
    tissue = np.ones((side // 2, side // 2), bool)
    tissue[:, : int(0.46 * side / 2)] = False
    glass = ~np.repeat(np.repeat(tissue, 2, 0), 2, 1)
    beside = np.full((side, side, 3), 240, np.uint8)
    beside[:, : side // 8] = (220, 70, 130)
    beside = cv2.GaussianBlur(beside, (0, 0), 6)
    found = {}
    for name, sigma in (("sharp", 0), ("blurred", 2)):
        picture = tile(side) if not sigma else cv2.GaussianBlur(tile(side), (0, 0), sigma)
        grey = focus.working_grey(np.where(glass[..., None], beside, picture), 0.5)
        for mask in (tissue, np.ones_like(tissue), None):
            masks = None if mask is None else [mask, mask]
            measured = focus.of_greys([grey, grey], masks)
            assert measured[0] == measured[1]
            found[name, mask is tissue, mask is None] = measured[0]["focus"]
    assert found["sharp", True, False] > FOCUS_LIMIT > found["sharp", False, True]
    assert found["blurred", True, False] < FOCUS_LIMIT
    for name in ("sharp", "blurred"):
        assert found[name, False, False] == found[name, False, True]


def test_the_limit_of_a_dark_field_is_lower():
    soft = cv2.GaussianBlur(tile(), (0, 0), 0.9)
    bright, dark = (focus.measure(soft, 0.5, dark_field=d)["focus"] for d in (False, True))
    assert dark == pytest.approx(bright / sharpness.DARK_FIELD)
