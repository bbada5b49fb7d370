"""The tile engine `dzsave`: libvips writes the complete viewer pyramid, glass included."""

import zipfile
from collections.abc import Callable
from pathlib import Path

from grossing.slide.grid import Grid
from grossing.slide.record import UsableSlide
from grossing.support import files
from grossing.support.types import PathLike
from grossing.tiles import deepzoom, libvips_feed
from grossing.tiles.extraction import TileExtractor
from grossing.tiles.options import TileOptions
from grossing.tiles.tile_row import TileRow
from grossing.tiles.whole_slide import WholeSlide


def write_tiles(
    rows: list[TileRow],
    new_extractor: Callable[[], TileExtractor],
    slide: UsableSlide,
    grid: Grid,
    container: PathLike | None,
    options: TileOptions,
    threads: int,
) -> list[TileRow]:
    """Write the pyramid with libvips' dzsave while the candidates are measured.

    The dated `vips-properties.xml` of libvips is left out. Arguments and result as in
    `tissue_engine`; libvips uses threads of its own.
    """
    extractor = new_extractor()
    if container is None:
        return [extractor.measured([row])[0][0] for row in rows]
    whole = WholeSlide(extractor, grid, rows, options)
    sink = deepzoom.container_at(container, options.container)
    temporary = files.temporary_for(sink.path.with_name(f"{slide.slide_id}.dzsave"))
    try:
        size = (grid.padded_width_px, grid.padded_height_px)
        with libvips_feed.image(whole.bands(), *size) as image:
            image.dzsave(
                str(temporary),
                imagename=slide.slide_id,
                container="zip",
                tile_size=grid.size_px,
                overlap=0,
                **_dzsave_options(options),
            )
        members = _moved(temporary, sink)
    except BaseException:
        sink.discard()
        raise
    finally:
        temporary.unlink(missing_ok=True)
    return [_written(row, members, slide.slide_id, options.format) for row in whole.rows()]


def _written(row: TileRow, members: dict[str, deepzoom.Member], name: str, suffix: str) -> TileRow:
    top = max(int(path.split("/")[1]) for path in members if "/" in path)
    path = f"{name}_files/{top}/{row.tile_col}_{row.tile_row}.{suffix}"
    return row.written(None if row.lost else members[path])


def _dzsave_options(options: TileOptions) -> dict[str, str | int]:
    if options.format == "png":
        return {"suffix": ".png"}
    if options.chroma == "444":
        return {"suffix": f".jpeg[Q={options.quality},subsample_mode=off]"}
    return {"Q": options.quality}  # a suffix would switch libvips' direct writer off


def _moved(archive: Path, container: deepzoom.Container) -> dict[str, deepzoom.Member]:
    """The members of libvips' zip in our container, without its dated properties."""
    with zipfile.ZipFile(archive) as source:
        names = sorted(n for n in source.namelist() if not n.endswith("vips-properties.xml"))
        members = {name: container.add(name, source.read(name)) for name in names}
    container.finish()
    return members
