"""Denoising of tiles by non-local means, after everything about them is measured."""

import cv2
import numpy as np
import numpy.typing as npt

TEMPLATE_PX = 7

Pixels = npt.NDArray[np.uint8]


def denoise(rgb: Pixels, strength: float, search_px: int) -> Pixels:
    """A tile without sensor noise.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    strength : grey levels by which patches may differ and still count as the same, for lightness
        and colour alike; 0 returns the tile itself
    search_px : side of the square around a pixel in which similar patches are looked for, odd;
        time grows with its square

    Returns
    -------
    (H, W, 3) uint8

    Notes
    -----
    A tile is mirrored at its border: neighbours that are denoised apart differ there. Lowers every
    measure of focus, so it comes after them. Sizes are in pixels, as noise is: 7 px patches, looked
    for in `search_px`.

    References
    ----------
    .. [1] Buades et al. 2011, Non-local means denoising, doi:10.5201/ipol.2011.bcm_nlm
    """
    if strength <= 0:
        return rgb
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    smooth = cv2.fastNlMeansDenoisingColored(bgr, None, strength, strength, TEMPLATE_PX, search_px)
    return np.asarray(cv2.cvtColor(smooth, cv2.COLOR_BGR2RGB), np.uint8)
