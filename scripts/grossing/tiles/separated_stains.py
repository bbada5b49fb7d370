"""The tiles of one slide as pictures of one stain each."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from grossing import dataset
from grossing.slide import record as record_files
from grossing.stain import optical_density
from grossing.tiles import derived_tiles, stored_tiles

CHANNELS = {"hematoxylin": 0, "eosin": 1}  # of `optical_density.separate`


def separate(
    container: str | os.PathLike[str],
    metrics: str | os.PathLike[str],
    outputs: Mapping[str, str | os.PathLike[str]],
    *,
    record: Mapping[str, Any],
    tiles: Mapping[str, Any],
    threads: int = 1,
) -> None:
    """Write a slide's tiles as grey pictures of a stain's density (`optical_density.to_grey`).

    Parameters
    ----------
    container, metrics : what tiling left of the slide
    outputs : new containers by stain (`CHANNELS`)
    record : the slide's JSON; densities are relative to its glass, and the containers of a slide
        of another stain than H&E hold no tiles
    tiles : the config section
    threads : that decode and encode; the result does not depend on them
    """
    glass = record_files.glass_of(record)

    def change(
        row: dict[str, Any], data: bytes
    ) -> dict[str, tuple[bytes | None, npt.NDArray[np.uint8]]]:
        if not record["is_he"]:
            return {}
        densities = optical_density.separate(dataset.decode(data, row), glass=glass)
        return {
            name: (None, optical_density.to_grey(densities[..., CHANNELS[name]]))
            for name in outputs
        }

    with stored_tiles.TileSet(container, metrics) as source:
        derived_tiles.slide(
            source,
            outputs,
            change,
            name=record["slide_id"],
            blank=np.zeros((), np.uint8),
            tiles=tiles,
            threads=threads,
        )
