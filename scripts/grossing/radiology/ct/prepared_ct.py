"""A CT made ready: HU on cubic voxels, lung and metal masks, nodule candidates, windows."""

import csv
import dataclasses
import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from grossing.radiology.ct import candidates, hu_windows, lung_mask, metal
from grossing.radiology.ct.candidates import Candidate
from grossing.radiology.ct.hu_windows import Clip, Window
from grossing.radiology.ct.lung_mask import Lungs
from grossing.radiology.ct.metal import Metal
from grossing.radiology.reading import study_files, study_reading
from grossing.radiology.studies.prepared_record import PreparedRecord
from grossing.radiology.studies.study_record import StudyRecord
from grossing.radiology.volumes import outlined_planes, resampling, volume
from grossing.radiology.volumes.resampling import Interpolation
from grossing.radiology.volumes.volume import Volume
from grossing.support import files
from grossing.support.errors import CohortError
from grossing.support.types import PathLike, Pixels

LOG = logging.getLogger(__name__)
#: HU that stands for what was not scanned
OUTSIDE_HU = -1000
_COLUMNS = [each.name for each in dataclasses.fields(Candidate)]


class CtOutputs(Protocol):
    """Paths of a prepared CT."""

    volume: str
    lung: str
    metal: str
    windows: str
    candidates: str
    planes: str
    facts: str


@dataclass(frozen=True)
class CtOptions:
    """The config's `radiology.ct`."""

    spacing_mm: float = 1.0
    interpolation: Interpolation = "bspline"
    clip: Clip = "lung"
    windows: Sequence[Window] = ()
    clahe: bool = False
    metal_hu: float = metal.THRESHOLD_HU
    lung_expected: bool = True
    lung_hu: float = lung_mask.AIR_HU
    closing_mm: float = 14.0
    candidates_slice_mm_max: float = 3.0


@dataclass(frozen=True)
class PreparedCt:
    """A prepared CT; `image` None where the study is behind the gate.

    `image` (z, y, x) clipped HU on cubic voxels with `lungs` and `metal` on the same grid,
    `windows` (z, y, x, C) uint8, None where none are wanted, `planes` the picture for the report.
    """

    record: PreparedRecord
    image: Volume | None = None
    lungs: Lungs | None = None
    metal: volume.Flags | None = None
    windows: Any = None
    candidates: Sequence[Candidate] = field(default=())
    planes: Pixels | None = None

    def write(self, to: CtOutputs) -> None:
        """Write all files, those of a study that is not prepared empty; the JSON comes last."""
        if self.image is None or self.metal is None:
            for path in (to.volume, to.lung, to.metal, to.windows):
                volume.empty(path)
        else:
            volume.write(self.image.image(), to.volume)
            lungs = self.lungs.mask if self.lungs else np.zeros(self.metal.shape, bool)
            volume.write(self.image.image(lungs), to.lung)
            volume.write(self.image.image(self.metal), to.metal)
            if self.windows is None:
                volume.empty(to.windows)
            else:
                volume.write(self.image.image(self.windows), to.windows)
        files.write(to.candidates, _csv(self.candidates))
        outlined_planes.write(self.planes, to.planes)
        self.record.write(to.facts)


