"""The default tile engine `tissue`: only tiles with tissue, each encoded once."""

import threading
from collections.abc import Callable

from grossing.slide.grid import Grid
from grossing.slide.record import UsableSlide
from grossing.support import images, parallel
from grossing.support.types import PathLike, Pixels
from grossing.tiles import deepzoom, denoising, pyramid_writer
from grossing.tiles.extraction import TileExtractor
from grossing.tiles.options import TileOptions
from grossing.tiles.tile_row import TileRow


def write_tiles(
    rows: list[TileRow],
    new_extractor: Callable[[], TileExtractor],
    slide: UsableSlide,
    grid: Grid,
    container: PathLike | None,
    options: TileOptions,
    threads: int,
) -> list[TileRow]:
    """Read, measure and encode the candidates in Z-order, each thread with its own extractor.

    Parameters
    ----------
    rows : candidates in Z-order
    container : None measures the tiles and writes no pixels

    Returns
    -------
    The completed rows, in the same order.
    """
    own = threading.local()
    to_bytes = images.encoder(format=options.format, quality=options.quality, chroma=options.chroma)

    def work(row: TileRow) -> tuple[TileRow, tuple[bytes, Pixels] | None]:
        if not hasattr(own, "extractor"):
            own.extractor = new_extractor()
        measured, rgb = own.extractor.measured(row)
        if rgb is None or container is None:
            return measured, None
        rgb = denoising.denoise(rgb, options.denoise, options.denoise_search_px)
        return measured, (to_bytes(rgb), deepzoom.half_size(rgb))

    size = (grid.padded_width_px, grid.padded_height_px)
    done = []
    with pyramid_writer.pyramid(container, slide.slide_id, size, slide.glass, options) as pyramid:
        for row, encoded in parallel.ordered(work, rows, threads):
            member = None
            if encoded is not None and pyramid is not None:
                member = pyramid.add(row.tile_col, row.tile_row, *encoded)
            done.append(row.written(member))
    return done
