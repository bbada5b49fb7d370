"""The middle planes of a volume side by side: axial, coronal, sagittal."""

import cv2
import numpy as np
import numpy.typing as npt

from grossing.radiology.volume import Volume
from grossing.support.types import Pixels

SIDE_PX = 256
#: grey from black to white by modality; others from the first to the 99th percentile
WINDOWS = {"CT": (-1000.0, 400.0), "field": (0.0, 255.0)}


def window(volume: Volume, modality: str) -> tuple[float, float]:
    """Values that are shown black and white."""
    if modality in WINDOWS:
        return WINDOWS[modality]
    sample = volume.inside[:: max(1, volume.inside.size // 500_000)]
    low, high = np.percentile(sample, [1, 99]) if sample.size else (0, 1)
    return float(low), float(max(high, low + 1e-6))


def picture(volume: Volume, modality: str, masks: npt.NDArray[np.bool_] | None = None) -> Pixels:
    """(H, W, 3) uint8 of the middle planes, pixels square, feet at the bottom, at most 256 px a
    plane; one plane of a study of one picture.

    Parameters
    ----------
    masks : (z, y, x) bool whose outline is drawn
    """
    low, high = window(volume, modality)
    x, y, z = volume.spacing
    nz, ny, nx = volume.values.shape
    upside = slice(None, None, -1) if volume.direction[8] >= 0 else slice(None)
    planes: list[tuple[tuple[int | slice, ...], tuple[float, float]]] = [
        ((nz // 2, slice(None), slice(None)), (y, x)),
    ]
    if nz > 1:
        planes += [
            ((upside, ny // 2, slice(None)), (z, x)),
            ((upside, slice(None), nx // 2), (z, y)),
        ]
    largest = max(
        max(volume.values[place].shape[i] * mm[i] for i in range(2)) for place, mm in planes
    )
    made = []
    for place, mm in planes:
        grey = (volume.values[place].astype(np.float32) - low) / (high - low)
        drawn = np.repeat((np.clip(grey, 0, 1) * 255).astype(np.uint8)[..., None], 3, axis=2)
        scale = SIDE_PX / largest
        height, width = (max(1, round(grey.shape[i] * mm[i] * scale)) for i in range(2))
        scaled = np.asarray(
            cv2.resize(drawn, (width, height), interpolation=cv2.INTER_AREA), np.uint8
        )
        if masks is not None:
            scaled = _outlined(scaled, masks[place])
        made.append(_framed(scaled))
    return np.concatenate(made, axis=1)


def _outlined(picture: Pixels, mask: npt.NDArray[np.bool_]) -> Pixels:
    height, width = picture.shape[:2]
    flat = cv2.resize(mask.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    outlines, _ = cv2.findContours(flat, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(picture.copy(), outlines, -1, (255, 200, 0), 1), np.uint8)


def _framed(picture: Pixels) -> Pixels:
    """In the middle of a black square."""
    framed = np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)
    height, width = picture.shape[:2]
    top, left = (SIDE_PX - height) // 2, (SIDE_PX - width) // 2
    framed[top : top + height, left : left + width] = picture
    return framed
