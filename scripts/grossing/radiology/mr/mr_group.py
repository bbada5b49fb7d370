"""MR studies of one group on one grid: aligned to the first one, stacked as channels."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk

from grossing.radiology.mr import alignment
from grossing.radiology.studies import prepared_record
from grossing.radiology.studies.prepared_record import PreparedRecord
from grossing.radiology.volumes import volume

Channels = tuple[sitk.Image, ...]


@dataclass(frozen=True)
class Member:
    """A prepared study of the group: its record, its image and its brain (uint8)."""

    record: PreparedRecord
    image: sitk.Image
    brain: sitk.Image


@dataclass(frozen=True)
class SequenceStack:
    """`channels` on the grid of the first study that was prepared, in the order of the sheet, and
    a record for each study of the group with what alignment measured of it."""

    channels: Channels
    records: tuple[PreparedRecord, ...]

    def write(self, path: str, records: str) -> None:
        """A 4-D NIfTI, and the JSON of the records, which is written last."""
        if self.channels:
            volume.write(sitk.JoinSeries(list(self.channels)), path)
        else:
            volume.empty(path)
        prepared_record.write_all(self.records, records)


def read(records: Sequence[str], images: Sequence[str], brains: Sequence[str]) -> list[Member]:
    """The studies of a group, those behind the gate included, from their files."""
    return [
        Member(PreparedRecord.read(record), sitk.ReadImage(image), sitk.ReadImage(brain))
        for record, image, brain in zip(records, images, brains, strict=True)
    ]


def stack(members: Sequence[Member]) -> SequenceStack:
    """Align the studies of a group and stack them.

    Parameters
    ----------
    members : in the order of their channels; those that were not prepared are left out

    Returns
    -------
    Every channel on the grid of the first, by B-spline; where a study has no voxel, its darkest
    value. A study that has nothing in common with the first gets the reason `misaligned`, and its
    channel is of one value: nothing is fused in silence.

    Notes
    -----
    The records of the members hold `channel`, from 0, and for all but the first `moved_mm`,
    `rotation_deg`, `residual_shift_mm` (`alignment.Alignment`).
    """
    prepared = [member for member in members if member.record.prepared]
    channels, records = list[sitk.Image](), list[PreparedRecord]()
    for number, member in enumerate(prepared):
        image, record = _on_first(member, prepared[0], number)
        channels.append(image)
        records.append(record)
    left_out = [replace(m.record, measures={}) for m in members if not m.record.prepared]
    return SequenceStack(tuple(channels), (*records, *left_out))


def _on_first(member: Member, first: Member, number: int) -> tuple[sitk.Image, PreparedRecord]:
    record = replace(member.record, reasons=(), measures={"channel": number})
    if number == 0:
        return sitk.Cast(member.image, sitk.sitkFloat32), record
    darkest = float(sitk.GetArrayViewFromImage(member.image).min())
    try:
        found = alignment.align(first.image, member.image, first.brain)
    except ValueError:
        empty = sitk.GetImageFromArray(np.full(first.image.GetSize()[::-1], darkest, np.float32))
        empty.CopyInformation(first.image)
        return empty, replace(record, reasons=("misaligned",))
    measures = {
        "channel": number,
        "moved_mm": round(found.moved_mm, 3),
        "rotation_deg": round(found.rotation_deg, 3),
        "residual_shift_mm": round(found.residual_mm, 3),
    }
    moved = alignment.resample(member.image, first.image, found.transform, darkest)
    return moved, replace(record, measures=measures)
