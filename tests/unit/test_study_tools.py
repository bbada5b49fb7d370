"""Augmentation, comparison and denoising of studies."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from grossing import radiology
from grossing.radiology.volumes import augmentation, comparison, denoising


def box(dimension=3):
    """An image with a cube in noise, thick slices, and its labels 0, 3, 7."""
    rng = np.random.default_rng(1)
    shape = (24, 40, 36)[-dimension:]
    label = np.zeros(shape, np.uint8)
    label[tuple(slice(n // 4, -n // 4) for n in shape)] = 3
    label[tuple(slice(n // 2, -n // 4) for n in shape)] = 7
    values = 100.0 * label + rng.normal(0, 5, shape)
    images = [sitk.GetImageFromArray(a) for a in (values.astype(np.float32), label)]
    for image in images:
        image.SetSpacing((1.0, 1.0, 2.5)[:dimension])
        image.SetOrigin((-20.0, 30.0, 5.0)[:dimension])
    return images


@pytest.mark.parametrize("seed", range(8))
def test_space_is_never_folded(seed):
    """The document's elastic field (alpha 1000 without a limit) folds it."""
    volume, _ = box()
    move = augmentation.random_transform(volume, seed)
    field = sitk.TransformToDisplacementField(
        move,
        sitk.sitkVectorFloat64,
        volume.GetSize(),
        volume.GetOrigin(),
        volume.GetSpacing(),
        volume.GetDirection(),
    )
    jacobian = sitk.GetArrayFromImage(sitk.DisplacementFieldJacobianDeterminant(field))
    assert jacobian.min() > 0.1


def test_bounds_are_kept_and_reached():
    volume, _ = box()
    extent = np.array(volume.GetSize()) * volume.GetSpacing()
    angles, scales, shifts = [], [], []
    for seed in range(60):
        affine = sitk.CompositeTransform(augmentation.random_transform(volume, seed))
        affine = sitk.AffineTransform(affine.GetNthTransform(0))
        matrix = np.array(affine.GetMatrix()).reshape(3, 3)
        scale = np.linalg.det(matrix) ** (1 / 3)
        turned = sitk.Euler3DTransform()
        turned.SetMatrix((matrix / scale).ravel().tolist(), 1e-6)
        angles += np.rad2deg([turned.GetAngleX(), turned.GetAngleY(), turned.GetAngleZ()]).tolist()
        scales.append(scale - 1)
        shifts += (np.array(affine.GetTranslation()) / extent).tolist()
    for found, bound in ((angles, 15), (scales, 0.1), (shifts, 0.05)):
        assert np.abs(found).max() <= bound + 1e-6
        assert np.min(found) < -0.8 * bound and np.max(found) > 0.8 * bound


@pytest.mark.parametrize("dimension", [2, 3])
def test_labels_follow_the_volume_and_get_no_new_value(dimension):
    volume, label = box(dimension)
    moved, found = augmentation.augment(volume, label, 3)
    values, labels = sitk.GetArrayFromImage(moved), sitk.GetArrayFromImage(found)
    assert set(np.unique(labels)) <= {0, 3, 7}
    assert not np.array_equal(labels, sitk.GetArrayFromImage(label))
    assert np.corrcoef(values.ravel(), labels.ravel())[0, 1] > 0.95
    again, _ = augmentation.augment(volume, None, 3)
    assert np.array_equal(sitk.GetArrayFromImage(again), values)
    other, _ = augmentation.augment(volume, None, 4)
    assert not np.array_equal(sitk.GetArrayFromImage(other), values)


def test_a_label_of_another_grid_raises():
    volume, label = box()
    label.SetSpacing((1.0, 1.0, 1.0))
    with pytest.raises(ValueError, match="another grid"):
        augmentation.augment(volume, label, 0)


def test_equal_images_are_equal_and_a_shifted_scale_is_told():
    values = sitk.GetArrayFromImage(box()[0])
    same = comparison.compare_studies(values, values)
    assert same.ssim == pytest.approx(1) and same.correlation == pytest.approx(1)
    scaled = comparison.compare_studies(values, values / 1000)
    assert scaled.correlation == pytest.approx(1)
    assert scaled.ssim < 0.7
    assert scaled.after.mean == pytest.approx(scaled.before.mean / 1000)
    flat = comparison.compare_studies(values, np.zeros_like(values))
    assert np.isnan(flat.correlation)


def test_an_roi_is_looked_at_in_the_image():
    """The document takes SSIM of the voxels of an ROI in a row, where nothing has neighbours."""
    values = sitk.GetArrayFromImage(box()[0])
    roi = np.zeros(values.shape, bool)
    roi[8:16, 12:28, 12:24] = True
    changed = values.copy()
    changed[roi] = np.random.default_rng(0).permutation(changed[roi])
    inside = comparison.compare_studies(values, changed, roi)
    outside = comparison.compare_studies(values, changed, ~widened(roi))
    assert inside.ssim < 0.6 < 0.99 < outside.ssim
    assert inside.before == pytest.approx(inside.after) or inside.before.sd == pytest.approx(
        inside.after.sd, rel=1e-6
    )
    for shape in ((3, 4), (24, 40, 35)):
        with pytest.raises(ValueError, match="one grid"):
            comparison.compare_studies(values, np.zeros(shape), None)
    with pytest.raises(ValueError, match="ROI"):
        comparison.compare_studies(values, values, np.zeros_like(roi))


def widened(mask):
    """The mask and what is within reach of a window of 7."""
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    return sitk.GetArrayFromImage(sitk.BinaryDilate(image, (4, 4, 4))) > 0


def test_noise_goes_and_edges_stay():
    volume, label = box()
    before = sitk.GetArrayFromImage(volume)
    smooth = sitk.GetArrayFromImage(denoising.denoise(volume, 10))
    flat = sitk.GetArrayFromImage(label) == 0
    flat[:, 4:-4, 4:-4] = False
    assert smooth[flat].std() < 0.6 * before[flat].std()
    step = smooth[12, 20, 5:14]
    gaussian = sitk.GetArrayFromImage(sitk.SmoothingRecursiveGaussian(volume, 2.0))[12, 20, 5:14]
    assert np.abs(np.diff(step)).max() > 1.5 * np.abs(np.diff(gaussian)).max()
    assert denoising.denoise(volume, 0) is volume
    with pytest.raises(ValueError, match="between 0 and 50"):
        denoising.denoise(volume, 51)


def test_entry_points_are_documented_and_importing_them_loads_nothing():
    code = (
        "import sys, grossing.radiology as r\n"
        "heavy = {'numpy', 'SimpleITK', 'pydicom', 'skimage', 'scipy', 'cv2'} & set(sys.modules)\n"
        "print(sorted(heavy), set(r.ENTRY_POINTS) <= set(dir(r)))"
    )
    scripts = Path(radiology.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(scripts)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[] True"
    for name in radiology.ENTRY_POINTS:
        found = getattr(radiology, name)
        assert callable(found) and found.__doc__, name
    with pytest.raises(AttributeError, match="no attribute 'gaussian'"):
        _ = radiology.gaussian
