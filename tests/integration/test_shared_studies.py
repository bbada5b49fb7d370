"""Real CTs that may not be copied into the repository; skipped where they are not at hand."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
from grossing.radiology import prepared_ct, study_reading
from grossing.radiology.prepared_ct import CtOptions
from running import SHARED

CT = SHARED / "radiology/ct"
pytestmark = pytest.mark.skipif(not CT.is_dir(), reason=f"needs the studies of {CT}")


def unpacked(name: str, folder: Path) -> Path:
    with tarfile.open(CT / f"{name}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder


def test_lungs_of_a_real_chest_of_8_mm_slabs(tmp_path: Path) -> None:
    folder = unpacked("chest_8mm_siemens_b40f", tmp_path)
    scanned = study_reading.pixels(study_reading.open_study(str(folder)))
    found = prepared_ct.of_volume(scanned, "a", CtOptions(spacing_mm=1.5))
    assert found.lungs is not None
    assert found.lungs.volume_l == pytest.approx(2.651, rel=0.05)
    assert found.lungs.median_hu is not None and -900 < found.lungs.median_hu < -700
    assert found.record.reasons == ("candidates_not_searched",)


def test_lossless_syntaxes_give_the_same_pixels(tmp_path: Path) -> None:
    paths = [
        CT / f"syntax/CTImage.{n}.dcm" for n in ("rle", "jpll70", "jls80", "j2k90", "deflated")
    ]
    paths += sorted(unpacked("syntax/big_and_implicit", tmp_path).rglob("*.dcm"))
    found = [study_reading.pixels(study_reading.open_study(str(p))).values for p in paths]
    assert len(found) == 7
    assert all(np.array_equal(found[0], values) for values in found)
