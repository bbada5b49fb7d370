"""Pairs of studies that are one: the same files, the same values, or planes that look alike."""

from collections.abc import Iterable

import pyarrow as pa

from grossing.cohort import duplicates
from grossing.cohort.duplicates import Ids, Kind, Pair
from grossing.cohort.sheet import Sheet
from grossing.columns import study_duplicates as columns
from grossing.radiology.studies import as_slides
from grossing.radiology.studies.study_record import StudyRecord


def find(sheet: Sheet, records: Iterable[StudyRecord], distance_max: int) -> list[Pair]:
    """All pairs of a cohort of studies, in the order of the sheet.

    Studies that cannot be used are in no pair. Two series in one folder are two studies.

    Parameters
    ----------
    distance_max : of 256 bits in which the middle planes of two studies of one modality may differ,
        on average
    """
    files: dict[str, str | None] = {}
    pixels: dict[str, str | None] = {}
    planes: dict[tuple[str, int], dict[str, tuple[str, ...]]] = {}
    for record in records:
        if not record.readable or record.study_id not in sheet.rows:
            continue
        content = record.identity.content_hash
        series = record.header.series if record.header else ""
        files[record.study_id] = f"{content} {series}" if content else None
        if record.hashes:
            pixels[record.study_id] = record.hashes.pixel_hash
            found = record.hashes.plane_hashes
            planes.setdefault((record.modality, len(found)), {})[record.study_id] = found
    alike: dict[Ids, int] = {}
    for hashes in planes.values():
        alike |= duplicates.alike(sheet, hashes, distance_max)
    copies: dict[Kind, set[Ids]] = {
        "content": duplicates.equal(sheet, files),
        "pixels": duplicates.equal(sheet, pixels),
    }
    return duplicates.listed(sheet, copies, alike)


def table(pairs: list[Pair]) -> pa.Table:
    """`study_duplicates`: a row per pair."""
    return as_slides.back(duplicates.table(pairs), columns.SCHEMA)
