"""MR intensities: bias field, White Stripe, brain mask, noise; a made head, MNI152 where it is."""

import importlib.util
from pathlib import Path

import brain_phantom
import numpy as np
import pytest
import SimpleITK as sitk
from grossing.radiology.mr import bias_field, brain_mask, mr_noise, white_stripe

SHARED = Path(__file__).parents[3] / "shared/data/radiology/mr"
NAME = "mni_icbm152_{}_tal_nlin_sym_09a_converted.nii.gz"


@pytest.fixture(scope="module")
def clean():
    return brain_phantom.make_head()


@pytest.fixture(scope="module")
def biased():
    return brain_phantom.make_head(biased=True)


@pytest.fixture(scope="module")
def corrected(biased):
    return bias_field.correct(biased.image(), biased.image(biased.brain))


def array(image):
    return sitk.GetArrayFromImage(image)


def variation(values):
    return values.std() / values.mean()


def agreement(field, truth, inside):
    """Correlation of the logarithms, and sd of their difference: the scale of a field is free."""
    one, two = np.log(field[inside]), np.log(truth[inside])
    return np.corrcoef(one, two)[0, 1], np.std(one - two)


def test_a_known_field_is_found(biased, corrected):
    correlation, left = agreement(array(corrected.field), biased.bias, biased.brain)
    assert correlation > 0.95
    assert left < 0.06
    before, after = biased.volume[biased.white], array(corrected.corrected)[biased.white]
    assert variation(after) < 0.5 * variation(before)


def test_image_is_corrected_times_field_and_keeps_its_brightness_and_place(biased, corrected):
    product = array(corrected.corrected) * array(corrected.field)
    assert np.allclose(product, biased.volume, rtol=1e-4, atol=1e-3)
    assert np.median(array(corrected.field)[biased.brain]) == pytest.approx(1, abs=1e-3)
    assert corrected.field_low < 1 < corrected.field_high
    assert corrected.corrected.GetSpacing() == biased.image().GetSpacing()


def test_little_is_invented_where_there_is_no_field(clean):
    found = bias_field.correct(clean.image(), clean.image(clean.brain))
    assert np.log(array(found.field)[clean.brain]).std() <= 0.06


def test_thick_slices_are_not_thinned_out():
    head = brain_phantom.make_head()
    thick = head.image(head.volume[::3])
    thick.SetSpacing((2, 2, 9))
    mask = sitk.GetImageFromArray(head.brain[::3].astype(np.uint8))
    mask.CopyInformation(thick)
    assert bias_field.correct(thick, mask, shrink=4).shrink == (4, 4, 1)


def test_a_field_needs_tissue(clean):
    with pytest.raises(ValueError, match="empty"):
        bias_field.correct(clean.image(), clean.image(np.zeros_like(clean.brain)))
    with pytest.raises(ValueError, match="shrink is 0"):
        bias_field.correct(clean.image(), clean.image(clean.brain), shrink=0)


@pytest.mark.parametrize("sequence", ["T1", "T2"])
def test_white_matter_has_mean_0_and_sd_1_in_its_stripe(sequence):
    head = brain_phantom.make_head(sequence)
    scale = white_stripe.fit(head.volume, head.brain, sequence)
    assert scale.method == "white_stripe" and not scale.fallback
    stripe = head.volume[head.brain]
    stripe = scale.apply(stripe[(stripe >= scale.low) & (stripe <= scale.high)])
    assert len(stripe) == scale.voxels >= 1000
    assert stripe.mean() == pytest.approx(0, abs=1e-4)
    assert stripe.std() == pytest.approx(1, abs=1e-4)
    assert scale.peak == pytest.approx(brain_phantom.GREYS[sequence][5], rel=0.03)
    white, grey = (scale.apply(head.volume[where]).mean() for where in (head.white, head.grey))
    assert (white > grey) == (sequence == "T1")


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_a_gain_of_the_scanner_changes_nothing(clean, dtype):
    """8 bit too: bins that hold a varying number of grey levels gave false peaks."""
    volume = (clean.volume / 4).clip(0, 255).astype(dtype).astype(np.float32)
    one, two = volume, volume * np.float32(3.7)
    plain, louder = (white_stripe.fit(v, clean.brain, "T1").apply(v) for v in (one, two))
    assert np.abs(plain - louder)[clean.brain].max() <= 1e-3


