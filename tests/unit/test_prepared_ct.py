"""A CT prepared: masks, candidates and resampling against a phantom whose truth is known."""

from pathlib import Path
from types import SimpleNamespace

import make_ct
import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from grossing.radiology.ct import hu_windows, lung_mask, metal, prepared_ct
from grossing.radiology.ct.prepared_ct import CtOptions, PreparedCt
from grossing.radiology.studies.prepared_record import PreparedRecord
from grossing.radiology.volumes import resampling
from grossing.radiology.volumes.volume import Volume

SPACING = 1.5
ORIGIN = (-20.0, 30.0, 100.0)


@pytest.fixture(scope="module")
def phantom() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    return make_ct.chest(SPACING)


@pytest.fixture(scope="module")
def prepared(phantom: tuple[np.ndarray, dict[str, np.ndarray]]) -> PreparedCt:
    scanned = Volume(phantom[0], (SPACING,) * 3, ORIGIN)
    options = CtOptions(spacing_mm=SPACING, windows=("lung", "bone"), clahe=True)
    return prepared_ct.of_volume(scanned, "a", options)


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


def test_lungs_are_those_of_the_phantom(prepared: PreparedCt, phantom: tuple) -> None:
    truth = phantom[1]
    assert prepared.lungs is not None
    mask = prepared.lungs.mask
    assert dice(mask, truth["lung"]) >= 0.985
    assert (mask & truth["lung"]).sum() / truth["lung"].sum() >= 0.985
    assert (mask & ~truth["lung"]).sum() * SPACING**3 / 1e3 <= 40  # ml
    assert not (mask & truth["airway"] & ~truth["lung"]).sum() > 0.05 * truth["airway"].sum()
    assert (mask & truth["pleura10"]).sum() > 0.5 * (truth["pleura10"] & truth["lung"]).sum()
    assert prepared.record.measures["lung_volume_l"] == pytest.approx(
        truth["lung"].sum() * SPACING**3 / 1e6, rel=0.03
    )


def test_nodules_are_among_few_candidates_in_the_frame_of_the_patient(prepared: PreparedCt) -> None:
    assert prepared.image is not None
    size = np.array(prepared.image.values.shape)
    middle = np.array(ORIGIN[::-1]) + (size - 1) / 2 * SPACING
    places = [np.array((c.z_mm, c.y_mm, c.x_mm)) - middle for c in prepared.candidates]
    for name, (centre, diameter, _) in make_ct.NODULES.items():
        assert any(np.linalg.norm(p - centre) < diameter / 2 + 1 for p in places), name
    assert len(places) <= 15
    kinds = {c.kind for c in prepared.candidates}
    assert kinds == {"solid", "ground_glass"}


def test_metal_is_the_screw_and_not_the_speck(prepared: PreparedCt, phantom: tuple) -> None:
    measures = prepared.record.measures
    assert measures["metal_components"] == 1 and measures["metal_severity"] == 2
    assert measures["metal_mm3"] == pytest.approx(phantom[1]["metal"].sum() * SPACING**3, rel=0.01)
    low = np.minimum(phantom[0], 2976)  # a scanner that cuts off below 3000 HU
    found = metal.find(Volume(low, (SPACING,) * 3))
    assert found.ceiling_hu == 2976 and found.components == 1
    assert metal.find(Volume(np.minimum(phantom[0], 900), (SPACING,) * 3)).severity == 0


def test_masks_come_from_hu_and_not_from_what_is_shown(phantom: tuple) -> None:
    """Pitfall: -500 after windowing and equalisation finds nothing, or everything."""
    shown = hu_windows.equalized(phantom[0][40:44])
    assert shown.min() >= 0 and shown.max() <= 1
    assert not lung_mask.segment(Volume(shown - 1, (SPACING,) * 3)).mask.any()


def test_gas_is_no_lung() -> None:
    """Pitfall: on an abdominal field the largest air space is the bowel."""
    z, y, x = np.ogrid[:60, :100, :120]
    hu = np.full((60, 100, 120), -1000, np.int16)
    hu[np.broadcast_to(((y - 50) / 45) ** 2 + ((x - 60) / 55) ** 2 <= 1, hu.shape)] = 50
    hu[((z - 30) / 25) ** 2 + ((y - 50) / 30) ** 2 + ((x - 60) / 35) ** 2 <= 1] = -1000
    found = lung_mask.segment(Volume(hu, (1.5,) * 3))
    assert not found.mask.any()
    assert found.gas_fraction is not None and found.gas_fraction > 0.9


