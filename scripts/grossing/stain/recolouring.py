"""The change from one slide's stain colours to another's, and which tiles it is made on."""

import functools
import math
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from grossing.slide.stain_record import MacenkoFit, ReinhardFit
from grossing.stain import fit as stain_fit
from grossing.stain import light
from grossing.stain.colours import DARK_LEVEL, stained_and_foreign
from grossing.stain.light import LIGHT
from grossing.support.types import Pixels

MIN_TISSUE_PX = 500
MOST_ANGLE_DEG = 30.0
LEAST_CORRELATION = 0.8
SAMPLE_PX = 64  # least side of the sample that a tile is judged by
MIXTURES = 16  # steps of either stain from none to its maximum

#: (256,) share of Reinhard's change by the level of the darkest channel
_CHANGED = np.clip(
    np.log(LIGHT / np.arange(1, 257)) / math.log(LIGHT / (DARK_LEVEL + 1)), 0, 1
).astype(np.float32)
_LOGS = np.log(np.arange(1, 257)).astype(np.float32)

Glass = tuple[float, float, float] | None
Change = Callable[[Pixels], Pixels]


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


def unsuitable(rgb: Pixels, weight: int = 1) -> str | None:
    """Why a tile must not be changed; None where it may be.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 with a glass of about 240, a tile or its `sample`
    weight : pixels of the tile that each of these stands for

    Returns
    -------
    "foreign_colour" where the foreign pixels are the majority of the dark ones, and 500 or more;
    "too_little_tissue" with fewer than 500 stained pixels; else None
    """
    stained, foreign = stained_and_foreign(rgb)
    tissue = int(np.count_nonzero(stained))
    if foreign > tissue and foreign * weight >= MIN_TISSUE_PX:
        return "foreign_colour"
    return "too_little_tissue" if tissue * weight < MIN_TISSUE_PX else None


@functools.lru_cache(maxsize=8)
def change(
    source: stain_fit.Fit, target: stain_fit.Fit, glass: Glass = None
) -> tuple[Change | None, str | None]:
    """The function from one fit's colours to the other's, or why there is none.

    One answer for all tiles of a slide.

    Parameters
    ----------
    glass : colour of the source's empty slide; None where it is 240

    Returns
    -------
    (H, W, 3) uint8 as scanned to (H, W, 3) uint8 in the colours of the target; or None
    "stain_angle" (a vector lies more than 30 degrees from the target's), "luminance" (light and
    dark of mixtures of the two stains would correlate below 0.8 with what they were), or None

    Raises
    ------
    ValueError : the fits are of different methods.
    """
    if isinstance(source, MacenkoFit) and isinstance(target, MacenkoFit):
        angles = [stain_fit.angle(source.h, target.h), stain_fit.angle(source.e, target.e)]
        if max(angles) > MOST_ANGLE_DEG:
            return None, "stain_angle"
        matrix = _macenko_matrix(source, target)
        if not _keeps_luminance(source, matrix):
            return None, "luminance"
        return functools.partial(_macenko, matrix=matrix, levels=light.table(glass)), None
    if isinstance(source, ReinhardFit) and isinstance(target, ReinhardFit):
        return functools.partial(_reinhard, source=source, target=target, glass=glass), None
    raise ValueError("fit and reference are of different methods: fit both with the same one")


def _macenko_matrix(source: MacenkoFit, target: MacenkoFit) -> npt.NDArray[np.float32]:
    """(3, 4): log(R + 1), log(G + 1), log(B + 1), 1 of a pixel to the log of its new value."""
    scale = np.diag(np.divide(target.max_c, source.max_c))
    turn = stain_fit.matrix(target) @ scale @ np.linalg.pinv(stain_fit.matrix(source))
    brightest = np.full(3, math.log(LIGHT))
    return np.column_stack([turn, brightest - turn @ brightest]).astype(np.float32)


def _macenko(rgb: Pixels, *, matrix: npt.NDArray[np.float32], levels: Pixels) -> Pixels:
    """As torchstain, which truncates to whole grey levels; but pixels as bright as glass or
    brighter, which torchstain colours, become glass.

    Parameters
    ----------
    levels : (256, 3) uint8, `light.table` of the glass
    """
    values = cv2.transform(cv2.LUT(rgb, _LOGS[levels][None]), matrix)
    cv2.exp(values, dst=values)
    made = np.asarray(cv2.convertScaleAbs(values, alpha=1, beta=-0.5), np.uint8)
    glass = tuple(np.argmax(levels >= LIGHT, axis=0).tolist())
    bright = cv2.inRange(rgb, glass, (255, 255, 255))
    return np.asarray(cv2.copyTo(np.full_like(made, LIGHT), bright, made), np.uint8)


def _reinhard(rgb: Pixels, *, source: ReinhardFit, target: ReinhardFit, glass: Glass) -> Pixels:
    """As torchstain where a stain shows; towards the light of glass, the pixel as it is.

    The method moves all colours alike, so that glass would become pink. The share of the change
    rises with the density of the darkest channel, from none on glass to all of it at 0.15, where a
    pixel counts as stained (`colours.DARK_LEVEL`).
    """
    scale = np.divide(target.std, source.std)
    shift = np.asarray(target.mean) - scale * np.asarray(source.mean)
    matrix = np.column_stack([np.diag(scale), shift]).astype(np.float32)
    even = light.evened(rgb, glass)
    lab = cv2.cvtColor(even.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    values = cv2.cvtColor(cv2.transform(lab, matrix), cv2.COLOR_Lab2RGB)
    made = cv2.convertScaleAbs(np.clip(values, 0, 1), alpha=255, beta=-0.5)
    share = _CHANGED[even.min(axis=2)][..., None]
    pale = np.minimum(even, LIGHT).astype(np.float32)
    return np.asarray(np.rint(pale + share * (made - pale)), np.uint8)


def _keeps_luminance(source: MacenkoFit, matrix: npt.NDArray[np.float32]) -> bool:
    """Whether light and dark of mixtures of the source's stains stay what they are."""
    steps = np.linspace(0, 1, MIXTURES)
    amounts = np.stack(np.meshgrid(steps, steps), axis=-1) * source.max_c
    logs = math.log(LIGHT) - amounts @ stain_fit.matrix(source).T
    before, after = np.exp(logs), np.exp(logs @ matrix[:, :3].T + matrix[:, 3])
    one, other = (
        cv2.cvtColor(values.astype(np.float32), cv2.COLOR_RGB2GRAY).ravel()
        for values in (before, after)
    )
    return float(np.corrcoef(one, other)[0, 1]) >= LEAST_CORRELATION
