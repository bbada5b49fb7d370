"""The files of a measured slide: JSON, mask, thumbnail, outlines; valid, empty where need be."""

from typing import Any, Protocol

import numpy as np

from grossing import encode, files, labels, measure, polygons, records

THUMBNAIL_QUALITY = 85
CLASSES = {labels.TISSUE: ("Tissue", (200, 0, 120)), labels.PEN: ("Pen", (0, 140, 60))}


class SlideFiles(Protocol):
    """Paths of a slide's outputs."""

    facts: str
    mask: str
    thumbnail: str
    outlines: str


def write_slide(measured: measure.Measured, to: SlideFiles) -> None:
    """Write all four files; the JSON, which everything else reads, comes last."""
    record, mask, thumbnail = measured.record, measured.mask, measured.thumbnail
    outlines: dict[str, Any] = {"type": "FeatureCollection", "features": []}
    if mask is None or thumbnail is None:
        mask, thumbnail = np.zeros((1, 1), np.uint8), np.full((1, 1, 3), 255, np.uint8)
    else:
        outlines = polygons.feature_collection(
            mask,
            CLASSES,
            origin=(record["bounds"]["x"], record["bounds"]["y"]),
            downsample=record["overview_downsample"],
            mpp=record["mpp"],
        )
    files.write(to.mask, encode.png(mask))
    files.write(to.thumbnail, encode.jpeg(thumbnail, quality=THUMBNAIL_QUALITY))
    records.write(outlines, to.outlines)
    records.write(record, to.facts)
