"""One slide as a pyramidal TIFF at the target resolution, streamed through libvips."""

import cv2
import pyvips

from grossing.slide import grid as grids
from grossing.slide import identity
from grossing.slide.record import SlideRecord
from grossing.support import files
from grossing.support.types import PathLike
from grossing.tiles import libvips_feed, stored_rows
from grossing.tiles.extraction import TileExtractor


def rescale(
    path: PathLike,
    record: SlideRecord,
    output: PathLike,
    *,
    passed: bool,
    target_mpp: float,
    target_mpp_tolerance: float,
    quality: int,
) -> None:
    """Write a slide as a pyramidal, tiled JPEG TIFF at the target resolution.

    Places that do not decode become glass; nothing of the source's description is kept.  Pixels
    that are not square stay so: the target is the geometric mean of both axes, and the file states
    the resolution of each.

    Parameters
    ----------
    path, record : the slide's file and what was measured of it
    output : the TIFF; 1 x 1 px where the slide did not pass

    Raises
    ------
    SlideChanged : the slide is no longer the one that was measured.
    SlideError : it cannot be opened any more.
    """
    cv2.setNumThreads(1)
    if not passed:
        with files.replacing(output) as temporary:
            black = pyvips.Image.black(1, 1, bands=3)
            libvips_feed.save_tiff(black, temporary, (target_mpp, target_mpp), quality)
        return
    identity.check(path, record.identity, record.slide_id)
    slide = record.usable()
    grid = grids.make(
        slide.file.bounds,
        slide.resolution.mpp,
        size_px=libvips_feed.PYRAMID_TILE_PX,
        target_mpp=target_mpp,
        target_mpp_tolerance=target_mpp_tolerance,
    )
    factor = grid.side_level0_px / grid.size_px
    mpp = slide.resolution.mpp_x * factor, slide.resolution.mpp_y * factor
    bands = stored_rows.bands(TileExtractor(path, slide, grid), grid)
    size = (grid.padded_width_px, grid.padded_height_px)
    with (
        files.replacing(output) as temporary,
        libvips_feed.image(bands, *size) as image,
    ):
        cropped = image.crop(0, 0, grid.width_px, grid.height_px)
        libvips_feed.save_tiff(cropped, temporary, mpp, quality)
