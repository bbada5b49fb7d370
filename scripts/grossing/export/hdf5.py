"""HDF5 files of tile coordinates: one data set `coords` whose attributes describe it."""

from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from grossing.support import files

#: value of an attribute
Value = int | float | str | tuple[int, int] | tuple[float, float]


def write(path: Path, coords: npt.NDArray[np.int64], attributes: Mapping[str, Value]) -> None:
    """Write the file, whole or not at all; the same content gives the same bytes.

    Parameters
    ----------
    coords : (N, 2) int64, x and y in level-0 px
    attributes : of the data set
    """
    with files.replacing(path) as temporary, h5py.File(temporary, "w") as file:
        dataset = file.create_dataset("coords", data=coords, maxshape=(None, 2), chunks=True)
        for name, value in attributes.items():
            dataset.attrs[name] = value
