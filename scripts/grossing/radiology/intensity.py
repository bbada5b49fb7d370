"""Statistics of a study's values, without the padding."""

import numpy as np

from grossing.radiology.studies.study_record import Intensity
from grossing.radiology.volumes.volume import Volume

BINS = 64
#: at most this many values are sorted for percentiles: a regular sample of more
SAMPLE_MAX = 2_000_000


def measure(volume: Volume) -> Intensity | None:
    """Statistics of a volume; None where all of it is padding."""
    inside = volume.inside
    if not inside.size:
        return None
    sample = inside[:: max(1, inside.size // SAMPLE_MAX)].astype(np.float32)
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return None
    p001, p01, p50, p99, p999 = np.percentile(sample, [0.1, 1, 50, 99, 99.9])
    low = float(p001)
    width_min = max(1.0, 2 * BINS * float(np.spacing(np.float32(abs(low)))))  # so that bins differ
    high = max(float(p999), low + width_min)
    counts, _ = np.histogram(np.clip(sample, low, high), BINS, (low, high))
    return Intensity(
        value_min=float(np.nanmin(inside)),
        value_max=float(np.nanmax(inside)),
        value_mean=round(float(sample.mean(dtype=np.float64)), 3),
        value_sd=round(float(sample.std(dtype=np.float64)), 3),
        value_p01=round(float(p01), 3),
        value_p50=round(float(p50), 3),
        value_p99=round(float(p99), 3),
        padding_fraction=round(1 - inside.size / volume.values.size, 5),
        histogram_low=round(low, 3),
        histogram_high=round(high, 3),
        histogram=tuple(int(n) for n in counts),
    )
