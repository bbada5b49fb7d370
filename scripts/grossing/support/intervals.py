"""How well a share is known of which only a sample was looked at."""

import math

CONFIDENCE_Z = 1.96  # 95 %, two-sided


def wilson(hits: int, sample: int, population: int) -> tuple[float, float]:
    """Wilson's score interval (95 %) of a share, corrected for a finite population.

    Parameters
    ----------
    hits : of the sample
    sample : how many were looked at, at least 1
    population : how many there are; where all were looked at, the interval is the share itself

    References
    ----------
    .. [1] Wilson 1927, doi:10.1080/01621459.1927.10502953
    """
    share = hits / sample
    if population <= sample:
        return share, share
    count = sample * (population - 1) / (population - sample)
    spread = CONFIDENCE_Z**2 / count
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread)
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    return low, 1.0 if hits == sample else min(1.0, middle + half)
