"""A stack of focal planes as one slide: checked, chosen and written block by block."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pyvips

from grossing.slide import identity, modality
from grossing.slide.stack_record import FusedFacts, PlaneMatch, StackRecord
from grossing.support import files
from grossing.support.errors import SlideError
from grossing.support.records import Refusal
from grossing.support.types import PathLike
from grossing.tiles import libvips_feed
from grossing.zstack import alignment, matching, plane_choice, plane_map, planes, tissue_blocks
from grossing.zstack.alignment import Remainder
from grossing.zstack.block_reader import BlockReader
from grossing.zstack.fused_stack import FusedBlock, FusedStack
from grossing.zstack.matched_plane import MatchedPlane
from grossing.zstack.matching import Gain
from grossing.zstack.options import FocusStackOptions
from grossing.zstack.plane_choice import Choice
from grossing.zstack.planes import Plane
from grossing.zstack.registration import Shift
from grossing.zstack.tissue_blocks import TissueBlocks

LOG = logging.getLogger(__name__)


def fuse(
    paths: Sequence[PathLike],
    names: Sequence[str],
    output: PathLike,
    *,
    slide_id: str,
    given_mpp: float | None,
    given_stain: str,
    mpp_from_objective: bool,
    focus_stack: FocusStackOptions,
    tissue: Mapping[str, Any],
) -> FusedStack:
    """Fuse the planes of a stack into a pyramidal, tiled JPEG TIFF of their size and resolution.

    A stack that cannot be fused (a plane cannot be used, is unlike the others or shifted against
    them) has a TIFF of 1 x 1 px, no blocks, and a refusal with the reason.

    Parameters
    ----------
    paths, names : as `planes.opened` takes them
    output : the TIFF
    given_mpp, given_stain : the sheet's `mpp` (um/px) and `stain`
    focus_stack : how the planes are fused
    tissue : keywords of `tissue.segment`, and `working_mpp` of the overview
    """
    cv2.setNumThreads(1)
    record = StackRecord(slide_id, tuple(identity.identity(path) for path in paths))
    try:
        with planes.opened(
            paths, names, given_mpp=given_mpp, mpp_from_objective=mpp_from_objective
        ) as opened:
            return _fused(opened, record, output, given_stain, focus_stack, tissue)
    except SlideError as error:
        LOG.warning("stack %s: %s: %s", slide_id, error.code, error)
        with files.replacing(output) as temporary:
            black = pyvips.Image.black(1, 1, bands=3)
            libvips_feed.save_tiff(black, temporary, (1.0, 1.0), focus_stack.quality)
        refused = replace(record, refusal=Refusal.from_error(error))
        return FusedStack(refused, (), np.full((1, 1, 3), 255, np.uint8))


def _fused(
    opened: Sequence[Plane],
    record: StackRecord,
    output: PathLike,
    given_stain: str,
    options: FocusStackOptions,
    tissue: Mapping[str, Any],
) -> FusedStack:
    middle = opened[len(opened) // 2]
    blocks = _blocks_of(opened, given_stain, options.block_um, tissue)
    shifts = alignment.checked_shifts(opened, blocks.centres)
    blank = 0 if modality.is_fluorescence(given_stain) else 255
    gains = alignment.checked_gains(opened, blocks.centres)
    matched = [MatchedPlane(*of, middle=middle) for of in zip(opened, gains, shifts, strict=True)]
    left = alignment.remainders(matched, shifts, blocks.centres)
    reader = BlockReader(matched, blocks.grid, blank)

    def measure(row: int, column: int) -> npt.NDArray[np.float64]:
        return reader.sharpness(row, column, options.method)

    choice = plane_choice.choose(measure, blocks.has_tissue, len(opened))
    mpp = middle.resolution.mpp
    with files.replacing(output) as temporary:
        bands = reader.bands(choice.plane)
        with libvips_feed.image(bands, middle.width, middle.height) as image:
            both = middle.resolution.mpp_x, middle.resolution.mpp_y
            libvips_feed.save_tiff(image, temporary, both, options.quality)
        reader.check_lost(blocks.has_tissue)
    fused = _facts(middle, choice, blocks, reader)
    counts = fused.measured_blocks, fused.tissue_blocks
    LOG.info("%s: %d of %d blocks with tissue measured", record.slide_id, *counts)
    names = [plane.name for plane in opened]
    complete = replace(
        record,
        planes=_match_of_planes(names, shifts, gains, left, choice.plane[blocks.has_tissue]),
        resolution=middle.resolution,
        fused=fused,
    )
    heatmap = plane_map.draw(
        choice.plane,
        blocks.has_tissue,
        names,
        title=record.slide_id,
        block_um=blocks.grid.block_px * mpp,
    )
    return FusedStack(complete, _blocks(choice, blocks, names), heatmap)


def _blocks_of(
    opened: Sequence[Plane], given_stain: str, block_um: float, tissue: Mapping[str, Any]
) -> TissueBlocks:
    """The blocks of the middle plane.

    Raises
    ------
    SlideError : it shows no tissue and another plane does: a failed scan must not stand for a blank
        slide.
    """
    middle = opened[len(opened) // 2]
    blocks = tissue_blocks.find(middle, given_stain, block_um, tissue)
    if blocks.has_tissue.any():
        return blocks
    for plane in opened:
        if plane is middle:
            continue
        if tissue_blocks.find(plane, given_stain, block_um, tissue).has_tissue.any():
            message = f"plane {middle.name} shows no tissue and plane {plane.name} does"
            remedy = f"scan plane {middle.name} again, or take its row out of the stack"
            raise SlideError("unregistered", message, remedy)
    return blocks


def _match_of_planes(
    names: Sequence[str],
    shifts: Sequence[Shift],
    gains: Sequence[Gain],
    left: Sequence[Remainder],
    chosen: npt.NDArray[np.int32],
) -> tuple[PlaneMatch, ...]:
    """The planes in their order; `chosen` holds the plane of each block with tissue."""
    counts = np.bincount(chosen, minlength=len(names)).tolist()
    return tuple(
        PlaneMatch(
            name,
            shift.x_px,
            shift.y_px,
            *matching.factors(gain),
            remainder.shift_px,
            remainder.light,
            count,
        )
        for name, shift, gain, remainder, count in zip(
            names, shifts, gains, left, counts, strict=True
        )
    )


def _facts(middle: Plane, choice: Choice, blocks: TissueBlocks, reader: BlockReader) -> FusedFacts:
    return FusedFacts(
        width_px=middle.width,
        height_px=middle.height,
        objective=middle.objective,
        block_px=blocks.grid.block_px,
        blocks=int(choice.plane.size),
        tissue_blocks=int(blocks.has_tissue.sum()),
        measured_blocks=choice.measured,
        substituted_blocks=int((reader.substituted & ~reader.lost).sum()),
        lost_blocks=int(reader.lost.sum()),
    )


def _blocks(choice: Choice, blocks: TissueBlocks, names: Sequence[str]) -> tuple[FusedBlock, ...]:
    """All blocks, by row and column."""

    def block(row: int, column: int) -> FusedBlock:
        sharpness, ratio = choice.sharpness[row, column], choice.ratio[row, column]
        side = blocks.grid.block_px
        return FusedBlock(
            row=row,
            col=column,
            x_level0_px=column * side,
            y_level0_px=row * side,
            size_level0_px=side,
            tissue_fraction=round(float(blocks.tissue_fraction[row, column]), 4),
            plane=int(names[int(choice.plane[row, column])]),
            source=plane_choice.SOURCES[choice.source[row, column]],
            sharpness=float(sharpness) if np.isfinite(sharpness) else None,
            sharpness_ratio=float(ratio) if np.isfinite(ratio) else None,
        )

    return tuple(block(row, column) for row, column in np.ndindex(blocks.grid.shape))
