"""Focus in a dark field: noise that JPEG leaves in spots is no detail, dim nuclei are."""

import cv2
import numpy as np
from grossing.measure import focus


def field(seed, *, sigma=0.0, gain=1.0, nuclei=120, noise=3.0):
    """(256, 256) uint8 as JPEG at quality 60 has it: nuclei on a level of 10, blurred by sigma."""
    rng = np.random.default_rng(seed)
    grey = np.zeros((512, 512), np.float32)
    for _ in range(4 * nuclei):
        place, axes = rng.integers(0, 512, 2).tolist(), rng.integers(6, 14, 2).tolist()
        level = rng.uniform(60, 180)
        cv2.ellipse(grey, place, axes, rng.uniform(0, 180), 0, 360, level, -1, cv2.LINE_AA)
    grey = cv2.GaussianBlur(grey, (0, 0), max(0.6, sigma))[128:384, 128:384] * gain + 10
    grey += noise * rng.standard_normal(grey.shape, dtype=np.float32)
    rounded = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    return cv2.imdecode(cv2.imencode(".jpg", rounded, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], 0)


def passed(greys, background_noise):
    found = focus.of_greys(greys, dark_field=True, background_noise=background_noise)
    return np.mean([each["focus"] is not None and each["focus"] >= 1 for each in found])


def test_far_out_of_focus_does_not_pass_by_noise_that_the_background_has_too():
    noise = focus.noise([field(seed, nuclei=0) for seed in range(8)])
    blurred = [field(seed, sigma=20, gain=0.5) for seed in range(24)]
    assert passed(blurred, 0.0) > 0.3
    assert passed(blurred, noise) == 0
    sharp = [field(seed, gain=0.5) for seed in range(24)]
    assert passed(sharp, noise) == passed(sharp, 0.0) == 1


def test_dim_nuclei_are_in_focus_where_there_is_little_noise():
    noise = focus.noise([field(seed, nuclei=0, noise=0.5) for seed in range(8)])
    dim = [field(seed, gain=0.1, noise=0.5) for seed in range(24)]
    assert passed(dim, noise) == passed(dim, 0.0) > 0.7


def test_dirt_on_a_part_of_the_background_does_not_raise_its_noise():
    clean = [field(seed, nuclei=0) for seed in range(8)]
    dirty = [field(seed) for seed in range(3)]
    assert focus.noise(clean[:5] + dirty) < 1.1 * focus.noise(clean)
    assert focus.noise([]) is None
