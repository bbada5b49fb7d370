"""HU to the ranges that people and networks look at: clipping, windows, normalisation."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from skimage import exposure

from grossing.support.types import Pixels

Floats = npt.NDArray[np.float32]
Clip = Literal["full_body", "soft_tissue", "bone", "lung"]
Window = Literal["lung", "mediastinum", "bone", "brain", "abdomen"]

#: lowest and highest HU
CLIPS: dict[str, tuple[float, float]] = {
    "full_body": (-1000, 1000),
    "soft_tissue": (-200, 400),
    "bone": (-200, 3000),
    "lung": (-1200, 600),
}
#: level and width, HU
WINDOWS: dict[str, tuple[float, float]] = {
    "lung": (-600, 1500),
    "mediastinum": (50, 350),
    "bone": (300, 2000),
    "brain": (40, 80),
    "abdomen": (50, 400),
}


def clip(hu: npt.NDArray[Any], name: Clip) -> npt.NDArray[Any]:
    """HU of any shape limited to one of `CLIPS`, in their type; KeyError for another name."""
    low, high = CLIPS[name]
    return np.asarray(np.clip(hu, low, high))


def window(hu: npt.NDArray[Any], name: Window) -> Floats:
    """HU of any shape as 0 (black) to 1 (white) of one of `WINDOWS`; KeyError for another name."""
    level, width = WINDOWS[name]
    grey = (hu.astype(np.float32) - (level - width / 2)) / width
    return np.clip(grey, 0, 1, out=grey)


def channels(hu: npt.NDArray[Any], names: Sequence[Window]) -> Pixels:
    """(z, y, x, C) uint8 of (z, y, x) HU, a channel per window."""
    return np.stack([np.round(window(hu, n) * 255).astype(np.uint8) for n in names], axis=-1)


def equalized(hu: npt.NDArray[Any], *, clip_limit: float = 0.01, tiles: int = 8) -> Floats:
    """The lung window after contrast limited adaptive histogram equalisation, slice by slice.

    Parameters
    ----------
    hu : (z, y, x)
    clip_limit : 0..1, larger: more contrast, more noise
    tiles : tiles along each side of a slice

    Returns
    -------
    (z, y, x) float32, 0 to 1. No HU any more: measure and threshold before it.

    References
    ----------
    .. [1] Zuiderveld 1994, Contrast limited adaptive histogram equalization, Graphics Gems IV
    """
    grey = window(hu, "lung")
    size = [max(1, length // tiles) for length in grey.shape[1:]]
    for place, plane in enumerate(grey):
        if plane.max() > plane.min():
            grey[place] = exposure.equalize_adapthist(plane, size, clip_limit)
    return grey


def min_max(hu: npt.NDArray[Any], name: Clip = "lung") -> Floats:
    """HU of any shape, clipped, as 0 to 1: (x + 1200) / 1800 for lung."""
    low, high = CLIPS[name]
    return ((clip(hu, name).astype(np.float32) - low) / (high - low)).astype(np.float32)


def z_score(hu: npt.NDArray[Any], mean: float, sd: float) -> Floats:
    """HU of any shape in standard deviations from a mean, both those of `training_statistics`.

    Raises
    ------
    ValueError : sd is not above 0.
    """
    if not sd > 0:
        raise ValueError(f"sd: {sd}: must be above 0; the training split holds a single value")
    return ((hu.astype(np.float32) - mean) / sd).astype(np.float32)
