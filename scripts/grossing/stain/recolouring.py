"""Pixels from one slide's stain colours to another's, and whether a tile may be changed."""

import functools
import math
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from grossing.slide.record import MacenkoFit, ReinhardFit
from grossing.stain import fit as stain_fit
from grossing.stain.light import LIGHT
from grossing.support.types import Mask, Pixels

MIN_TISSUE_PX = 500
MOST_ANGLE_DEG = 30.0
LEAST_CORRELATION = 0.8
SAMPLE_PX = 64  # least side of the sample that a tile is judged by
LEAST_CHROMA = 16  # greyer pixels are glass, dirt or black ink
BLACK_LEVEL = 100  # a pixel without chroma is black where no channel is brighter
VIVID_RED, VIVID_BLUE_SHARE = 130, 0.15
EVEN_GREY_LEVELS = 2.0  # standard deviation below which luminance is too even to compare


def sample(rgb: Pixels) -> tuple[Pixels, int]:
    """Every fourth pixel of a tile both ways (of a small one every second, or all), and how many
    each stands for.

    Parameters
    ----------
    rgb : (H, W, 3) uint8
    """
    height, width = rgb.shape[:2]
    step = max(1, min(4, min(height, width) // SAMPLE_PX))
    size = (width // step, height // step)
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_NEAREST), np.uint8), step**2


def content(rgb: Pixels, weight: int = 1) -> tuple[Mask, str | None]:
    """Where a tile is stained tissue by its colour, and why it must not be changed, if so.

    Hematoxylin and eosin both absorb most in green: a stained pixel is darker in green than
    glass, has some colour, and no channel is darker than green. Other dark pixels (green and blue
    ink, DAB: another channel is darker; black ink: dark without colour; red ink: red without any
    blue) are foreign.

    Parameters
    ----------
    rgb : (H, W, 3) uint8, a tile or its `sample`
    weight : pixels of the tile that each of these stands for

    Returns
    -------
    (H, W) bool, True on stained pixels
    "foreign_colour" where the foreign pixels are the majority, and 500 or more;
    "too_little_tissue" with fewer than 500 stained pixels; else None
    """
    red, green, blue = (np.asarray(channel, np.uint8) for channel in cv2.split(rgb))
    lowest = np.minimum(np.minimum(red, green), blue)
    highest = np.maximum(np.maximum(red, green), blue)
    coloured = highest - lowest >= LEAST_CHROMA
    dark = (green <= stain_fit.DARK_LEVEL) & (coloured | (highest <= BLACK_LEVEL))
    stained = dark & coloured & (green == lowest)
    over_green = cv2.subtract(red, green)
    if np.count_nonzero(vivid := over_green >= VIVID_RED):
        bluish = cv2.subtract(blue, green)
        stained &= ~(vivid & (bluish <= cv2.convertScaleAbs(over_green, alpha=VIVID_BLUE_SHARE)))
    tissue = int(np.count_nonzero(stained)) * weight
    foreign = int(np.count_nonzero(dark)) * weight - tissue
    if foreign > tissue and foreign >= MIN_TISSUE_PX:
        return stained, "foreign_colour"
    return stained, "too_little_tissue" if tissue < MIN_TISSUE_PX else None


@functools.lru_cache(maxsize=8)
def change(source: stain_fit.Fit, target: stain_fit.Fit) -> Callable[[Pixels], Pixels] | None:
    """The function from one fit's colours to the other's; None where they lie too far apart.

    Raises
    ------
    ValueError : the fits are of different methods.
    """
    if isinstance(source, MacenkoFit) and isinstance(target, MacenkoFit):
        angles = [stain_fit.angle(source.h, target.h), stain_fit.angle(source.e, target.e)]
        if max(angles) > MOST_ANGLE_DEG:
            return None
        return functools.partial(_macenko, matrix=_macenko_matrix(source, target))
    if isinstance(source, ReinhardFit) and isinstance(target, ReinhardFit):
        return functools.partial(_reinhard, source=source, target=target)
    raise ValueError("fit and reference are of different methods: fit both with the same one")


def _macenko_matrix(source: MacenkoFit, target: MacenkoFit) -> npt.NDArray[np.float32]:
    """(3, 4): log(R + 1), log(G + 1), log(B + 1), 1 of a pixel to the log of its new value."""
    scale = np.diag(np.divide(target.max_c, source.max_c))
    turn = stain_fit.matrix(target) @ scale @ np.linalg.pinv(stain_fit.matrix(source))
    light = np.full(3, math.log(LIGHT))
    return np.column_stack([turn, light - turn @ light]).astype(np.float32)


_LOGS = np.log(np.arange(1, 257)).astype(np.float32)[None]


def _macenko(rgb: Pixels, *, matrix: npt.NDArray[np.float32]) -> Pixels:
    """As torchstain, which truncates to whole grey levels."""
    values = cv2.transform(cv2.LUT(rgb, _LOGS), matrix)
    cv2.exp(values, dst=values)
    return np.asarray(cv2.convertScaleAbs(values, alpha=1, beta=-0.5), np.uint8)


def _reinhard(rgb: Pixels, *, source: ReinhardFit, target: ReinhardFit) -> Pixels:
    scale = np.divide(target.std, source.std)
    shift = np.asarray(target.mean) - scale * np.asarray(source.mean)
    matrix = np.column_stack([np.diag(scale), shift]).astype(np.float32)
    lab = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    values = cv2.cvtColor(cv2.transform(lab, matrix), cv2.COLOR_Lab2RGB)
    return np.asarray(cv2.convertScaleAbs(np.clip(values, 0, 1), alpha=255, beta=-0.5), np.uint8)


def keeps_luminance(pixels: Pixels, stained: Mask, change: Callable[[Pixels], Pixels]) -> bool:
    """Whether light and dark stay where they are on the stained pixels of a tile's sample."""
    one, other = (
        cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[stained].astype(np.float32)
        for picture in (pixels, change(pixels))
    )
    if not len(one):
        return True
    one, other = one - one.mean(), other - other.mean()
    own, common = float(one @ one), float(one @ other)
    if own < EVEN_GREY_LEVELS**2 * len(one):
        return True
    return common > 0 and common >= LEAST_CORRELATION * math.sqrt(own * float(other @ other))
