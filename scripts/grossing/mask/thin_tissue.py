"""How much of the tissue is nowhere wide: hairs, lint and dust are not, and few specimens are."""

import cv2
import numpy as np

from grossing.mask.labels import BUBBLE, FOLD, GLASS, TISSUE
from grossing.mask.shapes import disc, odd
from grossing.support.types import Pixels

WIDE_UM = 200.0
WORKING_UM = 24.0  # a width of eight pixels is enough for a share


def share(labels: Pixels, mpp: float) -> float | None:
    """Share of the tissue that no disc of 200 um within the tissue covers; None without tissue.

    What hides tissue (ink, spots) and what was not scanned counts as if it were tissue.

    Parameters
    ----------
    labels : (H, W) uint8
    mpp : um per pixel
    """
    tissue = (labels == TISSUE) | (labels == FOLD)
    step = max(1, round(WORKING_UM / mpp))
    size = tuple(max(1, side // step) for side in labels.shape[::-1])
    parts = (tissue, (labels != GLASS) & (labels != BUBBLE))
    area, body = (
        cv2.resize(part.view(np.uint8) * np.uint8(255), size, interpolation=cv2.INTER_AREA)
        for part in parts
    )
    whole = int(area.sum(dtype=np.int64))
    if whole == 0:
        return None
    kernel = disc(odd(WIDE_UM / (mpp * step)))
    wide = cv2.morphologyEx((body > 127).view(np.uint8), cv2.MORPH_OPEN, kernel) > 0
    return 1 - int(area[wide].sum(dtype=np.int64)) / whole
