"""Channels of pixels: the lowest, the highest, and pixels picked with all of theirs."""

from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from grossing.support.types import Mask, Pixels

Number = TypeVar("Number", bound=np.generic)


def brightest(rgb: Pixels) -> Pixels:
    """(H, W) uint8, the brightest channel of each pixel of (H, W, 3) uint8."""
    red, green, blue = cv2.split(rgb)
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)


def as_grey(rgb: Pixels) -> Pixels:
    """(H, W, 3) uint8, `brightest` in all channels: blue signal counts a ninth in plain grey."""
    return np.asarray(cv2.cvtColor(brightest(rgb), cv2.COLOR_GRAY2RGB), np.uint8)


def extremes(rgb: npt.NDArray[Number]) -> tuple[npt.NDArray[Number], npt.NDArray[Number]]:
    """(...) lowest and highest channel of (..., 3); numpy's `min(axis=-1)` is far slower."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    lowest = np.minimum(np.minimum(red, green), blue)
    return lowest, np.maximum(np.maximum(red, green), blue)


def picked(pixels: Pixels, mask: Mask, step: int = 1) -> Pixels:
    """(N, 3) uint8, of every `step`-th pixel of (H, W, 3) those where a mask of them is True.

    The same as `pixels[mask]` without its tables of places, which take 16 bytes a pixel.
    """
    whole = np.ascontiguousarray(pixels).view("V3")[::step, ::step, 0]
    return whole[mask].view(np.uint8).reshape(-1, 3)
