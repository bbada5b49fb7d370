"""Hashes by which copies of a study are found: of its values, and of its middle planes."""

import hashlib
from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask import labels
from grossing.measure import picture_hash
from grossing.radiology.studies.study_record import StudyHashes
from grossing.radiology.volumes import three_planes
from grossing.radiology.volumes.volume import Volume, in_patient_order
from grossing.support.types import Pixels

SIDE_PX = 256  # longer side of a plane
Grey = npt.NDArray[np.uint8]


def of_volume(volume: Volume, modality: str, *, air_white: bool = False) -> StudyHashes:
    """The hashes of a study.

    Parameters
    ----------
    modality : CT, MR or XR
    air_white : the picture is shown inverted (MONOCHROME1)

    Notes
    -----
    Files of another format, transfer syntax or order of slices, with other UIDs, have the same
    `pixel_hash` where no value changed. `plane_hashes` differ in few bits where the study was
    resampled, mirrored, windowed or compressed with loss; a part of a study has others.
    """
    ordered = in_patient_order(volume)
    return StudyHashes(_of_values(ordered), _of_planes(ordered, modality, air_white))


def _of_values(volume: Volume) -> str | None:
    """Of the values as float32, slice by slice from feet to head."""
    values = volume.values
    if not values.size or values.min() == values.max():
        return None
    digest = hashlib.sha256(repr(values.shape).encode())
    for plane in values:
        digest.update((plane.astype("<f4") + np.float32(0)).tobytes())  # -0 and 0 are one
    return digest.hexdigest()


def _of_planes(volume: Volume, modality: str, air_white: bool) -> tuple[str, ...]:
    planes = list(_planes(volume, modality))
    if air_white:
        planes = [np.asarray(255 - plane, np.uint8) for plane in planes]
    hashes = [
        picture_hash.of_picture(np.dstack([plane] * 3), _content(plane, modality))
        for plane in planes
    ]
    return tuple(found for found in hashes if found) if all(hashes) else ()


def _planes(volume: Volume, modality: str) -> Iterator[Grey]:
    """The planes through the middle of a volume, or the one picture, with square pixels.

    Between two middle slices it is their mean: the same plane whichever way the volume is turned.
    """
    low, high = three_planes.window(volume, modality)
    sides = volume.spacing[::-1]
    for axis in range(3 if volume.values.shape[0] > 1 else 1):
        slices = volume.values.shape[axis]
        middle = volume.values.take([(slices - 1) // 2, slices // 2], axis)
        grey = (middle.mean(axis, dtype=np.float32) - low) / (high - low)
        mm = [n * side for n, side in zip(grey.shape, np.delete(sides, axis), strict=True)]
        height, width = (max(1, round(length * SIDE_PX / max(mm))) for length in mm)
        plane = (np.clip(grey, 0, 1) * 255).astype(np.uint8)
        yield np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _content(grey: Grey, modality: str) -> Pixels:
    """(H, W) uint8 labels: the patient is tissue, the air around glass; a film is all patient."""
    if modality == "XR":
        return np.full(grey.shape, labels.TISSUE, np.uint8)
    limit, _ = cv2.threshold(grey, 0, 255, cv2.THRESH_OTSU)
    return np.where(grey > limit, labels.TISSUE, labels.GLASS).astype(np.uint8)
