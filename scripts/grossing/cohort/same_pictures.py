"""Pictures of slides that show the same slide, for use without the workflow."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from grossing.cohort import duplicates
from grossing.mask import tissue
from grossing.measure import picture_hash
from grossing.support.types import Pixels

#: longer side at which pictures are compared, px, and what it is taken for, um
SIDE_PX, SIDE_UM = 512, 20_000.0
DARK = 64  # grey level of the background below which it is a dark field


def find_duplicates(
    thumbnails: Mapping[str, Pixels] | Sequence[Pixels],
    distance_max: int = duplicates.DISTANCE_MAX,
) -> list[tuple[str | int, str | int, int]]:
    """Pairs of pictures that show the same slide, turned, mirrored, rescanned or re-encoded.

    Parameters
    ----------
    thumbnails : name to (H, W, 3) uint8 RGB of a whole slide, or a list of such pictures
    distance_max : bits of 256 in which the hashes of two pictures may differ

    Returns
    -------
    Name (or index) of both, in their order, and the distance; pictures without tissue are in no
    pair.

    Raises
    ------
    ValueError : a picture that is not (H, W, 3) uint8.
    """
    named: dict[str | int, Pixels] = dict(
        thumbnails.items() if isinstance(thumbnails, Mapping) else enumerate(thumbnails)
    )
    hashes = {name: _hash(name, rgb) for name, rgb in named.items()}
    names = [name for name, picture in hashes.items() if picture]
    found = duplicates.of_hashes([hashes[name] or "" for name in names], distance_max)
    return [(names[i], names[j], distance) for i, j, distance in found]


def _hash(name: str | int, rgb: Pixels) -> str | None:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or not rgb.size:
        raise ValueError(f"thumbnail {name}: {rgb.shape} {rgb.dtype}: give (H, W, 3) uint8 RGB")
    scale = SIDE_PX / max(rgb.shape[:2])
    size = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    edge = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    bright = 255 - small if np.median(edge) < DARK else small
    return picture_hash.of_picture(small, tissue.segment(bright, SIDE_UM / SIDE_PX))
