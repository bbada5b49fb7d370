"""Shape measures: against scikit-image, and drawn shapes."""

import cv2
import numpy as np
import pytest
from grossing.nuclei import shape
from skimage import measure


@pytest.fixture(scope="module")
def blobs():
    """Irregular pieces, some at the picture's edge, numbered without gaps."""
    rng = np.random.default_rng(3)
    rough = cv2.GaussianBlur(rng.normal(size=(200, 300)).astype(np.float32), (0, 0), 4)
    labels = cv2.connectedComponents((rough > 0.05).astype(np.uint8))[1].astype(np.int32)
    labels[:, 150][labels[:, 150] > 0] = labels.max() + 1  # a thin one, in pieces
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape).astype(np.int32)


def test_equal_to_scikit_image(blobs):
    intensity = np.random.default_rng(0).random(blobs.shape).astype(np.float32)
    shapes = shape.measure(blobs, intensity, 0.5)
    regions = measure.regionprops(blobs, intensity)
    assert len(regions) == len(shapes.area_um2) > 10
    for k, region in enumerate(regions):
        diameter_px = region.equivalent_diameter_area
        assert shapes.area_um2[k] == region.area * 0.25
        assert shapes.equivalent_diameter_um[k] == pytest.approx(diameter_px / 2)
        assert (shapes.y_px[k], shapes.x_px[k]) == pytest.approx(region.centroid)
        assert shapes.eccentricity[k] == pytest.approx(region.eccentricity, abs=1e-6)
        crofton = measure.perimeter_crofton(blobs == k + 1, directions=4)
        assert shapes.perimeter_um[k] == pytest.approx(crofton / 2, rel=1e-6)
        assert shapes.mean[k] == pytest.approx(region.intensity_mean, rel=1e-5)


def test_perimeter_of_discs_is_right_and_scales():
    for radius in (5, 10, 20):
        y, x = np.mgrid[-30:31, -30:31]
        labels = (x * x + y * y <= radius * radius).astype(np.int32)
        perimeter = shape.measure(labels, labels.astype(np.float32), 0.25).perimeter_um[0]
        assert perimeter == pytest.approx(2 * np.sqrt(np.pi * labels.sum()) * 0.25, rel=0.07)


def test_an_empty_picture_has_no_shapes():
    empty = np.zeros((9, 9), np.int32)
    assert len(shape.measure(empty, empty.astype(np.float32), 0.5).area_um2) == 0
    assert shape.polygons(empty, []) == []


def test_outlines_lie_where_the_pixels_are(blobs):
    numbers = [k for k in range(1, blobs.max() + 1) if (blobs == k).sum() > 60]
    for k, outline in zip(numbers, shape.polygons(blobs, numbers), strict=True):
        if cv2.connectedComponents((blobs == k).astype(np.uint8))[0] > 2:
            continue
        y, x = np.nonzero(blobs == k)
        assert outline.is_valid
        assert outline.area == pytest.approx(len(x), rel=0.1)
        assert outline.centroid.coords[0] == pytest.approx((x.mean() + 0.5, y.mean() + 0.5), abs=1)
