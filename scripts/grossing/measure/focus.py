"""Focus of a tile at 0.5 um/px: one measure to judge by, three to compare with; no threshold."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from grossing.measure import sharpness
from grossing.support.types import Mask

Picture = npt.NDArray[np.uint8]

WORKING_MPP = 0.5
WHOLE_FACTOR_TOLERANCE = 0.02
SMALLEST_SIDE_PX = 16
NAMES = (
    "focus",
    "blurred_fraction",
    "focus_snr",
    "laplacian_var",
    "tenengrad",
    "absdiff_blur",
)


def measure(rgb: Picture, mpp: float, *, dark_field: bool = False) -> dict[str, float | None]:
    """Measures of the sharpness of one tile.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    mpp : um per pixel; finer tiles are brought to 0.5 um/px by area averaging (by the nearest
        whole factor where that comes within 2 %), coarser ones are left as they are
    dark_field : judge by the limit for fluorescence

    Returns
    -------
    dict : `focus` (1 at the shipped limit, more is sharper), `blurred_fraction` (share of the
        blocks of 128 px, 64 um at 0.5 um/px, below 1) and `focus_snr` as in
        `sharpness.Sharpness`; `laplacian_var` (see `laplacian_var`), `tenengrad` (mean squared
        Sobel gradient) and `absdiff_blur` (mean absolute difference from a 5 x 5 mean), of the
        grey picture in 0..255. None where it cannot be told; all None below 16 px a side at
        0.5 um/px.

    Raises
    ------
    ValueError : not (H, W, 3) uint8, or resolution <= 0.

    Notes
    -----
    Only the first three are independent of the strength of the stain. Tiles coarser than
    0.5 um/px are judged by what their own pixels can show.

    References
    ----------
    .. [1] Pech-Pacheco et al. 2000, doi:10.1109/ICPR.2000.903548
    """
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8:
        raise ValueError(f"rgb must be (H, W, 3) uint8, not {rgb.shape} {rgb.dtype}")
    if not mpp > 0:
        raise ValueError(f"mpp must be above 0 um/px, not {mpp}")
    return of_greys([working_grey(rgb, mpp)], dark_field=dark_field)[0]


def of_greys(
    greys: Sequence[Picture],
    tissue: Sequence[Mask] | None = None,
    *,
    dark_field: bool = False,
    background_noise: float = 0.0,
) -> list[dict[str, float | None]]:
    """What `measure` gives for several tiles, which together cost less than one by one.

    Parameters
    ----------
    greys : (H, W) uint8 each, all of one size, of `working_grey`
    tissue : (h, w) bool each, where in the tile there is tissue, at any resolution; None where all
        of it counts
    dark_field, background_noise : as in `sharpness.of_cells`
    """
    if not greys or min(greys[0].shape) < SMALLEST_SIDE_PX:
        return [dict.fromkeys(NAMES) for _ in greys]
    every = []
    found = judged(greys, tissue, dark_field=dark_field, background_noise=background_noise)
    for grey, (sharp, variance) in zip(greys, found, strict=True):
        own = sharp.focus, sharp.blurred_fraction, sharp.snr, variance
        others = _tenengrad(grey), _absdiff_blur(grey)
        every.append(dict(zip(NAMES, own + others, strict=True)))
    return every


def judged(
    greys: Sequence[Picture],
    tissue: Sequence[Mask] | None = None,
    *,
    dark_field: bool = False,
    background_noise: float = 0.0,
) -> list[tuple[sharpness.Sharpness, float]]:
    """What each tile is judged by, and the variance of its Laplacian.

    Parameters
    ----------
    greys : (H, W) uint8 each, all of one size, at 0.5 um/px
    tissue : as in `of_greys`
    dark_field, background_noise : as in `sharpness.of_cells`
    """
    laplacians = [np.asarray(cv2.Laplacian(grey, cv2.CV_16S), np.int16) for grey in greys]
    variances = [_variance(laplacian) for laplacian in laplacians]
    cells = np.array(list(map(sharpness.cells_of, greys, laplacians)))
    shares = None
    if tissue is not None and cells.size:
        shares = np.array([sharpness.shares_of(each, greys[0].shape) for each in tissue])
    sharp = sharpness.of_cells(
        cells, shares, dark_field=dark_field, background_noise=background_noise
    )
    return list(zip(sharp, variances, strict=True))


def noise(greys: Sequence[Picture]) -> float | None:
    """`sharpness.noise` of empty pictures of one size, (H, W) uint8; None where there are none."""
    if not greys or min(greys[0].shape) < SMALLEST_SIDE_PX:
        return None
    return sharpness.noise(np.array([sharpness.cells_of(grey) for grey in greys]))


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
        size = [max(1, round(side / factor)) for side in rgb.shape[1::-1]]
        rgb = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def laplacian_var(grey: Picture) -> float:
    """Variance of the Laplacian (4 neighbours).

    Parameters
    ----------
    grey : (H, W) uint8

    Returns
    -------
    float : 0 where the picture is constant; grows with sharpness and with contrast.
    """
    return _variance(np.asarray(cv2.Laplacian(grey, cv2.CV_16S), np.int16))


def _variance(laplacian: npt.NDArray[np.int16]) -> float:
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


def _shrinking(mpp: float) -> float:
    factor = WORKING_MPP / mpp
    whole = max(1, round(factor))
    if factor <= 1 or abs(factor / whole - 1) <= WHOLE_FACTOR_TOLERANCE:
        return float(whole)
    return factor
