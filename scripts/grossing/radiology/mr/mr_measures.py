"""Signal over noise of an MR image."""

import numpy as np

from grossing.radiology.mr import mr_noise
from grossing.radiology.studies.study_record import HeaderFacts
from grossing.radiology.volumes.volume import Volume


def measure(volume: Volume, header: HeaderFacts) -> dict[str, float | int | bool | None]:
    """`snr`: median of the tissue over its noise; None where there is no noise or no tissue."""
    inside = mr_noise.tissue(volume.values)
    noise = mr_noise.sd(volume.values, inside)
    if not noise:
        return {"snr": None}
    return {"snr": round(float(np.median(volume.values[inside])) / noise, 2)}
