"""The overlays of a cohort: one picture per slide, from its files and the final tables."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from grossing.cohort import thresholds
from grossing.cohort.collect import by_slide
from grossing.mask import labels
from grossing.report import overlay
from grossing.slide.record import SlideRecord, UsableSlide
from grossing.support import files, images, parallel, tables
from grossing.support.errors import CohortError
from grossing.support.types import PathLike, Pixels

QUALITY = 85
TILE_COLUMNS = ("slide_id", "x_level0_px", "y_level0_px", "size_level0_px", "qc_reasons_tile")
FOCUS = next(rule for rule in thresholds.TILE if rule.column.startswith("focus"))
#: reasons of slides that are dark where they should be bright, or the reverse
WRONG_FIELD = (thresholds.BRIGHTFIELD.reason, thresholds.DARK_FIELD.reason)
NOWHERE = np.zeros(0, np.int64)
NO_SQUARES = overlay.Squares(NOWHERE, NOWHERE, NOWHERE, [])
BLACK = np.zeros(3, np.uint8)
EMPTY = np.full((1, 1, 3), 255, np.uint8)
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class MeasuredFiles:
    """Files of each measured slide, by slide_id."""

    facts: Mapping[str, Path]
    masks: Mapping[str, Path]
    thumbnails: Mapping[str, Path]

    @classmethod
    def from_paths(
        cls, facts: Iterable[PathLike], masks: Iterable[PathLike], thumbnails: Iterable[PathLike]
    ) -> Self:
        """Files named after their slides."""
        return cls(*map(by_slide, (facts, masks, thumbnails)))


@dataclass(frozen=True)
class _Job:
    slide_id: str
    status: str
    reasons: str | None
    tiles: overlay.Squares | None


def draw(
    verdicts: PathLike,
    patches: PathLike,
    measured: MeasuredFiles,
    folder: PathLike,
    *,
    focus_tile_um: float,
    limits: Mapping[str, float],
    threads: int,
) -> None:
    """Write `{slide_id}.jpg` of every row of `cohort_qc`; 1 x 1 px where nothing was measured.

    Parameters
    ----------
    verdicts, patches : `cohort_qc` and `patch_cohort`, Parquet
    folder : is made
    focus_tile_um : side of a sampled place; these are drawn of slides without tiles
    limits : the config's `thresholds.tile`, whose limit of focus they are judged by
    """
    cv2.setNumThreads(1)
    to = Path(folder)
    to.mkdir(parents=True, exist_ok=True)

    def write(job: _Job) -> int:
        picture = _picture(job, measured, focus_tile_um, limits)
        files.write(to / f"{job.slide_id}.jpg", images.jpeg(picture, quality=QUALITY, chroma="444"))
        return picture.size

    drawn = [
        size > EMPTY.size for size in parallel.ordered(write, _jobs(verdicts, patches), threads)
    ]
    LOG.info("%d slides, %d of them with a picture", len(drawn), sum(drawn))


def _jobs(verdicts: PathLike, patches: PathLike) -> Iterator[_Job]:
    """The slides in the order of both tables; CohortError where these do not belong together."""
    rows = tables.read(verdicts, ("slide_id", "qc_status", "qc_reasons"))
    tiled = tiles_by_slide(patches)
    slide_id, part = next(tiled, (None, None))
    for row in rows.to_pylist():
        tiles = None
        if row["slide_id"] == slide_id and part is not None:
            tiles = _tiles(part)
            slide_id, part = next(tiled, (None, None))
        yield _Job(row["slide_id"], row["qc_status"], row["qc_reasons"], tiles)
    if slide_id is not None:
        raise CohortError(f"{patches}: tiles of slide {slide_id} in another order than {verdicts}")


def tiles_by_slide(patches: PathLike) -> Iterator[tuple[str, pa.Table]]:
    """The tiles of one slide after the other; memory does not grow with the cohort."""
    parts: list[pa.RecordBatch] = []
    with pyarrow.parquet.ParquetFile(patches) as file:
        for batch in file.iter_batches(columns=list(TILE_COLUMNS)):
            runs = pc.run_end_encode(batch["slide_id"])
            start = 0
            for end in runs.run_ends.to_pylist():
                part = batch.slice(start, end - start)
                start = end
                if parts and parts[0]["slide_id"][0] != part["slide_id"][0]:
                    yield parts[0]["slide_id"][0].as_py(), pa.Table.from_batches(parts)
                    parts = []
                parts.append(part)
    if parts:
        yield parts[0]["slide_id"][0].as_py(), pa.Table.from_batches(parts)


def _tiles(part: pa.Table) -> overlay.Squares:
    _, *squares, reasons = (part[name] for name in TILE_COLUMNS)
    x, y, size = (np.asarray(column.to_numpy(), np.int64) for column in squares)
    return overlay.Squares(x, y, size, [overlay.mark_of(text) for text in reasons.to_pylist()])


def _picture(
    job: _Job, measured: MeasuredFiles, focus_tile_um: float, limits: Mapping[str, float]
) -> Pixels:
    if job.slide_id not in measured.facts:  # its job failed
        return EMPTY
    record = SlideRecord.read(measured.facts[job.slide_id])
    if record.measures is None:
        return EMPTY
    slide = record.usable()
    mask = labels.read(measured.masks[job.slide_id])
    squares = job.tiles or _places(slide, focus_tile_um, limits)
    wrong_field = job.tiles is None and (job.reasons or "").startswith(WRONG_FIELD)
    if wrong_field:  # it was segmented as what it is not
        mask, squares = np.full_like(mask, labels.GLASS), NO_SQUARES
    thumbnail, brightness = images.read(measured.thumbnails[job.slide_id]), 1.0
    light = slide.measures.light
    if light.dark_field != wrong_field:
        background = light.glass if light.dark_field else BLACK
        thumbnail, brightness = overlay.brightened(thumbnail, mask == labels.TISSUE, background)
    layers = overlay.Layers(
        thumbnail=thumbnail,
        mask=mask,
        origin=(slide.file.bounds.x, slide.file.bounds.y),
        downsample=slide.measures.areas.overview_downsample,
        mpp=slide.resolution.mpp,
        squares=squares,
        brightness=brightness,
    )
    return overlay.draw(layers, slide_id=job.slide_id, status=job.status, reasons=job.reasons)


def _places(
    slide: UsableSlide, focus_tile_um: float, limits: Mapping[str, float]
) -> overlay.Squares:
    """The places whose focus was sampled and could be measured."""
    places = slide.measures.focus.focus_tiles
    values = getattr(places, FOCUS.column)
    rows = [
        (x, y, overlay.BLURRED_PLACE if FOCUS.exceeded(value, limits) else overlay.SHARP_PLACE)
        for x, y, value in zip(places.x_level0_px, places.y_level0_px, values, strict=False)
        if value is not None
    ]
    x, y = (np.array([row[k] for row in rows], np.int64) for k in range(2))
    size = np.full(len(rows), round(focus_tile_um / slide.resolution.mpp), np.int64)
    return overlay.Squares(x, y, size, [mark for _, _, mark in rows])
