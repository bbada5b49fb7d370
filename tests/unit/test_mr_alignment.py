"""Sequences of one head on one grid: alignment, what is left of a shift, the stack."""

import brain_phantom
import numpy as np
import pytest
import SimpleITK as sitk
from grossing.radiology.mr import alignment, mr_group
from grossing.radiology.studies.prepared_record import PreparedRecord, read_all


@pytest.fixture(scope="module")
def fixed():
    return brain_phantom.make_head("T1")


@pytest.fixture(scope="module")
def motion(fixed):
    """Of the second head, further than slices are apart: 8 and 6 degrees, 14 mm."""
    moved = sitk.Euler3DTransform()
    moved.SetCenter(fixed.image().TransformContinuousIndexToPhysicalPoint((41.5, 47.5, 29.5)))
    moved.SetRotation(0.1, 0.0, 0.14)
    moved.SetTranslation((9.0, -8.0, 7.0))
    return moved


@pytest.fixture(scope="module")
def moving(motion):
    image = brain_phantom.make_head("T2").image()
    return sitk.Resample(image, image, motion, sitk.sitkBSpline)


@pytest.fixture(scope="module")
def found(fixed, moving):
    return alignment.align(fixed.image(), moving, fixed.image(fixed.brain))


def test_a_known_motion_is_found(fixed, found, motion):
    places = np.argwhere(fixed.brain)[::500, ::-1]
    points = [fixed.image().TransformIndexToPhysicalPoint(tuple(map(int, at))) for at in places]
    back = [motion.TransformPoint(found.transform.TransformPoint(at)) for at in points]
    off = np.linalg.norm(np.subtract(back, points), axis=1)
    assert off.mean() < 1.0
    assert found.moved_mm > 10
    assert found.residual_mm < 1.5
    assert found.information > found.information_before


def test_the_same_images_give_the_same_transform(fixed, moving, found):
    again = alignment.align(fixed.image(), moving, fixed.image(fixed.brain))
    assert again.transform.GetParameters() == found.transform.GetParameters()


def test_images_without_anything_in_common_raise(fixed):
    with pytest.raises(ValueError, match="empty"):
        alignment.align(fixed.image(), fixed.image(), fixed.image(np.zeros_like(fixed.brain)))


def test_what_is_no_head_is_told_by_its_residual(fixed):
    rng = np.random.default_rng(3)
    coarse = sitk.GetImageFromArray(rng.random(fixed.volume.shape).astype(np.float32))
    coarse.CopyInformation(fixed.image())
    other = sitk.SmoothingRecursiveGaussian(coarse, 8.0)
    found = alignment.align(fixed.image(), other, fixed.image(fixed.brain))
    assert found.residual_mm > 4


def member(name, image, brain, prepared=True):
    return mr_group.Member(PreparedRecord(name, "MR", prepared, (), {"cnr": 3.0}), image, brain)


def test_a_group_becomes_channels_on_the_grid_of_its_first_study(fixed, moving, tmp_path):
    brain = fixed.image(fixed.brain)
    nothing = sitk.GetImageFromArray(np.zeros((1, 1, 1), np.int16))
    members = [
        member("refused", nothing, nothing, prepared=False),
        member("t1", fixed.image(), brain),
        member("t2", moving, brain),
    ]
    stack = mr_group.stack(members)
    paths = [str(tmp_path / name) for name in ("g.nii.gz", "g.json")]
    stack.write(*paths)
    made = sitk.ReadImage(paths[0])
    assert made.GetSize() == (*fixed.image().GetSize(), 2)
    assert made.GetSpacing()[:3] == pytest.approx(fixed.image().GetSpacing())
    t1, t2 = sitk.GetArrayFromImage(made)
    assert np.array_equal(t1, fixed.volume)
    truth = brain_phantom.make_head("T2").volume
    assert np.corrcoef(t2[fixed.brain], truth[fixed.brain])[0, 1] > 0.9
    own = [str(tmp_path / f"{one.record.study_id}.json") for one in members]
    for one, path in zip(members, own, strict=True):
        one.record.write(path)
    records = {record.study_id: record for record in read_all(own, [paths[1]])}
    assert records["t2"].measures["channel"] == 1
    assert records["t2"].measures["cnr"] == 3.0
    assert records["t2"].measures["residual_shift_mm"] < 1.5
    assert "channel" not in records["refused"].measures
