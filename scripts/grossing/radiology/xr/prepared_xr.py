"""One X-ray prepared: air black, local contrast on all bits, lung fields."""

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from grossing.radiology.reading import study_reading
from grossing.radiology.studies.prepared_record import PreparedRecord
from grossing.radiology.studies.study_record import Number
from grossing.radiology.volumes import outlined_planes
from grossing.radiology.volumes.volume import Volume
from grossing.radiology.xr import contrast, lung_field, photometric, voi
from grossing.support import files, images
from grossing.support.types import Mask, PathLike, Pixels

TOP = (1 << 16) - 1

Words = npt.NDArray[np.uint16]


class XrOutputs(Protocol):
    """Paths of what is made of one study."""

    picture: str
    lung: str
    planes: str
    facts: str


@dataclass(frozen=True)
class PreparedXr:
    """A prepared X-ray: (H, W) uint16 with air black, (H, W) bool, and a picture on which the lung
    fields are outlined; None behind the gate."""

    record: PreparedRecord
    picture: Words | None = None
    lung: Mask | None = None
    planes: Pixels | None = None

    def write(self, to: XrOutputs) -> None:
        """Write the files; the record, which others read, comes last."""
        picture = np.zeros((1, 1), np.uint16) if self.picture is None else self.picture
        lung = np.zeros((1, 1), np.bool_) if self.lung is None else self.lung
        files.write(to.picture, _png(picture))
        files.write(to.lung, images.png(lung.astype(np.uint8) * np.uint8(255)))
        outlined_planes.write(self.planes, to.planes)
        self.record.write(to.facts)


def prepare(path: PathLike, *, study_id: str, passed: bool, series: str, clahe: bool) -> PreparedXr:
    """Prepare one X-ray of the chest.

    Parameters
    ----------
    path, series : as for measuring
    passed : whether it passed the gate; else its files are empty
    clahe : whether local contrast is equalised

    Raises
    ------
    StudyError : it cannot be read any more.

    Notes
    -----
    In the order of DICOM: modality LUT or rescale, VOI of the header, then the inversion of
    MONOCHROME1. Whether the content agrees with that tag was measured before. Without a VOI, and
    with one that is not to be followed (`voi`, a reason), the range is that of the percentiles;
    the lungs are looked for in that range always. `lung_mean` and `lung_sd` of the record are those
    of the written picture in 0..1 inside the lung fields, so that (value / 65535 - mean) / sd is
    the picture in units of its lungs.
    """
    if not passed:
        return PreparedXr(PreparedRecord(study_id, "XR", False))
    opened = study_reading.open_study(str(path), series)
    stored = study_reading.pixels(opened).values[0]
    by_range = photometric.air_black(stored, opened.header.photometric)
    lungs = lung_field.find(by_range)
    stated = voi.of_file(opened.paths[0], stored, lungs.mask) if opened.frames else None
    bits = opened.header.bits_stored or max(8, int(stored.max()).bit_length())
    inverted = opened.header.photometric == photometric.INVERTED
    if stated is None or stated.picture is None:
        unit, full = by_range, float(max((1 << bits) - 1, stored.max()))
        chosen = contrast.parameters(full - stored if inverted else stored, full)
    else:
        unit = 1 - stated.picture if inverted else stated.picture
        chosen = contrast.parameters(unit, 1.0)
    equalised = contrast.equalise(unit, chosen, bits) if clahe else unit
    measures = {
        "grey_bits": bits,
        "inverted": inverted,
        "voi_followed": None if stated is None else stated.picture is not None,
        "voi_clipped_fraction": None if stated is None else stated.clipped,
        "clahe_clip": chosen.clip if clahe else None,
        "clahe_tiles": chosen.tiles if clahe else None,
        **_contrasts(unit, equalised),
        **_of_lungs(lungs, equalised),
    }
    reasons = ("voi",) if stated is not None and stated.picture is None else ()
    picture = np.rint(equalised * TOP).astype(np.uint16)
    shown = Volume(equalised[None].astype(np.float32), (1.0, 1.0, 1.0))
    return PreparedXr(
        PreparedRecord(study_id, "XR", True, reasons, measures),
        picture,
        lungs.mask,
        outlined_planes.draw(shown, "XR", {"lung": lungs.mask[None]}),
    )


def _contrasts(unit: contrast.Unit, equalised: contrast.Unit) -> dict[str, Number]:
    """What CLAHE made of the contrast."""
    before, after = contrast.figures(unit), contrast.figures(equalised)
    return {
        "entropy_before": before.entropy_bits,
        "entropy_after": after.entropy_bits,
        "contrast_before": before.contrast,
        "contrast_after": after.contrast,
        "edge_before": before.edge,
        "edge_after": after.edge,
    }


def _of_lungs(lungs: lung_field.LungField, equalised: contrast.Unit) -> dict[str, Number]:
    """How far the lungs are to be trusted, and what they are in the written picture."""
    inside = equalised[lungs.mask].astype(np.float64)
    return {
        "lung_confidence": lungs.confidence,
        "lung_fraction": round(float(lungs.mask.mean()), 4),
        "lung_mean": round(float(inside.mean()), 6) if inside.size else None,
        "lung_sd": round(float(inside.std()), 6) if inside.size else None,
    }


def _png(picture: Words) -> bytes:
    _, data = cv2.imencode(".png", picture)
    return bytes(data)
