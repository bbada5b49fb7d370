"""The default tile engine `tissue`: only tiles with tissue, each encoded once."""

import threading
from collections.abc import Callable, Sequence

from grossing.slide.grid import Grid
from grossing.slide.record import UsableSlide
from grossing.support import images, parallel
from grossing.support.types import PathLike, Pixels
from grossing.tiles import deepzoom, denoising, pyramid_writer
from grossing.tiles.extraction import TileExtractor
from grossing.tiles.options import TileOptions
from grossing.tiles.tile_row import TileRow

BATCH_PX = 1 << 20  # of the tiles that are measured together


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

    def work(batch: Sequence[TileRow]) -> list[tuple[TileRow, tuple[bytes, Pixels] | None]]:
        if not hasattr(own, "extractor"):
            own.extractor = new_extractor()
        return [(row, encoded(rgb)) for row, rgb in own.extractor.measured(batch)]

    def encoded(rgb: Pixels | None) -> tuple[bytes, Pixels] | None:
        if rgb is None or container is None:
            return None
        rgb = denoising.denoise(rgb, options.denoise, options.denoise_search_px)
        return to_bytes(rgb), deepzoom.half_size(rgb)

    size = (grid.padded_width_px, grid.padded_height_px)
    step = max(1, BATCH_PX // grid.size_px**2)
    batches = [rows[at : at + step] for at in range(0, len(rows), step)]
    done = []
    with pyramid_writer.pyramid(container, slide.slide_id, size, slide.glass, options) as pyramid:
        for batch in parallel.ordered(work, batches, threads):
            for row, tile in batch:
                member = None
                if tile is not None and pyramid is not None:
                    member = pyramid.add(row.tile_col, row.tile_row, *tile)
                done.append(row.written(member))
    return done