def _csv(found: Sequence[Candidate]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(dataclasses.asdict(each) for each in found)
    return text.getvalue().encode()


def prepare(
    path: PathLike, record: StudyRecord, *, passed: bool, series: str, options: CtOptions
) -> PreparedCt:
    """Prepare one CT.

    Parameters
    ----------
    path, series : as for `measured_study.measure`
    record : what was measured of it
    passed : False behind the gate: nothing is read then

    Raises
    ------
    CohortError : the study changed since it was measured.
    StudyError : it does not decode any more.
    """
    if not passed:
        return PreparedCt(PreparedRecord(record.study_id, "CT", False))
    if study_files.fingerprint(path, record.identity) != record.identity.content_hash:
        text = f"study {record.study_id} changed since it was measured"
        raise CohortError(f"{text}: run the same command again: it is measured anew")
    scanned = study_reading.pixels(study_reading.open_study(str(path), series))
    if scanned.padding is not None:
        scanned.values[scanned.padding] = OUTSIDE_HU
        scanned = dataclasses.replace(scanned, padding=None)
    return of_volume(scanned, record.study_id, options)


def of_volume(scanned: Volume, study_id: str, options: CtOptions) -> PreparedCt:
    """The same for HU that were read; padding is replaced by air.

    The order matters: metal before resampling, which overshoots; masks before clipping, which
    hides; windows last.
    """
    found = metal.find(scanned, threshold_hu=options.metal_hu)
    spacing_z = scanned.spacing[2]
    image = resampling.isotropic(
        scanned.image(), options.spacing_mm, interpolation=options.interpolation
    )
    scanned_metal = scanned.image(found.mask)
    del scanned
    pieces = resampling.like(scanned_metal, image, interpolation="nearest")
    metal_mask = volume.of_image(pieces).values > 0
    whole = volume.of_image(image)
    del image, pieces, scanned_metal
    reasons: list[str] = []
    lungs, nodules = None, None
    if options.lung_expected:
        lungs = lung_mask.segment(
            whole, threshold_hu=options.lung_hu, closing_mm=options.closing_mm
        )
        reasons += [] if lungs.mask.any() else ["no_lung"]
        if spacing_z <= options.candidates_slice_mm_max:
            nodules = candidates.find(whole, lungs.mask)
        else:
            reasons.append("candidates_not_searched")
    shown = _windows(whole, options)
    clipped = dataclasses.replace(
        whole, values=volume.plain(hu_windows.clip(whole.values, options.clip))
    )
    measures = _measures(clipped, found, lungs, nodules)
    kept = PreparedRecord(study_id, "CT", True, tuple(reasons), measures)
    flags = {"lung": lungs.mask if lungs else None, "metal": np.asarray(metal_mask)}
    planes = outlined_planes.draw(clipped, "CT", flags)
    return PreparedCt(kept, clipped, lungs, flags["metal"], shown, nodules or (), planes)


def _windows(whole: Volume, options: CtOptions) -> Any:
    """Channels of the windows that are wanted; the lung window equalised where that is wanted."""
    if not options.windows:
        return None
    made = hu_windows.channels(whole.values, options.windows)
    if options.clahe and "lung" in options.windows:
        lung = hu_windows.equalized(whole.values)
        made[..., list(options.windows).index("lung")] = np.round(lung * 255)
    return made


def _measures(
    image: Volume, found: Metal, lungs: Lungs | None, nodules: Sequence[Candidate] | None
) -> dict[str, float | int | bool | None]:
    has_lung = lungs is not None and lungs.mask.any()
    return {
        "spacing_mm": image.spacing[0],
        "prepared_mean": round(float(image.values.mean(dtype=np.float64)), 4),
        "prepared_sd": round(float(image.values.std(dtype=np.float64)), 4),
        "prepared_voxels": int(image.values.size),
        "lung_volume_l": lungs.volume_l if lungs and has_lung else None,
        "lung_median_hu": lungs.median_hu if lungs else None,
        "lung_gas_fraction": lungs.gas_fraction if lungs else None,
        "lung_cut_fraction": lungs.cut_fraction if lungs else None,
        "trachea_ml": lungs.trachea_ml if lungs else None,
        "metal_threshold_hu": found.threshold_hu,
        "ceiling_hu": found.ceiling_hu,
        "metal_mm3": found.volume_mm3,
        "metal_fraction": round(found.fraction, 8),
        "metal_components": found.components,
        "metal_severity": found.severity,
        "streak_index": found.streak_index,
        "candidates": None if nodules is None else len(nodules),
    }
