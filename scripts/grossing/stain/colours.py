"""Which pixels have the colour of H&E, and which are dark in another colour."""

import cv2
import numpy as np

from grossing.support.types import Mask, Pixels

DARK_LEVEL = 205  # brightest level with a density (natural log) of 0.15 below a light of 240
LEAST_CHROMA = 16  # greyer pixels are glass, dirt or black ink
BLACK_LEVEL = 100  # a pixel without chroma is black where no channel is brighter
VIVID_RED, VIVID_BLUE_SHARE = 130, 0.15


def stained_and_foreign(rgb: Pixels) -> tuple[Mask, int]:
    """The pixels that have the colour of H&E, and how many others are dark.

    Hematoxylin and eosin both absorb most in green: a stained pixel is darker in green than
    glass, has some colour, and no channel is darker than green. Other dark pixels (green and blue
    ink, DAB: another channel is darker; black ink: dark without colour; red ink: red without any
    blue) are foreign.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 with a glass of about 240

    Returns
    -------
    (H, W) bool, True on stained pixels
    the number of foreign pixels
    """
    red, green, blue = (np.asarray(channel, np.uint8) for channel in cv2.split(rgb))
    lowest = np.minimum(np.minimum(red, green), blue)
    highest = np.maximum(np.maximum(red, green), blue)
    coloured = highest - lowest >= LEAST_CHROMA
    dark = (green <= DARK_LEVEL) & (coloured | (highest <= BLACK_LEVEL))
    stained = dark & coloured & (green == lowest)
    over_green = cv2.subtract(red, green)
    if np.count_nonzero(vivid := over_green >= VIVID_RED):
        bluish = cv2.subtract(blue, green)
        stained &= ~(vivid & (bluish <= cv2.convertScaleAbs(over_green, alpha=VIVID_BLUE_SHARE)))
    return stained, int(np.count_nonzero(dark)) - int(np.count_nonzero(stained))
