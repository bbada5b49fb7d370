"""A mask of the user's own that is a picture: PNG, TIFF, JPEG."""

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from grossing.mask.mask_grid import MaskGrid
from grossing.support.errors import SlideError
from grossing.support.types import Mask

MAX_PIXELS = 50_000_000  # 20 x 10 cm at 20 um/px: more takes more memory than measuring has
ASPECT_TOLERANCE = 0.01  # tools round, or take whole patches:
ASPECT_PX = 1.5  # so much of a pixel of the mask is always allowed
LOSSY = ("JPEG", "MPO", "WEBP")
#: what Pillow decodes by itself: for others it starts programs (EPS) or lacks pixels of its own
FORMATS = ("PNG", "TIFF", "JPEG", "WEBP", "BMP", "GIF", "PPM", "JPEG2000")
_SMALLER = (
    "write the mask smaller, for instance at 8 um/px: only its overview is used, about "
    "2,000 px wide"
)


@dataclass(frozen=True)
class MaskPicture:
    """(h, w) bool, True on tissue, of a whole slide or of its scanned bounds."""

    tissue: Mask

    def on(self, grid: MaskGrid) -> Mask:
        """The nearest pixel for each of the grid; a mask of the grid's own size as it is.

        Raises
        ------
        SlideError : mask_mismatch, for a picture of another shape than the slide.
        """
        height, width = self.tissue.shape
        if (width, height) == (grid.columns, grid.rows):
            return self.tissue
        if self._fits(grid.slide_width, grid.slide_height):
            return self._sampled(grid, 0, 0, grid.slide_width, grid.slide_height)
        if self._fits(grid.bounds_width, grid.bounds_height):
            return self._sampled(grid, grid.x, grid.y, grid.bounds_width, grid.bounds_height)
        shape = f"{width} x {height} px is not the shape of the slide"
        of_slide = f"{grid.slide_width} x {grid.slide_height} px"
        raise SlideError("mask_mismatch", f"the mask's {shape}, {of_slide}")

    def _fits(self, slide_width: int, slide_height: int) -> bool:
        """Whether width and height have the slide's ratio."""
        height, width = self.tissue.shape
        across, down = height * slide_width / slide_height, width * slide_height / slide_width
        return any(
            abs(found - wanted) <= max(ASPECT_PX, ASPECT_TOLERANCE * wanted)
            for found, wanted in ((width, across), (height, down))
        )

    def _sampled(self, grid: MaskGrid, x: int, y: int, width: int, height: int) -> Mask:
        """The pixel under each centre of the grid, of a mask that covers a rectangle of level 0."""
        rows = _nearest(grid.y_level0_px - y, self.tissue.shape[0] / height, self.tissue.shape[0])
        columns = _nearest(grid.x_level0_px - x, self.tissue.shape[1] / width, self.tissue.shape[1])
        return np.asarray(self.tissue[np.ix_(rows, columns)])


def _nearest(at: npt.NDArray[np.float64], scale: float, count: int) -> npt.NDArray[np.intp]:
    return np.clip((at * scale).astype(np.intp), 0, count - 1)


def read(data: bytes) -> MaskPicture:
    """A picture whose pixels that are not 0 are tissue; of a lossy one, those above 127.

    Of a palette the number counts, not the colour. Transparent pixels are no tissue; of a picture
    that has no colour but black, the opaque ones are.

    Raises
    ------
    SlideError : mask_unreadable, for what is no picture, is damaged or is too large.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            picture.verify()  # the checksums of a PNG, which decoding leaves out
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            width, height = picture.size
            if width * height > MAX_PIXELS:
                message = f"the mask has {width} x {height} px, more than {MAX_PIXELS:,} pixels"
                raise SlideError("mask_unreadable", message, _SMALLER)
            return MaskPicture(_tissue(picture))
    except UnidentifiedImageError as error:
        message = "the mask is neither GeoJSON nor a picture that can be read"
        raise SlideError("mask_unreadable", message) from error
    except Image.DecompressionBombError as error:
        raise SlideError("mask_unreadable", f"the mask is too large: {error}", _SMALLER) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise SlideError("mask_unreadable", f"the mask's picture is damaged: {error}") from error


def _tissue(picture: Image.Image) -> Mask:
    limit = 127 if picture.format in LOSSY else 0
    if picture.mode == "P":
        opaque = "transparency" not in picture.info or picture.convert("RGBA").getchannel("A")
        return _above(picture, 0) & (True if opaque is True else _above(opaque, 0))
    bands = picture.getbands()
    if "A" not in bands and "transparency" in picture.info:
        picture = picture.convert("LA" if picture.mode in ("1", "L") else "RGBA")
        bands = picture.getbands()
    if bands[-1:] != ("A",):
        return _above(picture, limit)
    alpha = _above(picture.getchannel("A"), 0)
    coloured = _above(picture, limit, len(bands) - 1)
    return coloured & alpha if coloured.any() else alpha & (not alpha.all())


def _above(picture: Image.Image, limit: int, bands: int | None = None) -> Mask:
    """Where one of the first bands is above a limit; NaN is not."""
    pixels = np.asarray(picture)
    above = pixels > limit if pixels.dtype != np.bool_ else pixels
    return np.asarray(above if above.ndim == 2 else above[..., :bands].any(axis=2))
