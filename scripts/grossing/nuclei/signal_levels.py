"""Levels of the nuclear signal: background, nuclei, and the threshold between them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from grossing.nuclei import nuclear_colour
from grossing.nuclei.nuclear_colour import NuclearColour

BRIGHTFIELD, FLUORESCENCE = "brightfield", "fluorescence"

BINS = 1024
RANGE = {BRIGHTFIELD: (-0.5, 3.0), FLUORESCENCE: (0.0, 256.0)}  # OD; grey level
CONTRAST_MIN = {BRIGHTFIELD: 0.1, FLUORESCENCE: 5.0}  # below this there are no nuclei

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Levels:
    """What separates nuclei from their surroundings: hematoxylin OD, or brightness in grey levels.

    `nuclei` is the mean above `threshold`, `background` the value of what lies around; `colour`
    is None in fluorescence and where it cannot be told.
    """

    background: float
    threshold: float
    nuclei: float
    colour: NuclearColour | None = None


@dataclass(frozen=True)
class SignalSample:
    """(1024,) int64 counts of the signal of a picture, and (n, 5) `nuclear_colour.sample`."""

    counts: Counts
    colours: npt.NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 5), np.float32))


def find_levels(samples: Sequence[SignalSample], modality: str) -> Levels | None:
    """Threshold of nuclei: Otsu's in brightfield, Li's minimum cross entropy in fluorescence.

    Li's threshold keeps the dim nuclei beside bright ones, which Otsu's loses. Pictures in which
    most of what is dense has another colour than the slide's nuclei, such as ink, are left out.

    Parameters
    ----------
    samples : `segmentation.sample` of the pictures of a slide

    Returns
    -------
    None where nothing, or nothing with the contrast of nuclei, was counted.

    References
    ----------
    .. [1] Otsu 1979, doi:10.1109/TSMC.1979.4310076
    .. [2] Li and Tam 1998, doi:10.1016/S0167-8655(98)00057-9
    """
    levels = _levels(samples, modality)
    if levels is None or levels.colour is None:
        return levels
    likely = [
        sample
        for sample in samples
        if not nuclear_colour.is_mostly_foreign(sample.colours, levels.threshold, levels.colour)
    ]
    return levels if len(likely) == len(samples) else _levels(likely, modality)


def _levels(samples: Sequence[SignalSample], modality: str) -> Levels | None:
    counts = sum((sample.counts for sample in samples), np.zeros(BINS, np.int64))
    if counts.sum() == 0:
        return None
    low, high = RANGE[modality]
    values = low + (np.arange(BINS) + 0.5) * (high - low) / BINS
    below, above = np.cumsum(counts), counts.sum() - np.cumsum(counts)
    sums = np.cumsum(counts * values)
    with np.errstate(divide="ignore", invalid="ignore"):
        dark, bright = sums / below, (sums[-1] - sums) / above
    if modality == BRIGHTFIELD:
        between = np.nan_to_num(below * above.astype(float) * (bright - dark) ** 2)
        cut = int(between.argmax())
    else:
        cut = _li(values, dark, bright)
    background = float(values[np.searchsorted(below, 0.05 * below[-1])])
    if not bright[cut] - dark[cut] >= CONTRAST_MIN[modality]:
        return None
    threshold = float(values[cut])
    colour = nuclear_colour.find([sample.colours for sample in samples], threshold)
    return Levels(background, threshold, float(bright[cut]), colour)


def _li(
    values: npt.NDArray[np.float64],
    dark: npt.NDArray[np.float64],
    bright: npt.NDArray[np.float64],
) -> int:
    """Bin of Li's threshold, from the means below and above each bin."""
    least = values[np.flatnonzero(np.isfinite(dark))[0]] - 1.0
    cut = int(np.argmin(np.abs(values - dark[-1])))
    for _ in range(BINS):
        if not np.isfinite(bright[cut]):
            return cut
        b, f = dark[cut] - least, bright[cut] - least
        after = least + (f - b) / np.log(f / b) if f > b else values[cut]
        moved = int(np.argmin(np.abs(values - after)))
        if moved == cut:
            return cut
        cut = moved
    return cut
