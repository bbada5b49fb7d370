"""Types that are used in every room."""

import os

import numpy as np
import numpy.typing as npt

#: (H, W, 3) RGB, (H, W) grey or (H, W) labels
Pixels = npt.NDArray[np.uint8]
#: (H, W) bool
Mask = npt.NDArray[np.bool_]
PathLike = str | os.PathLike[str]
