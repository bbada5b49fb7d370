"""A measured slide and its files: JSON, mask, thumbnail, outlines; empty if it is unusable."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from grossing.mask import labels
from grossing.mask import outlines as mask_outlines
from grossing.slide.record import SlideRecord
from grossing.support import files, images
from grossing.support.types import Pixels

THUMBNAIL_QUALITY = 85
OVERVIEW_QUALITY = 95  # tiles are compared with it
CLASSES = {
    labels.TISSUE: ("Tissue", (200, 0, 120)),
    labels.PEN: ("Pen", (0, 140, 60)),
    labels.POSSIBLE_PEN: ("Possible pen", (230, 160, 0)),
}


class SlideFiles(Protocol):
    """Paths of a slide's outputs."""

    facts: str
    mask: str
    overview: str
    thumbnail: str
    outlines: str


@dataclass(frozen=True)
class Measured:
    """One slide's record and pictures, which are None where the slide cannot be used.

    `mask` (H, W) uint8 labels, `overview` (H, W, 3) uint8, from which it was made, and `thumbnail`
    (h, w, 3) uint8 span the scanned bounds.
    """

    record: SlideRecord
    mask: Pixels | None = None
    overview: Pixels | None = None
    thumbnail: Pixels | None = None

    def write(self, to: SlideFiles) -> None:
        """Write all five files; the JSON, which everything else reads, comes last."""
        outlines = mask_outlines.EMPTY
        mask, overview, thumbnail = self.mask, self.overview, self.thumbnail
        if mask is None or overview is None or thumbnail is None:
            mask = np.zeros((1, 1), np.uint8)
            overview = thumbnail = np.full((1, 1, 3), 255, np.uint8)
        else:
            slide = self.record.usable()
            outlines = mask_outlines.feature_collection(
                mask,
                CLASSES,
                origin=(slide.file.bounds.x, slide.file.bounds.y),
                downsample=slide.measures.areas.overview_downsample,
                mpp=slide.resolution.mpp,
            )
        files.write(to.mask, images.png(mask))
        files.write(to.overview, images.jpeg(overview, quality=OVERVIEW_QUALITY, chroma="444"))
        files.write(to.thumbnail, images.jpeg(thumbnail, quality=THUMBNAIL_QUALITY))
        files.write_json(outlines, to.outlines)
        self.record.write(to.facts)
