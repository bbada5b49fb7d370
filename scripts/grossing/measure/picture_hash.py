"""Perceptual hash of a slide's picture: scans of one slide have nearly the same one.

The picture is cut to what lies on the glass and stretched to a square. Each 256 bits are the signs
of its 16 x 16 lowest frequencies. Mirroring the picture changes the signs of the odd frequencies,
and a turn exchanges the axes: the hashes of all 8 orientations follow from one.
"""

import math

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask import labels
from grossing.support.types import Pixels

WORKING_PX = 512  # longer side of the picture that is looked at
SAMPLED_PX, SIDE_PX = 256, 64  # side of the square, as it is sampled and as it is transformed
FREQUENCIES = 16
REACH = 1.7  # 1.73 for an even distribution
LIGHT_PIECE = 0.05  # of the heaviest piece: lighter ones, such as specks, count less
NEAR_PX = 5  # pieces that are nearer are one, and so far reaches the rim of ink
BODIES = (labels.TISSUE, labels.FOLD, labels.DARK_SPOT)
LEAST_CLEAR = 0.4  # of all that lies on the glass: less of it is no picture of the slide
INK = (labels.PEN, labels.POSSIBLE_PEN)  # which another scan may show as tissue or edge, or lack

Floats = npt.NDArray[np.float32]


def of_picture(rgb: Pixels, mask: Pixels) -> str | None:
    """Hash of a picture of a slide at any resolution.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    mask : (H, W) uint8 labels

    Returns
    -------
    256 hexadecimal digits, None where there is no tissue: 64 of the picture as it is, 64 of it with
    its longest axis turned upright or level, and the same without ink. Each has four groups of 16:
    the frequencies that are even in y and x, even and odd, odd and even, odd and odd.

    Notes
    -----
    A square without its glass has texture in all frequencies. Padded to a square, needle biopsies
    differ in the few frequencies along their length only, and many have the same hash. The longest
    axis finds scans of long pieces that are turned by a few degrees.

    References
    ----------
    .. [1] Zauner 2010, Implementation and Benchmarking of Perceptual Image Hash Functions.
    """
    if not ((mask == labels.TISSUE) | (mask == labels.FOLD)).any():
        return None
    scale = min(1.0, WORKING_PX / max(mask.shape))
    size = max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.float32)
    bodies, ink = _share(mask, BODIES, size), _share(mask, INK, size)
    whole = _of_content(grey, bodies + ink)
    reach = np.asarray(cv2.dilate(ink, np.ones((NEAR_PX, NEAR_PX), np.uint8)), np.float32)
    clear = np.asarray(bodies * (1 - np.minimum(reach, 1)), np.float32)
    if not ink.any() or clear.sum() < LEAST_CLEAR * (bodies + ink).sum():
        return whole + whole
    return whole + _of_content(_with_glass(reach, grey, bodies), bodies)


def _share(mask: Pixels, kinds: tuple[int, ...], size: tuple[int, int]) -> Floats:
    """Share of the labels in each pixel of the smaller picture, (h, w) float32."""
    content = cv2.LUT(mask, np.isin(np.arange(256), kinds).astype(np.float32))
    return np.asarray(cv2.resize(content, size, interpolation=cv2.INTER_AREA), np.float32)


def _of_content(grey: Floats, content: Floats) -> str:
    """Both hashes of what lies on the glass."""
    signal = grey - _background(grey, content)
    weight = _steady(np.abs(signal) * content, content) + np.float32(1e-6)
    return _signs(signal, weight, aligned=False) + _signs(signal, weight, aligned=True)


def _background(grey: Floats, content: Floats) -> float:
    return float(np.median(grey[content == 0])) if (content == 0).any() else 255.0


def _with_glass(ink: Floats, grey: Floats, bodies: Floats) -> Floats:
    """The picture with glass in place of ink."""
    background = np.float32(_background(grey, bodies))
    return np.asarray(background + (grey - background) * (1 - np.minimum(ink, 1)), np.float32)


def _steady(weight: Floats, content: Floats) -> Floats:
    """The weight with less of light pieces, which one scan shows and another does not.

    A speck far from the tissue has little weight, but its distance counts squared. Nothing is left
    out: a piece at the limit would move the square in one of two scans.
    """
    there = cv2.dilate((content > 0.25).view(np.uint8), np.ones((NEAR_PX, NEAR_PX), np.uint8))
    count, piece = cv2.connectedComponents(there)
    weights = np.bincount(piece.ravel(), weight.ravel(), count)
    weights[0] = 0
    if not weights.any():
        return weight
    share = np.minimum(weights / (LIGHT_PIECE * weights.max()), 1)
    return np.asarray(weight * (share * share)[piece], np.float32)


def _signs(signal: Floats, weight: Floats, *, aligned: bool) -> str:
    """The signs of the lowest frequencies of what lies on the glass, as 64 hexadecimal digits.

    The square reaches `REACH` standard deviations of the weight to each side of its centre:
    moments change little where pieces lose or gain a margin, other than a box around them.
    """
    moments = cv2.moments(weight)
    centre = np.array([moments["m10"], moments["m01"]]) / moments["m00"]
    spread = (
        np.array([[moments["mu20"], moments["mu11"]], [moments["mu11"], moments["mu02"]]])
        / moments["m00"]
    )
    turn = _longest_axis(spread) if aligned else 0.0
    axes = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    deviations = np.sqrt(np.maximum(np.diag(axes.T @ spread @ axes), 0.25))
    step = axes * (2 * REACH * deviations / SAMPLED_PX)
    corner = centre - step @ np.full(2, (SAMPLED_PX - 1) / 2)
    square = cv2.warpAffine(
        signal,
        np.column_stack([step, corner]),
        (SAMPLED_PX, SAMPLED_PX),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
    small = cv2.resize(square, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    signs = cv2.dct(small - small.mean())[:FREQUENCIES, :FREQUENCIES] > 0
    parities = [signs[y::2, x::2] for y in (0, 1) for x in (0, 1)]
    return np.packbits(np.array(parities)).tobytes().hex()


def _longest_axis(spread: npt.NDArray[np.float64]) -> float:
    """Direction of the largest extent against the nearest edge of the picture, radians."""
    angle = 0.5 * math.atan2(2 * spread[0, 1], spread[0, 0] - spread[1, 1])
    return angle - math.pi / 2 * round(angle / (math.pi / 2))
