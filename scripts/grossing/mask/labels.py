"""The classes of a mask picture (numbers follow GrandQC), and reading one."""

import os

import cv2
import numpy as np
import numpy.typing as npt

NOT_SCANNED = 0
TISSUE = 1
FOLD = 2
DARK_SPOT = 3
PEN = 4
BUBBLE = 5
GLASS = 7
POSSIBLE_PEN = 8  # ink or tissue: not in GrandQC


def read(path: str | os.PathLike[str]) -> npt.NDArray[np.uint8]:
    """A slide's mask, (H, W) uint8 labels.

    Raises
    ------
    FileNotFoundError : there is no mask that can be read.
    """
    mask = cv2.imread(os.fspath(path), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise FileNotFoundError(f"{path}: not a readable mask: delete it and run again")
    return np.asarray(mask, np.uint8)
