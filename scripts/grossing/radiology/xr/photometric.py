"""Whether an X-ray shows air black and bone white, told from the picture and from its tag."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

INVERTED = "MONOCHROME1"
CLEAR = 0.05  # of the grey range: smaller differences tell nothing

Array = npt.NDArray[np.generic]
Unit = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Sense:
    """`spine_over_lungs` is how much brighter, as a share of the grey range, the middle of the
    picture is than what lies beside it at the height of the lungs. It is above 0 where air is black
    in a chest from the front. `agrees` is None where it is too near to 0 to tell."""

    spine_over_lungs: float
    agrees: bool | None


def air_black(values: Array, photometric: str | None) -> Unit:
    """Stored values as 0..1 with air black, as the tag says; all bits are kept.

    Parameters
    ----------
    values : (H, W), stored values
    photometric : MONOCHROME1 is inverted; anything else, or None, is taken as it is

    Notes
    -----
    The range is that of the 0.1st to the 99.9th percentile, so single dead pixels and burned-in
    labels do not decide it.
    """
    picture = values.astype(np.float32)
    low, high = (float(v) for v in np.percentile(picture, (0.1, 99.9)))
    if high <= low:
        low, high = float(picture.min()), float(picture.max())
    unit = np.clip((picture - low) / max(high - low, 1e-12), 0, 1)
    return np.asarray(1 - unit if photometric == INVERTED else unit, np.float32)


def check(picture: Unit) -> Sense:
    """Whether the content of a chest X-ray agrees with air being black in it.

    Parameters
    ----------
    picture : (H, W) of `air_black`

    Notes
    -----
    For chests from the front (PA, AP). In a lateral view, an abdomen or a hand the middle says
    nothing about the sense; there the result may be wrong, which is why it is only a doubt.
    """
    height, width = picture.shape
    top, bottom = int(height * 0.3), int(height * 0.65)
    band = picture[top:bottom]
    across = np.linspace(0, 1, width)
    middle = band[:, (across > 0.45) & (across < 0.58)]
    sides = (across > 0.18) & (across < 0.38) | (across > 0.62) & (across < 0.82)
    difference = float(np.median(middle) - np.median(band[:, sides]))
    agrees = None if abs(difference) < CLEAR else difference > 0
    return Sense(round(difference, 4), agrees)
