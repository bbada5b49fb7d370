"""What a plan knows of a slide without decoding a pixel."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import openslide

from grossing.cohort.decide import COARSER
from grossing.columns.error_codes import REMEDIES
from grossing.slide import facts, grid, identity, modality, opening, tiff_properties
from grossing.slide.record import FileFacts, Resolution, SlideRecord
from grossing.support.errors import SlideError
from grossing.support.types import PathLike

#: of tissue, all levels counted; real and synthetic JPEG slides have about .3, glass a hundredth
TISSUE_BYTES_PER_PIXEL = 0.3


@dataclass(frozen=True)
class Target:
    """The resolution that tiles shall have."""

    mpp: float
    tolerance: float
    mpp_from_objective: bool


@dataclass(frozen=True)
class Size:
    """How large a slide is, in gigapixels.

    Attributes
    ----------
    target : the scanned bounds at the target resolution
    tissue : of these, tissue as far as the file's size tells
    read : tissue in the level that tiles are read from
    planes : focal planes that are fused, 1 of other slides
    """

    target: float
    tissue: float
    read: float
    planes: int = 1

    @classmethod
    def of(cls, file: FileFacts, mpp: float, file_bytes: int, target: Target) -> Self:
        """Of what a file states, its size in bytes and its um/px."""
        stored = sum(level.width_px * level.height_px for level in file.levels)
        share = min(1.0, file_bytes / (TISSUE_BYTES_PER_PIXEL * stored))
        downsample = max(1.0, target.mpp / mpp)
        level = facts.level_for(file.downsamples, downsample)
        area = file.bounds.width * file.bounds.height / 1e9
        at_target = area / downsample**2
        return cls(at_target, share * at_target, share * area / file.downsamples[level] ** 2)


@dataclass(frozen=True)
class Problem:
    """Why a slide will fail, by the code of its verdict, and what to do about it."""

    code: str
    message: str
    remedy: str


@dataclass(frozen=True)
class SlideHeader:
    """A slide's size, None where it cannot be measured, and why it will fail.

    `file_bytes` are those of its file, or of one focal plane.
    """

    size: Size | None
    problem: Problem | None
    file_bytes: int


def of_record(record: SlideRecord, target: Target) -> SlideHeader:
    """Of a slide that was measured before."""
    file_bytes = record.identity.source.bytes if record.identity.source else 0
    if record.file is None or record.resolution is None:
        refusal = record.refusal
        problem = Problem(refusal.code, refusal.message, refusal.remedy) if refusal else None
        return SlideHeader(None, problem, file_bytes)
    return _usable(record.file, record.resolution, file_bytes, target)


def read(
    path: PathLike, target: Target, *, given_mpp: float | None, given_stain: str
) -> SlideHeader:
    """Of a slide that was not: the checks of `measure_slide` that need no pixels.

    Parameters
    ----------
    given_mpp, given_stain : the sheet's `mpp` (um/px) and `stain`
    """
    file_bytes = 0
    try:
        with opening.Slide(path) as slide:
            source = identity.stat(path)
            file_bytes = source.bytes if source else 0
            opening.check_size(slide)
            file = facts.file_facts(slide)
            tiff_properties.check(path, file, dark=modality.is_fluorescence(given_stain))
            resolution = facts.resolution(
                slide, given_mpp=given_mpp, mpp_from_objective=target.mpp_from_objective
            )
    except SlideError as error:
        problem = Problem(error.code, error.message, error.remedy)
        return SlideHeader(None, problem, file_bytes)
    except (OSError, openslide.OpenSlideError) as error:
        problem = Problem("unreadable", str(error), "run again when the storage answers")
        return SlideHeader(None, problem, file_bytes)
    return _usable(file, resolution, file_bytes, target)


def of_stack(
    paths: Sequence[str],
    planes: int,
    target: Target,
    *,
    given_mpp: float | None,
    given_stain: str,
) -> SlideHeader:
    """Of a stack of focal planes, by its first plane; a missing plane is a problem.

    Parameters
    ----------
    paths : of the planes, or of one file whose pages they are
    planes : number of planes, 0 where the pages were not counted
    """
    missing = next((path for path in paths if not os.path.exists(path)), None)
    if missing:
        message = f"{os.path.basename(missing)}: no such file"
        problem = Problem("file_missing", message, REMEDIES["file_missing"])
        return SlideHeader(None, problem, 0)
    header = read(paths[0], target, given_mpp=given_mpp, given_stain=given_stain)
    if header.size is None:
        return header
    return replace(header, size=replace(header.size, planes=max(planes, len(paths))))


def with_mask(header: SlideHeader, mask: PathLike) -> SlideHeader:
    """The header of a slide with a mask of the user's own, with a problem where that is missing."""
    if os.path.exists(mask):
        return header
    message = f"no mask {os.path.basename(os.fspath(mask))!r}"
    problem = Problem("mask_missing", message, REMEDIES["mask_missing"])
    return replace(header, size=None, problem=problem)


def _usable(
    file: FileFacts, resolution: Resolution, file_bytes: int, target: Target
) -> SlideHeader:
    problem = None
    if grid.is_coarser(resolution.mpp, target.mpp, target.tolerance):
        message = f"{resolution.mpp:g} um/px, the target is {target.mpp:g} um/px"
        remedy = "raise target_mpp, or correct the column `mpp` if it is wrong"
        problem = Problem(COARSER, message, remedy)
    return SlideHeader(Size.of(file, resolution.mpp, file_bytes, target), problem, file_bytes)