def test_resampling_and_back_keeps_values_and_frame() -> None:
    rng = np.random.default_rng(1)
    smooth = sitk.SmoothingRecursiveGaussian(
        sitk.GetImageFromArray(rng.normal(0, 1, (30, 40, 50))), 2.0
    )
    values = sitk.GetArrayFromImage(smooth)
    values = np.round(values / values.std() * 200).astype(np.int16)
    image = Volume(values, (0.7, 0.8, 1.6), ORIGIN, (0, 1, 0, 1, 0, 0, 0, 0, -1)).image()
    errors = {}
    for method in ("bspline", "linear"):
        there = resampling.isotropic(image, 0.9, interpolation=method)
        assert there.GetOrigin() == image.GetOrigin()
        assert there.GetDirection() == image.GetDirection()
        assert there.GetPixelID() == sitk.sitkInt16
        back = sitk.GetArrayFromImage(resampling.like(there, image, interpolation=method))
        inner = (slice(3, -3),) * 3
        difference = back[inner].astype(float) - values[inner]
        errors[method] = float(np.sqrt((difference**2).mean()))
        assert abs(difference.mean()) <= 1
        if method == "bspline":
            assert np.corrcoef(back[inner].ravel(), values[inner].ravel())[0, 1] >= 0.999
    assert errors["bspline"] <= 10 < 2 * errors["linear"]
    assert errors["bspline"] < errors["linear"] / 2


def test_labels_get_no_new_values() -> None:
    labels = np.zeros((10, 20, 20), np.int16)
    labels[3:7, 5:15, 5:15], labels[4:6, 8:12, 8:12] = 3, 7
    image = Volume(labels, (0.6, 0.6, 2.5)).image()
    found = sitk.GetArrayFromImage(resampling.isotropic(image, 1.0, interpolation="nearest"))
    assert set(np.unique(found)) == {0, 3, 7}


def test_shrinking_does_not_alias() -> None:
    """A pattern that the coarse grid cannot hold becomes its mean, not another pattern."""
    stripes = np.zeros((4, 8, 120), np.int16) + 1000 * (np.arange(120) % 2).astype(np.int16)
    image = Volume(stripes, (0.5, 2.0, 2.0)).image()
    found = sitk.GetArrayFromImage(resampling.isotropic(image, 2.0))
    assert np.abs(found[:, :, 3:-3] - 500.0).max() < 60


def test_windows_and_normalisation_are_those_of_the_document() -> None:
    hu = np.array([-1300, -1200, -600, 150, 600, 900])
    assert hu_windows.min_max(hu).tolist() == pytest.approx([0, 0, 1 / 3, 0.75, 1, 1])
    assert hu_windows.window(np.array([-1350, -600, 150]), "lung").tolist() == [0, 0.5, 1]
    assert hu_windows.z_score(hu, 150, 450)[3] == 0
    with pytest.raises(ValueError, match="sd"):
        hu_windows.z_score(hu, 0, 0)


def test_files_can_be_read_by_another_library_and_hold_no_text(
    prepared: PreparedCt, tmp_path: Path
) -> None:
    names = ("volume", "lung", "metal", "windows")
    to = SimpleNamespace(
        **{name: str(tmp_path / f"{name}.nii.gz") for name in names},
        candidates=str(tmp_path / "c.csv"),
        planes=str(tmp_path / "p.jpg"),
        facts=str(tmp_path / "f.json"),
    )
    prepared.write(to)
    volume = nibabel.load(to.volume)
    assert prepared.image is not None
    assert volume.shape == prepared.image.values.shape[::-1]
    assert bytes(volume.header["descrip"]).strip(b"\0") == b""
    values = np.asarray(volume.dataobj)
    assert values.min() >= -1200 and values.max() <= 600  # clipped after resampling
    assert nibabel.load(to.windows).shape[-1] == 2
    assert set(np.unique(np.asarray(nibabel.load(to.lung).dataobj))) == {0, 1}
    assert PreparedRecord.read(to.facts) == prepared.record
    PreparedCt(PreparedRecord("a", "CT", False)).write(to)
    assert nibabel.load(to.volume).shape == (1, 1, 1)
    assert not PreparedRecord.read(to.facts).prepared
