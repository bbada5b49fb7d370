"""Bars of the CT chain that need a made study of their own: syntaxes, slabs, parts of a chest."""

from pathlib import Path

import gdcm
import make_ct
import numpy as np
import pydicom
import pytest
from grossing.radiology.ct import prepared_ct
from grossing.radiology.ct.prepared_ct import CtOptions, PreparedCt
from grossing.radiology.reading import study_reading
from grossing.radiology.studies import study_decision
from grossing.radiology.studies.study_decision import Prepared, Verdict
from grossing.radiology.volumes.volume import Volume
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)
from stages import CONFIG

SPACING = 1.5
LIMITS = CONFIG["radiology"]["thresholds"]
COMPRESSED = {
    "JPEG lossless": gdcm.TransferSyntax.JPEGLosslessProcess14_1,
    "JPEG-LS": gdcm.TransferSyntax.JPEGLSLossless,
    "JPEG 2000": gdcm.TransferSyntax.JPEG2000Lossless,
    "big endian": gdcm.TransferSyntax.ExplicitVRBigEndian,
}
REWRITTEN = {
    "implicit": ImplicitVRLittleEndian,
    "deflated": DeflatedExplicitVRLittleEndian,
    "RLE": RLELossless,
}


@pytest.fixture(scope="module")
def chest() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    return make_ct.chest(SPACING)


def compressed(source: Path, to: Path, syntax: int) -> None:
    reader = gdcm.ImageReader()
    reader.SetFileName(str(source))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    writer.SetFileName(str(to))
    assert writer.Write()


def rewritten(source: Path, to: Path, syntax: pydicom.uid.UID) -> None:
    data = pydicom.dcmread(source)
    if syntax == RLELossless:
        data.compress(syntax)
        data.save_as(to)
        return
    data.file_meta.TransferSyntaxUID = syntax
    data.save_as(to, implicit_vr=syntax == ImplicitVRLittleEndian, enforce_file_format=True)


@pytest.mark.parametrize("name", [*COMPRESSED, *REWRITTEN])
def test_lossless_syntaxes_change_no_value(name: str, tmp_path: Path) -> None:
    hu = make_ct.phantom_of(1)
    (source,) = make_ct.write_series(tmp_path / "plain", hu)
    to = tmp_path / "other.dcm"
    if name in COMPRESSED:
        compressed(source, to, COMPRESSED[name])
    else:
        rewritten(source, to, REWRITTEN[name])
    syntaxes = {pydicom.dcmread(p).file_meta.TransferSyntaxUID for p in (source, to)}
    assert len(syntaxes) == 2
    found = study_reading.pixels(study_reading.open_study(str(to)))
    assert np.array_equal(found.values, hu)


def prepared(hu: np.ndarray, spacing_z: float = SPACING) -> PreparedCt:
    scanned = Volume(hu, (SPACING, SPACING, spacing_z))
    return prepared_ct.of_volume(scanned, "a", CtOptions(spacing_mm=SPACING))


def after(made: PreparedCt) -> Verdict:
    found = Prepared(made.record.measures, made.record.reasons)
    return study_decision.after_preparing(Verdict("PASS"), "CT", found, LIMITS)


def codes(verdict: Verdict) -> set[str]:
    return {reason.split("=")[0] for reason in verdict.reasons}


@pytest.mark.parametrize("slices", [2, 3, 5])
def test_lungs_of_thick_slabs_and_nothing_is_called_without_nodules(
    slices: int, chest: tuple[np.ndarray, dict[str, np.ndarray]]
) -> None:
    """Slabs of 3, 4.5 and 7.5 mm, as a scanner averages them."""
    hu, truth = chest
    whole = len(hu) // slices * slices
    slabs = hu[:whole].reshape(-1, slices, *hu.shape[1:]).mean(axis=1).round().astype(np.int16)
    made = prepared(slabs, SPACING * slices)
    assert made.lungs is not None
    mask = made.lungs.mask
    # the centre of the first slab is (slices - 1) / 2 slices below the first slice
    places = np.round(np.arange(len(mask)) + (slices - 1) / 2).astype(int)
    inside = truth["lung"][places]
    assert 2 * (mask & inside).sum() / (mask.sum() + inside.sum()) >= 0.97
    is_thick = SPACING * slices > CtOptions().candidates_slice_mm_max
    assert ("candidates_not_searched" in made.record.reasons) == is_thick
    assert (made.record.measures["candidates"] is None) == is_thick
    if is_thick:
        assert after(made).status == "REVIEW"


def test_a_part_of_a_chest_is_said(chest: tuple[np.ndarray, dict[str, np.ndarray]]) -> None:
    hu, _ = chest
    assert "partial_lung" not in codes(after(prepared(hu)))
    assert "partial_lung" in codes(after(prepared(hu[30:70])))


def test_a_body_without_lungs_is_said(chest: tuple[np.ndarray, dict[str, np.ndarray]]) -> None:
    """None for a volume, not a small one; a missing unit is another reason (`no_rescale`)."""
    made = prepared(np.where(chest[0] > -900, np.maximum(chest[0], 20), chest[0])[:40])
    assert "no_lung" in codes(after(made))
    assert made.record.measures["lung_volume_l"] is None


def test_a_hole_in_a_slice_is_filled_only_where_it_is_small() -> None:
    """Pitfall: filled without a limit, the dome of the liver is lung (+152 ml)."""
    spacing = 2.0
    z, y, x = (np.arange(n) * spacing for n in (60, 90, 120))
    z, y, x = z[:, None, None], y[None, :, None] - 90, x[None, None, :] - 120
    hu = np.full((60, 90, 120), -1000, np.int16)
    hu[np.broadcast_to((y / 80) ** 2 + (x / 110) ** 2 <= 1, hu.shape)] = 50
    dome = np.zeros(hu.shape, bool)
    for side in (-50, 50):
        hu[((z - 60) / 55) ** 2 + (y / 60) ** 2 + ((x - side) / 40) ** 2 <= 1] = -850
        dome |= ((z - 20) / 30) ** 2 + (y / 35) ** 2 + ((x - side) / 22) ** 2 <= 1
    hu[dome] = 50
    options = CtOptions(spacing_mm=spacing)
    made = prepared_ct.of_volume(Volume(hu, (spacing,) * 3), "a", options)
    assert made.lungs is not None and made.lungs.mask.any()
    core = dome & (((z - 20) / 30) ** 2 + (y / 35) ** 2 < 0.25)
    assert (made.lungs.mask & core).sum() < 0.1 * core.sum()


@pytest.mark.parametrize(
    ("modality", "column", "value", "reason"),
    [
        ("CT", "lung_volume_l", 0.3, "lung_volume"),
        ("CT", "lung_volume_l", 20, "lung_volume"),
        ("MR", "cnr", 0, "low_cnr"),
        ("MR", "residual_shift_mm", 50, "misaligned"),
        ("MR", "brain_confidence", 0, "brain_mask"),
    ],
)
def test_what_preparing_measured_has_its_reason(
    modality: str, column: str, value: float, reason: str
) -> None:
    found = study_decision.after_preparing(
        Verdict("PASS"), modality, Prepared({column: value}), LIMITS
    )
    assert (found.status, codes(found)) == ("REVIEW", {reason})
