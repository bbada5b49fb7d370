"""High-cellularity zones by local contrast: equalise, smooth, stretch, local threshold, close.

The chain of a lecture on inflammation in sheep liver (Caudron, "Image processing in Python"), its
sizes in pixels taken as pixels of 8 um, and applied to tissue alone.
"""

import math

import cv2
import numpy as np
import numpy.typing as npt

from grossing.support.types import Mask, Pixels

CONTEXT_UM = 500.0
CLIP = 2.5  # times the mean of a histogram
SMOOTH_UM = 56.0
CUTOFF, GAIN = 0.6, 10.0
LOCAL_UM = 470.0
ABOVE_LOCAL = 0.1
GROW_UM, CLOSE_UM = 40.0, 180.0
FAINTEST_OD = 0.3
MOST_CONTEXTS = 64

Map = npt.NDArray[np.float32]


def zones(density: Map, body: Mask, block_um: float) -> Mask:
    """Where hematoxylin stands out from its surroundings.

    Parameters
    ----------
    density : (H, W) mean hematoxylin density (log10) per block
    body : (H, W) bool, blocks of tissue; the rest takes the tissue's median
    block_um : side of a block, um

    Notes
    -----
    The range that is stretched starts at glass (0) and ends no lower than `FAINTEST_OD`: stretched
    from minimum to maximum, as usual, the noise of an empty tile has zones. The local threshold is
    relative: it finds nothing where inflammation is everywhere, and the darkest place of normal
    tissue where there is none.

    References
    ----------
    .. [1] Pizer et al. 1987, Adaptive histogram equalization and its variations,
       doi:10.1016/S0734-189X(87)80186-X
    """
    if not body.any():
        return np.zeros(body.shape, np.bool_)
    inside = density[body]
    top = max(float(np.percentile(inside, 99.5)), FAINTEST_OD)
    even = np.where(body, density, np.median(inside))
    bytes_ = np.clip(np.rint(255 * even / top), 0, 255).astype(np.uint8)
    contexts = [min(MOST_CONTEXTS, math.ceil(n * block_um / CONTEXT_UM)) for n in body.shape]
    clahe = cv2.createCLAHE(CLIP, (contexts[1], contexts[0]))
    stretched: Map = clahe.apply(bytes_).astype(np.float32) / np.float32(255)
    smooth = _blurred(stretched, SMOOTH_UM / block_um)
    contrast: Map = 1 / (1 + np.exp(GAIN * (CUTOFF - smooth)))
    above = contrast > _blurred(contrast, LOCAL_UM / block_um) + ABOVE_LOCAL
    grown = cv2.dilate((above & body).view(np.uint8), _disc(GROW_UM / block_um))
    closed = cv2.morphologyEx(grown, cv2.MORPH_CLOSE, _disc(CLOSE_UM / block_um))
    return np.asarray((closed > 0) & body)


def _blurred(picture: Map, sigma: float) -> Map:
    blurred = cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(blurred, np.float32)


def _disc(diameter: float) -> Pixels:
    size = 2 * round((diameter - 1) / 2) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
