"""Which of the DICOM files at a path are the study: series and localizers told apart."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from grossing.radiology.reading import dicom_frames
from grossing.radiology.reading.dicom_frames import Frame
from grossing.radiology.volumes.study_errors import StudyError

_LISTED_MAX = 6


@dataclass(frozen=True)
class Series:
    """The frames of one series, and what lay beside them.

    `tags` are those of its first file; `localizers` the number of frames of the same series that
    are localizers and were left out; `others` the number of other series in the folder; `damaged`
    the number of files that should be images and are not.
    """

    frames: tuple[Frame, ...]
    tags: Dataset
    localizers: int
    others: int
    damaged: int = 0


def choose(paths: Sequence[str], wanted: str = "") -> Series | None:
    """The series of a study; None where no file is DICOM.

    Parameters
    ----------
    paths : files of the study
    wanted : hash of its series UID, empty where the sheet names none

    Raises
    ------
    StudyError : `mixed_series` where there are several and none is named, or not the named one.
    OSError : a file cannot be read.
    """
    by_series: dict[str, list[Frame]] = {}
    tags_of: dict[str, Dataset] = {}
    damaged = 0
    for path in paths:
        tags = dicom_frames.header(path)
        if tags is not None:
            frames = dicom_frames.of_file(path, tags)
            by_series.setdefault(frames[0].series, []).extend(frames)
            tags_of.setdefault(path, tags)
        else:
            damaged += dicom_frames.is_damaged(path)
    if not by_series:
        return None
    candidates = {
        name: frames
        for name, frames in by_series.items()
        if not all(frame.is_localizer or frame.captured for frame in frames)
    } or by_series
    if wanted and wanted not in by_series:
        raise StudyError("mixed_series", f"no series {wanted}; there are {_listed(by_series)}")
    if not wanted and len(candidates) > 1:
        raise StudyError("mixed_series", f"{len(candidates)} series: {_listed(candidates)}")
    chosen = by_series[wanted or next(iter(candidates))]
    kept = [frame for frame in chosen if not frame.is_localizer] or chosen
    left_out, others = len(chosen) - len(kept), len(by_series) - 1
    return Series(tuple(kept), tags_of[kept[0].path], left_out, others, damaged)


def _listed(by_series: dict[str, list[Frame]]) -> str:
    """Hash, number of pictures and slice thickness of some series."""
    lines = []
    for name, frames in list(by_series.items())[:_LISTED_MAX]:
        thickness = frames[0].thickness
        of = "" if thickness is None else f" of {thickness:g} mm"
        kind = ", localizer" if all(frame.is_localizer for frame in frames) else ""
        kind += ", secondary capture" if all(frame.captured for frame in frames) else ""
        lines.append(f"{name or 'without UID'} ({len(frames)} pictures{of}{kind})")
    more = [f"{len(by_series) - _LISTED_MAX} more"] if len(by_series) > _LISTED_MAX else []
    return ", ".join([*lines, *more])
