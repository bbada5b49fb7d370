"""MR intensities in units of normal white matter (White Stripe), else as z-scores."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage, signal

STRIPE = 0.05  # quantiles on both sides of the peak
LEAST_VOXELS = 1000
BINS = 512
SMOOTH_BINS = 6.0  # sigma
LEAST_HEIGHT = 0.2  # of the highest peak; smaller peaks are vessels, fat and noise
LEAST_PROMINENCE = 0.02  # of the highest peak; less is a ripple of the histogram
TAIL = (0.5, 99.5)  # percentiles inside the mask that the histogram spans
MOST_DISTINCT = 4096  # stored values; more are treated as continuous
#: sequence -> which peak of the histogram is normal white matter
PEAK_OF = {"T1": "last", "T2": "highest", "FLAIR": "highest"}

Volume = npt.NDArray[np.float32]
Inside = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Normalisation:
    """How an MR image was normalised: (intensity - `mean`) / `sd`.

    `method` is "white_stripe" or "z_score"; `fallback` says why it is z-score, empty otherwise.
    `peak`, `low`, `high` are intensities of white matter and the limits of its stripe, None with
    z-score. `voxels` is the number of voxels that `mean` and `sd` are of.
    """

    method: str
    fallback: str
    mean: float
    sd: float
    voxels: int
    peak: float | None = None
    low: float | None = None
    high: float | None = None

    def apply(self, volume: Volume) -> Volume:
        """The volume in units of sd, 0 at the mean; every voxel, inside the mask or not."""
        return np.asarray((volume.astype(np.float64) - self.mean) / self.sd, np.float32)


def fit(volume: Volume, mask: Inside, sequence: str) -> Normalisation:
    """How to normalise an MR image of the brain.

    Parameters
    ----------
    volume : (Z, Y, X), free of its bias field
    mask : (Z, Y, X) brain, without skull and scalp
    sequence : T1, T2 or FLAIR; any other is normalised by the z-score of the mask

    Returns
    -------
    White Stripe: mean 0 and sd 1 over the voxels within 5 % (quantiles) of the peak of normal white
    matter, which is the last peak of the smoothed histogram in T1 and the highest one in T2 and
    FLAIR. z-score, with the reason, where the sequence has no such peak or the stripe holds fewer
    than 1,000 voxels.

    Raises
    ------
    ValueError : mask of another shape, fewer than 2 voxels in it, or all of one value.

    Notes
    -----
    Remove the bias field first: with it the last peak of a T1 image is often that of grey matter.
    Values of z-score and White Stripe are not comparable. Wrong where normal white matter is not a
    peak: infants below two years (T1), a mask with skull or fat, lesions larger than what is left.

    References
    ----------
    .. [1] Shinohara et al. 2014, doi:10.1016/j.nicl.2014.08.008
    """
    if mask.shape != volume.shape:
        raise ValueError(f"mask of {mask.shape} for a volume of {volume.shape}")
    values = volume[mask].astype(np.float64)
    if len(values) < 2 or values.min() == values.max():
        raise ValueError(f"{len(values)} voxels in the mask, of one value: nothing to normalise by")
    if sequence not in PEAK_OF:
        return _z_score(values, f"White Stripe is not defined for {sequence or 'no sequence'}")
    left, right = white_matter_peak(values, sequence)
    at = float(((values < left).mean() + (values < right).mean()) / 2)
    low, high = np.quantile(values, (max(0.0, at - STRIPE), min(1.0, at + STRIPE)))
    stripe = values[(values >= low) & (values <= high)]
    if len(stripe) < LEAST_VOXELS:
        return _z_score(values, f"{len(stripe)} voxels of white matter, below {LEAST_VOXELS}")
    if stripe.min() == stripe.max():
        return _z_score(values, "the stripe of white matter has one single value")
    return Normalisation(
        method="white_stripe",
        fallback="",
        mean=float(stripe.mean()),
        sd=float(stripe.std()),
        voxels=len(stripe),
        peak=(left + right) / 2,
        low=float(low),
        high=float(high),
    )


def white_matter_peak(values: Floats, sequence: str) -> tuple[float, float]:
    """Lowest and highest intensity of the bin where the smoothed histogram has its peak.

    Parameters
    ----------
    values : (N,) intensities inside the brain
    sequence : T1, T2 or FLAIR
    """
    edges = _edges(values)
    counts, _ = np.histogram(values, edges)
    smooth = ndimage.gaussian_filter1d(counts.astype(np.float64), _sigma(counts), mode="constant")
    padded = np.pad(smooth, 1)
    top = smooth.max()
    peaks, _ = signal.find_peaks(
        padded, height=LEAST_HEIGHT * top, prominence=LEAST_PROMINENCE * top
    )
    place = int(peaks[-1]) - 1 if PEAK_OF[sequence] == "last" else int(smooth.argmax())
    return float(edges[place]), float(edges[place + 1])


def _sigma(counts: npt.NDArray[np.int64]) -> float:
    """Smoothing in bins: the same share of the range, whatever the number of bins."""
    return max(1.0, SMOOTH_BINS * len(counts) / BINS)


def _edges(values: Floats) -> Floats:
    """Edges of bins; of few distinct values a bin holds a whole number of steps.

    Else some bins of 8-bit data hold one value more than others, which looks like a peak.
    """
    low, high = np.percentile(values, TAIL)
    if low == high:
        low, high = values.min(), values.max()
    width = (high - low) / BINS
    distinct = np.unique(values)
    if len(distinct) <= MOST_DISTINCT:
        step = float(np.diff(distinct).min())
        width = step * max(1.0, np.ceil(width / step))
        low -= step / 2
    return np.asarray(low + width * np.arange(int(np.ceil((high - low) / width)) + 1))


def _z_score(values: Floats, why: str) -> Normalisation:
    mean, sd = float(values.mean()), float(values.std())
    return Normalisation("z_score", why, mean, sd, len(values))
