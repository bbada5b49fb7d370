"""The files of a measured slide: JSON, mask, thumbnail, outlines; valid, empty where need be."""

from typing import Any, Protocol

import numpy as np

from grossing.mask import labels
from grossing.mask import outlines as mask_outlines
from grossing.measure import slide as measure_slide
from grossing.slide import record as record_files
from grossing.support import files, images

THUMBNAIL_QUALITY = 85
CLASSES = {labels.TISSUE: ("Tissue", (200, 0, 120)), labels.PEN: ("Pen", (0, 140, 60))}


class SlideFiles(Protocol):
    """Paths of a slide's outputs."""

    facts: str
    mask: str
    thumbnail: str
    outlines: str


def write_slide(measured: measure_slide.Measured, to: SlideFiles) -> None:
    """Write all four files; the JSON, which everything else reads, comes last."""
    record, mask, thumbnail = measured.record, measured.mask, measured.thumbnail
    outlines: dict[str, Any] = {"type": "FeatureCollection", "features": []}
    if mask is None or thumbnail is None:
        mask, thumbnail = np.zeros((1, 1), np.uint8), np.full((1, 1, 3), 255, np.uint8)
    else:
        outlines = mask_outlines.feature_collection(
            mask,
            CLASSES,
            origin=(record["bounds"]["x"], record["bounds"]["y"]),
            downsample=record["overview_downsample"],
            mpp=record["mpp"],
        )
    files.write(to.mask, images.png(mask))
    files.write(to.thumbnail, images.jpeg(thumbnail, quality=THUMBNAIL_QUALITY))
    record_files.write(outlines, to.outlines)
    record_files.write(record, to.facts)
