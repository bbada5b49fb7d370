"""The tiles of one slide in the colours of a reference."""

import logging
from collections import Counter
from dataclasses import asdict, dataclass

import numpy as np

from grossing.columns import normalized_tiles as columns
from grossing.slide.record import SlideRecord
from grossing.slide.stain_record import StainMeasures
from grossing.stain import evidence, normalisation
from grossing.stain import fit as stain_fit
from grossing.stain.fit import Fit
from grossing.stain.light import LIGHT
from grossing.support import tables
from grossing.support.types import PathLike, Pixels
from grossing.tiles import derived_tiles
from grossing.tiles.options import Encoding
from grossing.tiles.stored_tiles import Place, StoredTile, StoredTiles

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class NormalizedTile:
    """The status of a tile: "normalized", or why it was passed through; None without a picture."""

    slide_id: str
    tile_col: int
    tile_row: int
    stain_status: str | None


@dataclass(frozen=True)
class NormalizedTiles:
    """One entry per row of the slide's `tile_metrics`."""

    rows: tuple[NormalizedTile, ...]

    def write(self, path: PathLike) -> None:
        """Write `normalized_tiles`."""
        rows = [asdict(row) for row in self.rows]
        tables.write_parquet(tables.from_rows(rows, columns.SCHEMA), path)


def normalize(
    container: PathLike,
    metrics: PathLike,
    output: PathLike,
    *,
    record: SlideRecord,
    reference: Fit,
    method: str,
    scope: str,
    encoding: Encoding,
    threads: int = 1,
) -> NormalizedTiles:
    """Write a slide's tiles in the colours of the reference, under the same names.

    Parameters
    ----------
    container, metrics : the outputs of tiling
    output : the new container
    record : the slide, with its fit and its glass, which becomes 240; all tiles of a slide of
        another stain than H&E, or whose fit cannot be used, pass through for that one reason
    reference : the fit that gives the target colours
    method : "macenko" or "reinhard"
    scope : "slide" applies the slide's fit to every tile; "tile" fits each tile by itself, and
        applies the slide's where that cannot be used. Whether a slide is normalised does not depend
        on it: no slide is a patchwork of tiles that are normalised and tiles as scanned
    threads : that decode and encode; the result does not depend on them
    """
    stain = record.measures.stain if record.measures else None
    of_slide = stain_fit.of_method(stain.stain_fit if stain else None, method)
    glass = record.glass  # as for the fit: 240 where none was found
    of_all = _refusal(stain, of_slide, reference)
    status: dict[Place, str] = {}

    with StoredTiles(container, metrics) as source:

        def change(tile: StoredTile, data: bytes) -> dict[str, tuple[bytes | None, Pixels]]:
            rgb = source.decode(tile, data)
            reason = of_all or ("foreign_colour" if tile.is_ink else None)
            if reason is None:
                own = stain_fit.fit(rgb, glass, method=method) if scope == "tile" else of_slide
                made, reason = normalisation.apply(own, rgb, reference, glass)
                if reason and own != of_slide:
                    made, reason = normalisation.apply(of_slide, rgb, reference, glass)
                rgb = made
            status[tile.place] = reason or "normalized"
            return {"normalized": (data if reason else None, rgb)}

        derived_tiles.write(
            source,
            {"normalized": output},
            change,
            name=record.slide_id,
            blank=record.glass if of_all else np.full(3, LIGHT, np.uint8),
            encoding=encoding,
            threads=threads,
        )
        places = [tile.place for tile in source.rows]
    counts = ", ".join(f"{n} {reason}" for reason, n in sorted(Counter(status.values()).items()))
    LOG.info("slide %s: %s", record.slide_id, counts or "no tiles")
    return NormalizedTiles(
        tuple(NormalizedTile(record.slide_id, *place, status.get(place)) for place in places)
    )


def _refusal(stain: StainMeasures | None, fit: Fit | None, reference: Fit) -> str | None:
    """Why all tiles of a slide are passed through; None where each is judged by its content."""
    if stain is None or not stain.is_he:
        return "not_he"
    if fit is None:
        shown = stain.stain_evidence
        return (evidence.doubt(shown) if shown else None) or "fit_failed"
    return normalisation.refusal(fit, reference)
