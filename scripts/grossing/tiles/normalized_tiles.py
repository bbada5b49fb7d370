"""The tiles of one slide brought to common colours."""

import logging
import os
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from grossing import dataset
from grossing.slide import record as record_files
from grossing.stain import fit as stain_fit
from grossing.stain import normalisation
from grossing.tiles import derived_tiles, stored_tiles

LOG = logging.getLogger(__name__)

Pixels = npt.NDArray[np.uint8]
Row = dict[str, Any]


def normalize(
    container: str | os.PathLike[str],
    metrics: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    record: Mapping[str, Any],
    reference: stain_fit.Fit | None,
    method: str,
    scope: str,
    tiles: Mapping[str, Any],
    threads: int = 1,
) -> list[Row]:
    """Write a slide's tiles in the colours of the reference, under the names they have.

    Parameters
    ----------
    container, metrics : what tiling left of the slide
    output : the new container
    record : the slide's JSON, with its fit; the tiles of another stain than H&E pass through
    reference : the fit to go to; None for the shipped one
    method : "macenko" or "reinhard"
    scope : "slide" applies the slide's fit to every tile; "tile" fits each tile by itself
    tiles : the config section
    threads : that decode and encode; the result does not depend on them

    Returns
    -------
    One row per row of `metrics`, in its order (columns of `tables.STAIN_TILES`).
    """
    of_slide = stain_fit.from_record(record.get("stain_fit"), method)
    status: dict[tuple[int, int], str] = {}

    def change(row: Row, data: bytes) -> dict[str, tuple[bytes | None, Pixels]]:
        rgb, reason = dataset.decode(data, row), None if record["is_he"] else "not_he"
        if reason is None:
            own = of_slide if scope == "slide" else stain_fit.fit(rgb, method=method)
            rgb, reason = normalisation.apply(own, rgb, reference)
        status[row["tile_col"], row["tile_row"]] = reason or "normalized"
        return {"normalized": (data if reason else None, rgb)}

    with stored_tiles.TileSet(container, metrics) as source:
        derived_tiles.slide(
            source,
            {"normalized": output},
            change,
            name=record["slide_id"],
            blank=record_files.glass_of(record),
            tiles=tiles,
            threads=threads,
        )
        places = [(row["tile_col"], row["tile_row"]) for row in source.rows]
    counts = sorted(Counter(status.values()).items())
    said = ", ".join(f"{count} {reason}" for reason, count in counts)
    LOG.info("slide %s: %s", record["slide_id"], said or "no tiles")
    return [
        {"tile_col": column, "tile_row": row, "stain_status": status.get((column, row))}
        for column, row in places
    ]
