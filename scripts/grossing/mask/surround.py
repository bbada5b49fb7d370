"""Black that a scanner or converter put around the scanned picture."""

import cv2
import numpy as np

from grossing.support import channels
from grossing.support.types import Mask, Pixels

BLACK_LEVEL = 30  # brightest channel; ink and tissue let more light through
LEAST_FRACTION = 0.002  # of the picture: smaller pieces at the edge are left to the other rules
LEAST_BRIGHT = 100  # grey level of what remains: a dark field has no surround
RIM_PX = 2  # of the overview: compression and shrinking blend the border


def black_surround(rgb: Pixels, scanned: Mask) -> Mask:
    """Where a brightfield overview was not scanned although the file has (black) pixels there.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    scanned : (H, W) bool, True where the file has pixels

    Returns
    -------
    (H, W) bool: black pieces that touch the edge of the picture or of what the file holds, with a
    rim. All False on a dark field.

    Notes
    -----
    Black ink that is darker than 30 and runs off the slide would be taken for it.
    """
    black = (channels.brightest(rgb) <= BLACK_LEVEL) & scanned
    rest = scanned & ~black
    if not black.any() or not rest.any() or np.median(_grey(rgb)[rest]) < LEAST_BRIGHT:
        return np.zeros_like(black)
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(black.astype(np.uint8), connectivity=4)
    edge = cv2.erode(np.pad(scanned, 1).astype(np.uint8), np.ones((3, 3), np.uint8))[1:-1, 1:-1]
    touching = np.zeros(len(stats), np.bool_)
    touching[pieces[edge == 0]] = True
    touching &= stats[:, cv2.CC_STAT_AREA] >= LEAST_FRACTION * black.size
    touching[0] = False
    surround = touching[pieces]
    rim = cv2.dilate(surround.astype(np.uint8), np.ones((2 * RIM_PX + 1,) * 2, np.uint8)) > 0
    return np.asarray(rim & scanned)


def _grey(rgb: Pixels) -> Pixels:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
