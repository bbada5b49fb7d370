"""A study's pixels with their place in the patient."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from grossing.support import files

Array = npt.NDArray[np.int16] | npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Volume:
    """Values of a study in the frame of the patient (LPS, mm).

    Attributes
    ----------
    values : (z, y, x) int16 or float32: HU of a CT, stored values of other modalities with their
        rescale slope and intercept applied
    spacing : mm of x, y, z: SimpleITK's order, not that of the array
    origin : mm, centre of the first voxel
    direction : 3 x 3 row by row, the columns are the directions of x, y and z
    padding : (z, y, x) bool, voxels outside the scanned field; None where there are none
    """

    values: Array
    spacing: tuple[float, float, float]
    origin: tuple[float, ...] = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    padding: Flags | None = None

    @property
    def inside(self) -> Array:
        """(N,) values without the padding."""
        if self.padding is None:
            return self.values.reshape(-1)
        return self.values[~self.padding]

    def image(self, values: npt.NDArray[np.generic] | None = None) -> sitk.Image:
        """A SimpleITK image of the values, or of another array of the same grid (bool as uint8)."""
        array = self.values if values is None else values
        if array.dtype == np.bool_:
            array = array.view(np.uint8)
        made = sitk.GetImageFromArray(array)
        made.SetSpacing(self.spacing)
        made.SetOrigin(self.origin)
        made.SetDirection(self.direction)
        return made


def of_image(image: sitk.Image, values: Array | None = None) -> Volume:
    """A volume on the grid of a SimpleITK image of three dimensions, of its values or of others."""
    x, y, z = image.GetSpacing()
    found = sitk.GetArrayFromImage(image) if values is None else values
    return Volume(plain(found), (x, y, z), image.GetOrigin(), image.GetDirection())


def in_patient_order(volume: Volume) -> Volume:
    """The same voxels with x running to the left, y to the back and z to the head of the patient,
    as nearly as their grid allows; nothing is copied."""
    columns = np.reshape(volume.direction, (3, 3))
    axes = [int(np.argmax(np.abs(columns[row]))) for row in range(3)]  # of x, y and z
    if sorted(axes) != [0, 1, 2]:
        return volume
    turned = tuple(slice(None, None, -1 if columns[r, axes[r]] < 0 else 1) for r in (2, 1, 0))
    places = [2 - axis for axis in reversed(axes)]
    padding = volume.padding
    return Volume(
        volume.values.transpose(places)[turned],
        (volume.spacing[axes[0]], volume.spacing[axes[1]], volume.spacing[axes[2]]),
        padding=None if padding is None else padding.transpose(places)[turned],
    )


def plain(values: npt.NDArray[np.generic]) -> Array:
    """Values of any shape as int16 where they are whole and fit, else as float32."""
    if values.dtype == np.int16 or values.dtype == np.float32:
        return values  # type: ignore[return-value]
    if values.dtype.kind in "iub" and _fits(values):
        return values.astype(np.int16)
    return values.astype(np.float32)


def _fits(values: npt.NDArray[np.generic]) -> bool:
    if values.dtype.itemsize == 1 or not values.size:
        return True
    limits = np.iinfo(np.int16)
    return bool(values.min() >= limits.min and values.max() <= limits.max)


def write(image: sitk.Image, path: str) -> None:
    """A NIfTI file without the header fields of any source; written whole or not at all."""
    for key in image.GetMetaDataKeys():
        image.EraseMetaData(key)
    with files.replacing(path) as temporary:
        named = temporary.with_name(f"{temporary.name}.nii.gz")
        try:
            sitk.WriteImage(image, str(named), useCompression=True, compressionLevel=1)
            named.replace(temporary)
        finally:
            named.unlink(missing_ok=True)


def empty(path: str, components: int = 1) -> None:
    """A volume of one voxel of 0, in place of that of a study that is not prepared."""
    shape: Sequence[int] = (1, 1, 1) if components == 1 else (1, 1, 1, components)
    write(sitk.GetImageFromArray(np.zeros(shape, np.int16), isVector=components > 1), path)
