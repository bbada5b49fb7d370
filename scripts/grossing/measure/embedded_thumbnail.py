"""The thumbnail that a scanner stored beside the levels, as a witness of what level 0 shows."""

import cv2
import numpy as np
import openslide

from grossing.slide import opening
from grossing.support.errors import SlideError
from grossing.support.types import Pixels

NAME = "thumbnail"
SIDES = ("width", "height")
LEAST_PX, MOST_STORED_PX = 64, 4096  # sides of thumbnails that are read
MOST_PX = 48  # longer side as compared: finer detail depends on how it was shrunk, and on its place
ASPECT_TOLERANCE = 0.02
SAME_PICTURE = 0.8  # correlation of grey: below it the thumbnail shows something else
QUANTILE = 90  # of the pixels' largest differences of red, green and blue
DIFFERENCE_MAX = 20.0  # grey levels; sound: 10, other quantisation tables: 34 to 61


def check(slide: opening.Slide, overview: Pixels) -> None:
    """Refuse a slide whose colours are not those of its own thumbnail; for slides of one level.

    Nothing else in such a file contradicts JPEG tables other than those its tiles were written
    with: every tile decodes, and goes on across its borders. A thumbnail of another field, or of
    another picture (blackened, cropped), says nothing.

    Parameters
    ----------
    overview : (H, W, 3) uint8 RGB of the whole slide, at any resolution

    Raises
    ------
    SlideError : the thumbnail shows the same picture in other colours.
    """
    thumbnail = _thumbnail(slide)
    if thumbnail is None:
        return
    aspect = thumbnail.shape[1] / thumbnail.shape[0] * overview.shape[0] / overview.shape[1]
    if abs(aspect - 1) > ASPECT_TOLERANCE:
        return
    scale = min(1.0, MOST_PX / max(*thumbnail.shape[:2], *overview.shape[:2]))
    size = tuple(max(1, round(side * scale)) for side in thumbnail.shape[1::-1])
    stored, shown = (
        np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
        for picture in (thumbnail, overview)
    )
    difference = float(np.percentile(cv2.absdiff(stored, shown).max(axis=2), QUANTILE))
    if difference > DIFFERENCE_MAX and _correlation(stored, shown) > SAME_PICTURE:
        raise SlideError(
            "levels_disagree",
            f"level 0 differs from the file's own thumbnail by {difference:.0f} grey levels "
            f"(limit {DIFFERENCE_MAX:g})",
        )


def _thumbnail(slide: opening.Slide) -> Pixels | None:
    """(H, W, 3) uint8; None where the file has none that decodes and is large enough."""
    sides = [slide.handle.properties.get(f"openslide.associated.{NAME}.{side}") for side in SIDES]
    if not all(
        side and side.isdecimal() and LEAST_PX <= int(side) <= MOST_STORED_PX for side in sides
    ):
        return None
    try:
        picture = slide.handle.associated_images[NAME]
    except openslide.OpenSlideError:
        slide.reopen()
        return None
    return np.asarray(picture.convert("RGB"))


def _correlation(a: Pixels, b: Pixels) -> float:
    """Of grey; 0 where one of the pictures is even."""
    first, second = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).ravel() for picture in (a, b))
    if min(float(first.std()), float(second.std())) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
