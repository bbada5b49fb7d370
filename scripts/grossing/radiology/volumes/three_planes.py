"""Planes of a volume side by side: axial, coronal, sagittal."""

from collections.abc import Sequence

import cv2
import numpy as np

from grossing.radiology.volumes.volume import Flags, Volume
from grossing.support.types import Pixels

SIDE_PX = 256
Colour = tuple[int, int, int]
#: grey from black to white by modality; others from the first to the 99th percentile
WINDOWS = {"CT": (-1000.0, 400.0), "field": (0.0, 255.0)}


def window(volume: Volume, modality: str) -> tuple[float, float]:
    """Values that are shown black and white."""
    if modality in WINDOWS:
        return WINDOWS[modality]
    sample = volume.inside[:: max(1, volume.inside.size // 500_000)]
    low, high = np.percentile(sample, [1, 99]) if sample.size else (0, 1)
    return float(low), float(max(high, low + 1e-6))


def picture(volume: Volume, modality: str) -> Pixels:
    """(H, W, 3) uint8 of the middle planes, pixels square, feet at the bottom, at most 256 px a
    plane; one plane of a study of one picture."""
    middle = [size // 2 for size in volume.values.shape]
    return np.concatenate(planes(volume, modality, middle, SIDE_PX), axis=1)


def planes(
    volume: Volume,
    modality: str,
    at: Sequence[int],
    side: int,
    outlined: Sequence[tuple[Flags, Colour]] = (),
) -> list[Pixels]:
    """(side, side, 3) uint8 of each plane through a voxel (z, y, x), masks outlined."""
    low, high = window(volume, modality)
    x, y, z = volume.spacing
    upside = slice(None, None, -1) if volume.direction[8] >= 0 else slice(None)
    places: list[tuple[tuple[int | slice, ...], tuple[float, float]]] = [
        ((at[0], slice(None), slice(None)), (y, x)),
    ]
    if volume.values.shape[0] > 1:
        places += [
            ((upside, at[1], slice(None)), (z, x)),
            ((upside, slice(None), at[2]), (z, y)),
        ]
    largest = max(
        max(volume.values[place].shape[i] * mm[i] for i in range(2)) for place, mm in places
    )
    made = []
    for place, mm in places:
        grey = (volume.values[place].astype(np.float32) - low) / (high - low)
        drawn = np.repeat((np.clip(grey, 0, 1) * 255).astype(np.uint8)[..., None], 3, axis=2)
        scale = side / largest
        height, width = (max(1, round(grey.shape[i] * mm[i] * scale)) for i in range(2))
        scaled = np.asarray(
            cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA), np.uint8
        )
        for mask, colour in outlined:
            scaled = _outlined(scaled, mask[place], colour)
        made.append(_framed(scaled, side))
    return made


def _outlined(picture: Pixels, mask: Flags, colour: Colour) -> Pixels:
    height, width = picture.shape[:2]
    flat = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    outlines, _ = cv2.findContours(flat, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(picture.copy(), outlines, -1, colour, 1), np.uint8)


def _framed(picture: Pixels, side: int) -> Pixels:
    """In the middle of a black square."""
    framed = np.zeros((side, side, 3), np.uint8)
    height, width = picture.shape[:2]
    top, left = (side - height) // 2, (side - width) // 2
    framed[top : top + height, left : left + width] = picture
    return framed