def test_few_voxels_of_white_matter_are_a_reason_and_give_a_z_score(clean):
    """The document's example normalised by 7 to 10 pixels."""
    few = np.zeros_like(clean.brain)
    few[28:31, 40:56, 30:54] = True
    scale = white_stripe.fit(clean.volume, few & clean.brain, "T1")
    assert scale.method == "z_score"
    assert "below 1000" in scale.fallback
    values = scale.apply(clean.volume)[few & clean.brain]
    assert values.mean() == pytest.approx(0, abs=1e-3)
    assert values.std() == pytest.approx(1, abs=1e-3)


def test_a_sequence_without_a_peak_of_white_matter_gets_a_z_score(clean):
    scale = white_stripe.fit(clean.volume, clean.brain, "DWI")
    assert (scale.method, scale.peak) == ("z_score", None)
    assert "DWI" in scale.fallback
    with pytest.raises(ValueError, match="nothing to normalise"):
        white_stripe.fit(np.zeros_like(clean.volume), clean.brain, "T1")


@pytest.mark.parametrize("sequence", ["T1", "T2"])
def test_the_brain_is_found_without_skull_and_scalp(sequence):
    head = brain_phantom.make_head(sequence, biased=True)
    found = brain_mask.find(head.volume, head.spacing)
    dice = 2 * (found.brain & head.brain).sum() / (found.brain.sum() + head.brain.sum())
    assert dice > 0.9
    assert found.confidence > 0.5 and not found.stripped
    scalp = found.head & ~brain_phantom.ndimage.binary_dilation(head.brain, iterations=4)
    assert (found.brain & scalp).sum() < 0.02 * scalp.sum()


def test_a_stripped_brain_is_taken_as_it_is(clean):
    found = brain_mask.find(np.where(clean.brain, clean.volume, 0), clean.spacing)
    assert found.stripped
    assert np.array_equal(found.brain, found.head)
    assert (found.brain & clean.brain).sum() > 0.98 * clean.brain.sum()


def test_what_is_no_head_is_not_trusted(clean):
    blank = brain_mask.find(np.zeros(clean.volume.shape, np.float32), clean.spacing)
    assert blank.confidence == 0 and not blank.brain.any()
    small = brain_mask.find(clean.volume, (1.0, 0.7, 0.7))
    assert small.confidence < 0.5


def test_noise_is_that_which_was_added():
    for noise in (8.0, 24.0):
        head = brain_phantom.make_head(noise=noise)
        assert mr_noise.sd(head.volume, head.white) == pytest.approx(noise, rel=0.1)
    assert mr_noise.sd(head.volume, np.zeros_like(head.white)) is None


@pytest.fixture(scope="module")
def mni():
    """T1, grey and white matter of MNI152 (1 mm), of ../shared or of an installed nilearn."""
    folders = [SHARED]
    if spec := importlib.util.find_spec("nilearn"):
        folders += [Path(place) / "datasets/data" for place in spec.submodule_search_locations]
    for folder in folders:
        if (folder / NAME.format("t1")).exists():
            images = [sitk.ReadImage(str(folder / NAME.format(k))) for k in ("t1", "gm", "wm")]
            return [array(image).astype(np.float32) for image in images]
    return pytest.skip("MNI152 is not at hand: neither in ../shared nor with nilearn")


def test_bars_on_mni152(mni):
    t1, grey, white = mni
    brain = (
        array(sitk.BinaryFillhole(sitk.GetImageFromArray((grey + white > 127).astype("u1")))) > 0
    )
    z, y, x = np.meshgrid(*(np.linspace(-1, 1, n, dtype="f4") for n in t1.shape), indexing="ij")
    log = 0.25 * x + 0.2 * y - 0.15 * z + 0.2 * np.cos(2 * x) * np.sin(1.5 * y) - 0.15 * z * z
    bias, sure = np.exp(log), white > 230
    images = [sitk.GetImageFromArray(v) for v in (t1 * bias, t1, brain.astype(np.uint8))]
    found = bias_field.correct(images[0], images[2])
    correlation, _ = agreement(array(found.field), bias, brain)
    assert correlation >= 0.85
    after = array(found.corrected)
    assert variation(after[sure]) <= 0.045
    invented = bias_field.correct(images[1], images[2])
    assert np.log(array(invented.field)[brain]).std() <= 0.06
    scale = white_stripe.fit(after, brain, "T1")
    normal = scale.apply(after)
    assert abs(normal[sure].mean()) <= 4
    assert normal[sure].mean() > normal[grey > 230].mean()
    louder = after * np.float32(3.7)
    again = white_stripe.fit(louder, brain, "T1").apply(louder)
    assert np.abs(again - normal)[brain].max() <= 1e-3
