"""How much of a dark field's detail is round: cells and nuclei are, edges and fibres are not."""

import cv2
import numpy as np
import numpy.typing as npt

from grossing.support.types import Pixels

Floats = npt.NDArray[np.float32]

WORKING_UM = 2.0  # per pixel
SMOOTH_UM = 3.0  # sigma: detail of nuclei
ROUND = 0.6  # 1 where both curvatures are equal, 0 on a ridge or along an edge
SMALLEST_SIDE_PX = 8
EMPTY = 1e-3  # mean squared curvature of what is even


def share(grey: Pixels, mpp: float) -> float | None:
    """Share of the squared curvature where it is alike in all directions.

    Where a picture is smoothed to the size of nuclei, cells and nuclei of any density are round
    hills and hollows. Along fibres, edges and scratches the picture curves across them only, and
    at their crossings it is a saddle. It depends neither on brightness nor on contrast.

    Parameters
    ----------
    grey : (H, W) uint8
    mpp : um per pixel

    Returns
    -------
    float : 0..1; None where the picture is even, or below 16 um a side
    """
    scale = min(1.0, mpp / WORKING_UM)
    height, width = (round(side * scale) for side in grey.shape)
    if min(height, width) < SMALLEST_SIDE_PX:
        return None
    small = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
    sigma = max(1.0, SMOOTH_UM * scale / mpp)
    down, across, mixed = _second_differences(cv2.GaussianBlur(small, (0, 0), sigma))
    curvature = down**2 + across**2 + 2 * mixed**2
    whole = float(curvature.sum(dtype=np.float64))
    if whole < EMPTY * curvature.size:
        return None
    is_round = 4 * (down * across - mixed**2) > ROUND * (down + across) ** 2
    return float(curvature[is_round].sum(dtype=np.float64)) / whole


def _second_differences(picture: npt.NDArray[np.generic]) -> tuple[Floats, Floats, Floats]:
    """Down, across, and mixed; (H - 2, W - 2) each of (H, W)."""
    at = np.asarray(picture, np.float32)
    middle = 2 * at[1:-1, 1:-1]
    down = at[2:, 1:-1] + at[:-2, 1:-1] - middle
    across = at[1:-1, 2:] + at[1:-1, :-2] - middle
    mixed = (at[2:, 2:] + at[:-2, :-2] - at[2:, :-2] - at[:-2, 2:]) * np.float32(0.25)
    return down, across, mixed
