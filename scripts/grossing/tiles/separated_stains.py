"""The tiles of one slide as pictures of one stain each."""

from collections.abc import Mapping

import numpy as np

from grossing.slide.record import SlideRecord
from grossing.stain import optical_density
from grossing.support.types import PathLike, Pixels
from grossing.tiles import derived_tiles
from grossing.tiles.options import Encoding
from grossing.tiles.stored_tiles import StoredTile, StoredTiles

CHANNELS = {"hematoxylin": 0, "eosin": 1}  # of `optical_density.separate`


def separate(
    container: PathLike,
    metrics: PathLike,
    outputs: Mapping[str, PathLike],
    *,
    record: SlideRecord,
    encoding: Encoding,
    threads: int = 1,
) -> None:
    """Write a slide's tiles as grey pictures of a stain's density (`optical_density.to_grey`).

    Parameters
    ----------
    container, metrics : the outputs of tiling
    outputs : new containers by stain (`CHANNELS`)
    record : the slide; densities are relative to its glass, and the containers of a slide of
        another stain than H&E hold no tiles
    threads : that decode and encode; the result does not depend on them
    """
    glass = record.glass
    is_he = record.measures is not None and record.measures.stain.is_he

    with StoredTiles(container, metrics) as source:

        def change(tile: StoredTile, data: bytes) -> dict[str, tuple[bytes | None, Pixels]]:
            if not is_he:
                return {}
            densities = optical_density.separate(source.decode(tile, data), glass=glass)
            return {
                name: (None, optical_density.to_grey(densities[..., CHANNELS[name]]))
                for name in outputs
            }

        derived_tiles.write(
            source,
            outputs,
            change,
            name=record.slide_id,
            blank=np.zeros((), np.uint8),
            encoding=encoding,
            threads=threads,
        )
