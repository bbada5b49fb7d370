"""The picture of a prepared study for the report: planes on which its masks are outlined."""

from collections.abc import Mapping

import numpy as np

from grossing.radiology.volumes import three_planes
from grossing.radiology.volumes.three_planes import Colour
from grossing.radiology.volumes.volume import Flags, Volume
from grossing.support import files, images
from grossing.support.types import PathLike, Pixels

#: of three planes side by side, and of the one plane of an X-ray
SIDE_PX, SINGLE_PX = 384, 768
QUALITY = 85
#: outlines; the report's legend has the same (workflow/report/css/studies.css)
COLOURS: Mapping[str, Colour] = {
    "lung": (255, 200, 0),
    "brain": (255, 200, 0),
    "metal": (0, 230, 255),
}


def draw(volume: Volume, modality: str, masks: Mapping[str, Flags | None]) -> Pixels:
    """Where each mask lies.

    Parameters
    ----------
    masks : (z, y, x) bool by a name of `COLOURS`; one that is None or empty is left out

    Returns
    -------
    (H, W, 3) uint8: a row of three planes per mask, where most of it lies, all masks outlined; the
    middle planes where there is none; one picture of a study of one slice.
    """
    there = {name: mask for name, mask in masks.items() if mask is not None and mask.any()}
    outlined = [(mask, COLOURS[name]) for name, mask in there.items()]
    single = volume.values.shape[0] == 1
    middle = [size // 2 for size in volume.values.shape]
    places = [middle] if single or not there else [_fullest(mask) for mask in there.values()]
    side = SINGLE_PX if single else SIDE_PX
    rows = [three_planes.planes(volume, modality, at, side, outlined) for at in places]
    return np.concatenate([np.concatenate(row, axis=1) for row in rows])


def _fullest(mask: Flags) -> list[int]:
    """(z, y, x) of the planes that hold most of a mask."""
    others = ((1, 2), (0, 2), (0, 1))
    return [int(np.count_nonzero(mask, axis=axes).argmax()) for axes in others]


def write(picture: Pixels | None, path: PathLike) -> None:
    """A JPEG; one black pixel for a study that was not prepared."""
    shown = np.zeros((1, 1, 3), np.uint8) if picture is None else picture
    files.write(path, images.jpeg(shown, quality=QUALITY, chroma="444"))
