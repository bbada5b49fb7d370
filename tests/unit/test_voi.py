"""The VOI of an X-ray's header: followed, in the order of DICOM, on all bits, or said why not."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from chest_phantom import make_chest, write_dicom
from grossing.radiology.reading import study_reading
from grossing.radiology.studies import study_decision
from grossing.radiology.studies.study_decision import Prepared
from grossing.radiology.volumes.study_errors import StudyError
from grossing.radiology.xr import photometric, prepared_xr, voi
from grossing.radiology.xr.prepared_xr import PreparedXr
from pydicom.sequence import Sequence
from stages import CONFIG

VALUES, LUNGS = make_chest()
RG1 = Path(__file__).parents[3] / "shared/data/radiology/cxr/RG1_mono1_15bit_lossy.dcm"
GREY_OF_16_BIT = 1 / 65535


def prepared(path: Path, values: Any = VALUES, photometric: str = "MONOCHROME2", **tags: Any):
    write_dicom(path / "film.dcm", values, photometric, **tags)
    return of_file(path / "film.dcm")


def of_file(path: Path, *, clahe: bool = False) -> PreparedXr:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return prepared_xr.prepare(path, study_id="a", passed=True, series="", clahe=clahe)


def window(centre: float, width: float, **more: Any) -> dict[str, Any]:
    return {"WindowCenter": centre, "WindowWidth": width, **more}


def table(entries: Any, first: int = 0, bits: int = 12) -> dict[str, Any]:
    item = pydicom.Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries), first, bits])
    item.add_new("LUTData", "US", [int(v) for v in entries])
    item.LUTExplanation = "PLANTED^NAME"
    return {"VOILUTSequence": Sequence([item])}


def unit(made: PreparedXr) -> np.ndarray:
    assert made.picture is not None and made.picture.dtype == np.uint16
    return made.picture / 65535


#: what PS3.3 C.11.2.1.2.1 and C.11.2.1.3 say of a value x, window 2000/3000
FUNCTIONS = {
    None: lambda x: np.clip((x - 1999.5) / 2999 + 0.5, 0, 1),
    "LINEAR": lambda x: np.clip((x - 1999.5) / 2999 + 0.5, 0, 1),
    "LINEAR_EXACT": lambda x: np.clip((x - 2000) / 3000 + 0.5, 0, 1),
    "SIGMOID": lambda x: 1 / (1 + np.exp(-4 * (x - 2000) / 3000)),
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_window_is_followed_as_the_standard_says(function: str | None, tmp_path: Path) -> None:
    named = {"VOILUTFunction": function} if function else {}
    made = prepared(tmp_path, **window(2000, 3000), **named)
    expected = FUNCTIONS[function](VALUES.astype(float))
    assert np.abs(unit(made) - expected).max() < 2 * GREY_OF_16_BIT
    assert made.record.measures["voi_followed"] is True
    assert made.record.measures["voi_clipped_fraction"] < 0.01
    assert made.record.reasons == ()


def test_a_window_is_in_rescaled_values_and_the_first_of_several_counts(tmp_path: Path) -> None:
    tags = window([500, 100], [1500, 10]) | {"RescaleSlope": 0.5, "RescaleIntercept": -500}
    made = prepared(tmp_path, **tags)
    rescaled = VALUES * 0.5 - 500
    expected = np.clip((rescaled - 499.5) / 1499 + 0.5, 0, 1)
    assert np.abs(unit(made) - expected).max() < 2 * GREY_OF_16_BIT


@pytest.mark.parametrize("how", ["window", "table"])
def test_monochrome1_is_inverted_after_the_voi(how: str, tmp_path: Path) -> None:
    """Inverted first, the window would lie on the other side of the values."""
    tags = window(1400, 2600) if how == "window" else table(np.linspace(0, 1, 4096) ** 0.5 * 4095)
    plain = unit(prepared(tmp_path, **tags))
    turned = unit(prepared(tmp_path, photometric="MONOCHROME1", **tags))
    assert np.abs(plain + turned - 1).max() < 2 * GREY_OF_16_BIT
    assert abs(plain.mean() - 0.5) > 0.02


def test_a_table_goes_before_a_window_and_keeps_its_bits(tmp_path: Path) -> None:
    entries = np.sqrt(np.linspace(0, 1, 3000)) * 65535
    made = prepared(tmp_path, **table(entries, first=100, bits=16), **window(2000, 3000))
    looked_up = entries.astype(int)[np.clip(VALUES.astype(int) - 100, 0, 2999)]
    assert np.abs(unit(made) - looked_up / 65535).max() < 2 * GREY_OF_16_BIT
    assert len(np.unique(unit(made))) > 2000


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
def test_every_stored_level_is_told_apart(bits: int, tmp_path: Path) -> None:
    values, _ = make_chest(bits)
    full = (1 << bits) - 1
    stored = {"BitsStored": bits, "HighBit": bits - 1}
    made = prepared(
        tmp_path, values, **window(full / 2, full, VOILUTFunction="LINEAR_EXACT"), **stored
    )
    assert made.record.measures["voi_followed"] is True
    assert len(np.unique(made.picture)) >= 0.98 * len(np.unique(values))


NOT_FOLLOWED = {
    "above the values": window(9000, 1000),
    "below the values": window(-3000, 1000),
    "width 0": window(2000, 0),
    "width 1": window(2000, 1),
    "negative width": window(2000, -5, VOILUTFunction="LINEAR_EXACT"),
    "narrow sigmoid": window(2000, 10, VOILUTFunction="SIGMOID"),
    "unknown function": window(2000, 3000, VOILUTFunction="CUBIC"),
    "no width": {"WindowCenter": 2000},
    "lungs cut off": window(3000, 2000),
    "falling table": table(np.arange(4095, -1, -1)),
    "flat table": table(np.full(4096, 7)),
    "table of 8 bits": table(np.arange(4096) // 16, bits=8),
    "no entries": {"VOILUTSequence": Sequence([pydicom.Dataset()])},
}


@pytest.mark.parametrize("name", NOT_FOLLOWED)
def test_a_voi_that_throws_the_picture_away_is_not_followed_and_said(
    name: str, tmp_path: Path
) -> None:
    made = prepared(tmp_path, **NOT_FOLLOWED[name])
    without = photometric.air_black(VALUES, None)
    assert np.abs(unit(made) - without).max() < 2 * GREY_OF_16_BIT
    assert made.record.measures["voi_followed"] is False
    found = Prepared(made.record.measures, made.record.reasons)
    limits = CONFIG["radiology"]["thresholds"]
    after = study_decision.after_preparing(study_decision.Verdict("PASS"), "XR", found, limits)
    assert (after.status, after.reasons) == ("REVIEW", ("voi",))


def test_without_a_voi_the_percentiles_are_taken(tmp_path: Path) -> None:
    empty = {"WindowCenter": None, "WindowWidth": None}
    for tags in ({}, empty):
        made = prepared(tmp_path, **tags)
        assert np.abs(unit(made) - photometric.air_black(VALUES, None)).max() < 2 * GREY_OF_16_BIT
        assert made.record.measures["voi_followed"] is None
        assert made.record.measures["voi_clipped_fraction"] is None
        assert made.record.reasons == ()


def test_where_no_lungs_are_found_the_middle_is_judged() -> None:
    shown = np.full((64, 64), 0.5, np.float32)
    values = np.arange(64 * 64).reshape(64, 64)
    shown[:16] = shown[-16:] = 0
    none = np.zeros((64, 64), bool)
    assert voi._clipped(values, shown, none) == 0
    shown[16:32, 16:48] = 1
    assert voi._clipped(values, shown, none) == 0.5


def test_a_modality_table_comes_before_all(tmp_path: Path) -> None:
    item = table(np.arange(4096) * 10, bits=16)["VOILUTSequence"][0]
    item.ModalityLUTType = "US"
    made = prepared(tmp_path, ModalityLUTSequence=Sequence([item]), **window(20000, 30000))
    expected = np.clip((VALUES.astype(float) * 10 - 19999.5) / 29999 + 0.5, 0, 1)
    assert np.abs(unit(made) - expected).max() < 2 * GREY_OF_16_BIT
    del item.LUTData
    write_dicom(tmp_path / "film.dcm", VALUES, "MONOCHROME2", ModalityLUTSequence=Sequence([item]))
    with pytest.raises(StudyError, match="ModalityLUTSequence"):
        study_reading.pixels(study_reading.open_study(str(tmp_path / "film.dcm")))


def test_a_real_film_keeps_its_window() -> None:
    """15 bit, MONOCHROME1, window 15000/30000."""
    if not RG1.exists():
        pytest.skip("the film is not at hand")
    made = of_file(RG1)
    stored = study_reading.pixels(study_reading.open_study(str(RG1))).values[0].astype(float)
    expected = 1 - np.clip((stored - 14999.5) / 29999 + 0.5, 0, 1)
    assert np.abs(unit(made) - expected).max() < 2 * GREY_OF_16_BIT
    assert made.record.measures["voi_followed"] is True
    assert made.record.reasons == ()
