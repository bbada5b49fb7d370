"""Sharpness of a tile at 0.5 um/px: four measures, no threshold."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]

WORKING_MPP = 0.5
COARSEST_MPP = 0.6  # coarser pixels are not comparable with the threshold any more
WHOLE_FACTOR_TOLERANCE = 0.02
SMALLEST_SIDE_PX = 16
GAUSSIAN = cv2.getGaussianKernel(7, 1.0, cv2.CV_32F)


def measure(rgb: Picture, mpp: float) -> dict[str, float]:
    """Four measures of sharpness of one tile.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    mpp : um per pixel; finer tiles are brought to 0.5 um/px by area averaging (by the nearest
        whole factor where that comes within 2 %), coarser ones are left as they are

    Returns
    -------
    dict : `focus_reblur` (0..1, share of gradient energy that a Gaussian of 1 px takes away; see
        `reblur`), `laplacian_var` (see `laplacian_var`), `tenengrad` (mean squared Sobel
        gradient) and `absdiff_blur` (mean absolute difference from a 5 x 5 mean), all of the
        grey picture in 0..255. All NaN below 16 px a side at 0.5 um/px; `focus_reblur` NaN on a
        constant tile.

    Raises
    ------
    ValueError : not (H, W, 3) uint8, or resolution <= 0.

    Notes
    -----
    Only `focus_reblur` is independent of the strength of the stain. All take the noise of empty
    glass for sharpness: measure tissue. Tiles coarser than 0.5 um/px score sharper.

    References
    ----------
    .. [1] Crete et al. 2007, doi:10.1117/12.702790
    .. [2] Pech-Pacheco et al. 2000, doi:10.1109/ICPR.2000.903548
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise ValueError(f"rgb must be (H, W, 3) uint8, not {rgb.shape} {rgb.dtype}")
    if not mpp > 0:
        raise ValueError(f"mpp must be above 0 um/px, not {mpp}")
    factor = _shrinking(mpp)
    if min(rgb.shape[:2]) / factor < SMALLEST_SIDE_PX:
        names = ("focus_reblur", "laplacian_var", "tenengrad", "absdiff_blur")
        return dict.fromkeys(names, math.nan)
    grey = working_grey(rgb, mpp)
    return {
        "focus_reblur": reblur(grey),
        "laplacian_var": laplacian_var(grey),
        "tenengrad": _tenengrad(grey),
        "absdiff_blur": _absdiff_blur(grey),
    }


def working_grey(rgb: Picture, mpp: float) -> Picture:
    """Grey picture at 0.5 um/px (at its own resolution where that is coarser).

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    mpp : um per pixel

    Returns
    -------
    (h, w) uint8
    """
    factor = _shrinking(mpp)
    if factor > 1:
        size = round(rgb.shape[1] / factor), round(rgb.shape[0] / factor)
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def reblur(grey: Picture) -> float:
    """Share of the gradient energy that a Gaussian of sigma 1 px takes away.

    Parameters
    ----------
    grey : (H, W) uint8, at 0.5 um/px, at least 2 px a side

    Returns
    -------
    float : 0..1, high where sharp; NaN where the picture is constant.
    """
    energy = _gradient_energy(grey)
    if energy == 0:
        return math.nan
    smooth = cv2.sepFilter2D(grey, cv2.CV_32F, GAUSSIAN, GAUSSIAN)
    return 1 - _gradient_energy(np.asarray(smooth, np.float32)) / energy


def laplacian_var(grey: Picture) -> float:
    """Variance of the Laplacian (4 neighbours).

    Parameters
    ----------
    grey : (H, W) uint8

    Returns
    -------
    float : 0 where the picture is constant; grows with sharpness and with contrast.
    """
    laplacian = cv2.Laplacian(grey, cv2.CV_16S)
    mean = cv2.sumElems(laplacian)[0] / laplacian.size
    return cv2.norm(laplacian, cv2.NORM_L2SQR) / laplacian.size - mean * mean


def _tenengrad(grey: Picture) -> float:
    across = cv2.Sobel(grey, cv2.CV_16S, 1, 0)
    down = cv2.Sobel(grey, cv2.CV_16S, 0, 1)
    energy = cv2.norm(across, cv2.NORM_L2SQR) + cv2.norm(down, cv2.NORM_L2SQR)
    return energy / grey.size


def _absdiff_blur(grey: Picture) -> float:
    """Mean |5 x 5 mean - picture|; `cv2.norm` subtracts without wrapping below 0."""
    return cv2.norm(cv2.blur(grey, (5, 5)), grey, cv2.NORM_L1) / grey.size


def _gradient_energy(grey: npt.NDArray[np.uint8] | npt.NDArray[np.float32]) -> float:
    """Mean squared difference of vertical plus that of horizontal neighbours."""
    height, width = grey.shape
    down = cv2.norm(grey[1:], grey[:-1], cv2.NORM_L2SQR) / ((height - 1) * width)
    across = cv2.norm(grey[:, 1:], grey[:, :-1], cv2.NORM_L2SQR) / (height * (width - 1))
    return float(down + across)


def _shrinking(mpp: float) -> float:
    factor = WORKING_MPP / mpp
    whole = max(1, round(factor))
    if factor <= 1 or abs(factor / whole - 1) <= WHOLE_FACTOR_TOLERANCE:
        return float(whole)
    return factor
