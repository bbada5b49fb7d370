"""Perceptual hash of a slide's picture: scans of one slide have nearly the same one.

The picture is cut to the box around what lies on the glass and stretched to a square. The 256 bits
are the signs of its 16 x 16 lowest frequencies. Mirroring the picture changes the signs of the odd
frequencies, and a turn exchanges the axes: the hashes of all 8 orientations follow from one.
"""

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask import labels
from grossing.support.types import Pixels

SIDE_PX = 64
FREQUENCIES = 16
TRIMMED = 0.01  # share of the pixels outside the box at each of its sides: specks do not count
CONTENT = (labels.TISSUE, labels.FOLD, labels.DARK_SPOT, labels.PEN)


def of_picture(rgb: Pixels, mask: Pixels) -> str | None:
    """Hash of a picture of a slide at any resolution.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    mask : (H, W) uint8 labels

    Returns
    -------
    64 hexadecimal digits: four groups of 16, which hold the frequencies that are even in y and x,
    even and odd, odd and even, odd and odd. None where there is no tissue.

    Notes
    -----
    A square without its glass has texture in all frequencies. Padded to a square, needle biopsies
    differ in the few frequencies along their length only, and many have the same hash.

    References
    ----------
    .. [1] Zauner 2010, Implementation and Benchmarking of Perceptual Image Hash Functions.
    """
    if not np.isin(mask, (labels.TISSUE, labels.FOLD)).any():
        return None
    content = np.isin(mask, CONTENT)
    box = rgb[_range(content.sum(axis=1)), _range(content.sum(axis=0))]
    small = cv2.resize(box, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    signs = cv2.dct(grey - grey.mean())[:FREQUENCIES, :FREQUENCIES] > 0
    parities = [signs[y::2, x::2] for y in (0, 1) for x in (0, 1)]
    return np.packbits(np.array(parities)).tobytes().hex()


def _range(counts: npt.NDArray[np.int64]) -> slice:
    """The rows (columns) that hold all but `TRIMMED` at either end, from their counts."""
    share = np.cumsum(counts) / counts.sum()
    first, last = np.searchsorted(share, (TRIMMED, 1 - TRIMMED))
    return slice(int(first), int(last) + 1)
