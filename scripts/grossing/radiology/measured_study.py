"""One study measured: header, geometry, values and a picture; judges nothing."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from grossing.radiology import intensity, modality_measures, study_hashes
from grossing.radiology.reading import study_files, study_reading
from grossing.radiology.studies.study_record import StudyRecord
from grossing.radiology.volumes import three_planes, volume_faults
from grossing.radiology.volumes.study_errors import StudyError
from grossing.support import files, images
from grossing.support.records import Refusal
from grossing.support.types import PathLike, Pixels


class StudyOutputs(Protocol):
    """Paths of a study's outputs."""

    facts: str
    thumbnail: str


@dataclass(frozen=True)
class MeasuredStudy:
    """A study's record, and its middle planes, (H, W, 3) uint8; None where it cannot be used."""

    record: StudyRecord
    thumbnail: Pixels | None = None

    def write(self, to: StudyOutputs) -> None:
        """Write both files; the JSON, which everything else reads, comes last."""
        picture = np.zeros((1, 1, 3), np.uint8) if self.thumbnail is None else self.thumbnail
        files.write(to.thumbnail, images.png(picture))
        self.record.write(to.facts)


def measure(path: PathLike, *, study_id: str, modality: str, series: str = "") -> MeasuredStudy:
    """Measure one study; a study that cannot be used is a record with the reason.

    Parameters
    ----------
    path : DICOM folder or file, NIfTI, MHA, NRRD, or a picture
    modality : CT, MR or XR, as the sheet has it
    series : hash of the series UID where a folder holds several

    Returns
    -------
    The record, without a picture where the header says that text is burned into the pixels.
    """
    record = StudyRecord(study_id, modality, study_files.identity(path))
    try:
        opened = study_reading.open_study(str(path), series)
        record = replace(record, header=opened.header, geometry=opened.geometry)
        if opened.geometry.in_plane_differs:
            return MeasuredStudy(record)
        read = study_reading.pixels(opened)
    except StudyError as error:
        return MeasuredStudy(replace(record, refusal=Refusal.from_error(error)))
    volume = volume_faults.finite(read)
    of_modality = modality_measures.MEASURES.get(modality)
    record = replace(
        record,
        intensity=intensity.measure(volume),
        hashes=study_hashes.of_volume(
            volume, modality, air_white=opened.header.photometric == "MONOCHROME1"
        ),
        measures=volume_faults.measure(read, modality)
        | (dict(of_modality(volume, opened.header)) if of_modality else {}),
    )
    hidden = bool(opened.header.burned_in)
    return MeasuredStudy(record, None if hidden else three_planes.picture(volume, modality))
