"""Everything that is measured of one slide; nothing is judged here."""

import functools
import logging
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from grossing.mask import dark_field, labels, mask_file, thin_tissue
from grossing.mask import tissue as tissue_mask
from grossing.mask import users_mask as users_masks
from grossing.mask.mask_grid import MaskGrid, UsersMask
from grossing.mask.surround import black_surround
from grossing.measure import (
    colours,
    embedded_thumbnail,
    levels,
    overview,
    picture_hash,
    sampling,
)
from grossing.measure.measured import Measured
from grossing.slide import (
    facts,
    further_pictures,
    identity,
    mask_identity,
    modality,
    opening,
    reader_messages,
    tiff_properties,
)
from grossing.slide.mask_identity import NO_MASK
from grossing.slide.raw_slide import RawSlide
from grossing.slide.record import (
    OUR_MASK,
    Areas,
    FileFacts,
    Light,
    Measures,
    Picture,
    SlideRecord,
    TissueMask,
)
from grossing.slide.stack_record import StackRecord
from grossing.slide.tiff_properties import TiffProperties
from grossing.stain import statistics
from grossing.support import memory
from grossing.support.errors import SlideError
from grossing.support.records import Refusal
from grossing.support.types import Mask, PathLike, Pixels

RETAG = (
    "correct the tag, for a TIFF: tiffset -s 262 6 slide.tif (YCbCr data) or 2 (RGB data); "
    "or convert the slide with a program that shows its colours rightly"
)
STRETCH = (
    "where the values have so many bits, write 8 of them: vips linear slide.tif "
    '"slide8.tif[tile,pyramid,compression=jpeg,Q=90]" {:g} 0 --uchar'
)
#: grey levels shown of 16 bits: up to these a picture has 12 bits (fluorescence) or 14
FEW_GREYS, MANY_GREYS = 16, 64
LOG = logging.getLogger(__name__)

MOST_LOST = 0.5  # of an overview: the rest says too little of the tissue


def measure(
    path: PathLike,
    *,
    slide_id: str,
    given_mpp: float | None,
    given_stain: str,
    mpp_from_objective: bool,
    tissue: Mapping[str, Any],
    focus: Mapping[str, Any],
    stack: StackRecord | None = None,
    users_mask: PathLike | None = None,
) -> Measured:
    """Facts, tissue and pen mask, focus, stain and identity of one slide.

    The record of an unusable slide has a refusal with the reason; errors that may be temporary
    (failing storage) are raised, so that the job is tried again.

    Parameters
    ----------
    given_mpp, given_stain : the sheet's `mpp` (um/px) and `stain`
    tissue : keywords of `tissue.segment`, and `working_mpp` of the overview
    focus : keywords of `sampling.read`
    stack : the stack that the slide was fused from, if it was
    users_mask : a tissue mask of the user's own, which replaces ours (`mask_file.read`)
    """
    cv2.setNumThreads(1)  # other slides use the other cores
    refused = stack.refusal if stack else None
    record = SlideRecord(
        slide_id,
        identity.identity(path, hashed=not refused),
        refused,
        mask=mask_identity.of_file(users_mask) if users_mask else NO_MASK,
    )
    if refused:
        LOG.warning("slide %s: %s: %s", slide_id, refused.code, refused.message)
        return Measured(record)
    try:
        with RawSlide(os.fspath(path)) as slide:
            opening.check_size(slide)
            file = _file_facts(slide, stack)
            record = replace(record, file=file)
            tags = tiff_properties.check(path, file, dark=modality.is_fluorescence(given_stain))
            resolution = (stack.resolution if stack else None) or facts.resolution(
                slide, given_mpp=given_mpp, mpp_from_objective=mpp_from_objective
            )
            record = replace(record, resolution=resolution)
            file, view = _view(slide, file, resolution.mpp, given_stain, tissue)
            memory.give_back(memory.MUCH)
            _check_scanned(view.overview, tags, file)
            _check_colours(view.overview, tags, given_stain)
            if users_mask:
                view = view.with_tissue_of(mask_file.read(users_mask), file)
            if len(file.levels) == 1:
                embedded_thumbnail.check(slide, view.shown)
            probed = sampling.probe(slide, file, view.mask, view.overview.downsample)
            record = replace(record, file=file, probes=probed.probes)
            _check_probes(probed)
            dark = modality.is_fluorescence(given_stain)
            sample = _sample(slide, file, view, resolution.mpp, {**focus, "dark_field": dark})
            memory.give_back(memory.MUCH)
            measures = _measures(view, sample, given_stain, _lost_blocks(stack))
            record = replace(record, measures=measures)
            thumbnail = overview.thumbnail(slide, file, view.overview, view.glass)
            return Measured(record, view.mask, view.shown, thumbnail)
    except SlideError as error:
        LOG.warning("slide %s: %s: %s", slide_id, error.code, error)
        return Measured(replace(record, refusal=Refusal.from_error(error)))


def _file_facts(slide: opening.Slide, stack: StackRecord | None) -> FileFacts:
    """What the file states; of a fused slide, the objective of its planes and how they match."""
    file = facts.file_facts(slide)
    file = replace(file, pictures_left_out=further_pictures.count(slide.path, file.vendor))
    if stack is None or stack.fused is None:
        return file
    return replace(
        file,
        objective=stack.fused.objective,
        plane_shift_px=stack.most_left("shift_left_px"),
        plane_light=stack.most_left("light_left"),
    )


@dataclass(frozen=True)
class _View:
    """The overview, its labels, and the colour of the glass or of the dark background.

    `mask` are the labels that count, `own` those without a mask of the user's own, which makes
    `faint` None: what ours missed of the tissue is `mask_missed_fraction` then.
    """

    overview: overview.Overview
    own: Pixels
    glass: Pixels
    has_glass: bool
    faint: float | None = None
    users: Mask | None = None

    @functools.cached_property
    def shown(self) -> Pixels:
        """The overview with glass where nothing was scanned."""
        if self.overview.scanned.all():
            return self.overview.rgb
        shown = self.overview.rgb.copy()
        shown[~self.overview.scanned] = self.glass
        return shown

    @functools.cached_property
    def mask(self) -> Pixels:
        """(H, W) uint8 labels."""
        return self.own if self.users is None else users_masks.combine(self.own, self.users)

    @property
    def sampled(self) -> Pixels:
        """(H, W) uint8 labels, tissue where focus and stain are measured."""
        return self.own if self.users is None else users_masks.common(self.own, self.users)

    def with_tissue_of(self, users_mask: UsersMask, file: FileFacts) -> "_View":
        """The view with a mask of the user's own; raises SlideError where it belongs elsewhere."""
        bounds, (rows, columns) = file.bounds, self.own.shape
        grid = MaskGrid(
            columns=columns,
            rows=rows,
            downsample=self.overview.downsample,
            x=bounds.x,
            y=bounds.y,
            bounds_width=bounds.width,
            bounds_height=bounds.height,
            slide_width=file.width_px,
            slide_height=file.height_px,
        )
        return replace(self, users=users_mask.on(grid), faint=None)

    def tissue_mask(self) -> TissueMask:
        """Whose tissue it is, and how the masks agree."""
        if self.users is None:
            return OUR_MASK
        agreement = users_masks.compare(self.own, self.users, self.overview.mpp)
        return TissueMask("user", **vars(agreement))


def _view(
    slide: opening.Slide,
    file: FileFacts,
    mpp: float,
    given_stain: str,
    options: Mapping[str, Any],
) -> tuple[FileFacts, _View]:
    """The segmented overview from levels that agree with level 0, and the file with these marked.

    Raises
    ------
    SlideError : the other levels show another picture than level 0, or most of it does not decode.
    """
    known = levels.Checked(file)
    while True:
        small = overview.read(
            slide, known.file, mpp, mpp=options["working_mpp"], aliased=known.aliased
        )
        slide.forget()
        if small.lost_fraction > MOST_LOST:
            if small.level == 0:
                message = f"{small.lost_fraction:.0%} of the picture do not decode"
                raise SlideError("unreadable", message)
            known = known.without(small.level)
            continue
        view = _segmented(small, given_stain, options)
        places = sampling.tissue_places(file, view.mask, small.downsample, levels.PLACES)
        checked = levels.check(slide, known.file, places)
        slide.forget()
        aliased = small.level in checked.aliased - known.aliased
        if checked.file.levels[small.level].trusted and not aliased:
            scale = checked.scales[small.level] / file.downsamples[small.level]
            placed = replace(view.overview, downsample=small.downsample * scale)
            return checked.file, replace(view, overview=placed)
        known = replace(checked, aliased=known.aliased | checked.aliased)


def _segmented(small: overview.Overview, given_stain: str, options: Mapping[str, Any]) -> _View:
    filler = dark_field.filler if modality.is_fluorescence(given_stain) else black_surround
    outside = filler(small.rgb, small.scanned)
    if outside.any():
        small = replace(small, scanned=small.scanned & ~outside)
    del outside
    memory.give_back(memory.MUCH)
    found = tissue_mask.find(small.rgb, small.mpp, given_stain, scanned=small.scanned, **options)
    return _View(small, found.labels, found.glass, found.has_glass, found.faint)


def _check_scanned(small: overview.Overview, tags: TiffProperties, file: FileFacts) -> None:
    """Raises SlideError where the picture is empty, or smaller than a pixel of the overview."""
    if small.scanned.any():
        return
    width, height = file.bounds.width, file.bounds.height
    if min(width, height) < small.downsample:
        message = f"{width}x{height} px are too few for a slide"
        raise SlideError("nothing_scanned", message, "give the path of the slide itself")
    if tags.has_alpha:
        raise SlideError("unsupported_samples", "the alpha channel hides the whole picture")
    raise SlideError("nothing_scanned", "the slide is transparent everywhere")


def _check_colours(small: overview.Overview, tags: TiffProperties, given_stain: str) -> None:
    """Raises SlideError where the picture is dark for its depth, grey, or in a wrong colour space.

    OpenSlide shows the upper 8 bits: a camera's 12 bits in samples of 16 would be nearly black.
    """
    highest = int(small.rgb[small.scanned].max())
    most = FEW_GREYS if modality.is_fluorescence(given_stain) else MANY_GREYS
    if tags.has_16_bits and highest <= most:
        bits = max(8, (highest * 257 - 129).bit_length())  # 257 of 65535 are a grey level
        message = f"samples of 16 bits with values below {1 << bits}, which look black"
        raise SlideError("unsupported_samples", message, STRETCH.format(1 / (1 << bits - 8)))
    if modality.is_he(given_stain) and colours.is_grey(small.rgb, small.scanned):
        raise SlideError("unsupported_colour", "not colour: red, green and blue are equal")
    if modality.is_fluorescence(given_stain):
        return
    misread = colours.misread(small.rgb, small.scanned, tags.contradiction)
    if misread:
        raise SlideError("unsupported_colour", f"wrong colour space: {misread}", RETAG)


def _check_probes(probed: sampling.Probed) -> None:
    """Raises SlideError where more than half of the probes do not decode."""
    failed, count = probed.probes.probes_failed, probed.probes.probes
    if failed * 2 > count:
        code = reader_messages.code_of(probed.message, "unreadable")
        message = f"{failed} of {count} probes of level 0 do not decode: {probed.message}"
        raise SlideError(code, message)


def _sample(
    slide: opening.Slide, file: FileFacts, view: _View, mpp: float, options: Mapping[str, Any]
) -> sampling.Sample:
    downsample = view.overview.downsample
    return sampling.read(slide, file, view.sampled, downsample, mpp, view.glass, **options)


def _measures(
    view: _View, sample: sampling.Sample, given_stain: str, lost_blocks: float
) -> Measures:
    red, green, blue = (int(band) if view.has_glass else None for band in view.glass)
    brightness, contrast = _grey_levels(view.overview.rgb, view.overview.scanned)
    dark = modality.is_fluorescence(given_stain)
    return Measures(
        areas=_areas(view, lost_blocks),
        focus=sample.focus,
        light=Light(red, green, blue, brightness, contrast, dark),
        stain=statistics.measure(
            sample.pixels, view.glass, is_he=modality.is_he(given_stain), means=sample.means
        ),
        picture=Picture(picture_hash.of_picture(view.shown, view.own)),
        mask=view.tissue_mask(),
    )


def _lost_blocks(stack: StackRecord | None) -> float:
    """Share of a stack's blocks that did not decode when its planes were fused, rounded up."""
    fused = stack.fused if stack else None
    if fused is None:
        return 0.0
    return math.ceil(1e4 * (fused.lost_blocks + fused.substituted_blocks) / fused.blocks) / 1e4


def _areas(view: _View, lost_blocks: float) -> Areas:
    small = view.overview
    every = range(labels.POSSIBLE_PEN + 1)
    counts = np.array([np.count_nonzero(view.mask == label) for label in every])
    scanned = max(1, int(counts[1:].sum()))
    bodies = max(1, int(counts[labels.TISSUE] + counts[labels.FOLD]))

    def share(label: int, of: int = scanned) -> float:
        return round(float(counts[label] / of), 4)

    def area(label: int) -> float:
        return round(float(counts[label] * small.mpp**2 / 1e6), 4)

    return Areas(
        overview_downsample=small.downsample,
        overview_lost_fraction=min(1.0, round(small.lost_fraction + lost_blocks, 4)),
        tissue_area_mm2=area(labels.TISSUE),
        tissue_fraction=share(labels.TISSUE),
        pen_fraction=share(labels.PEN),
        fold_fraction=share(labels.FOLD, bodies),
        dark_spot_fraction=share(labels.DARK_SPOT),
        bubble_fraction=share(labels.BUBBLE),
        possible_pen_fraction=share(labels.POSSIBLE_PEN),
        possible_pen_area_mm2=area(labels.POSSIBLE_PEN),
        faint_tissue_fraction=None if view.faint is None else round(view.faint, 4),
        thin_tissue_fraction=_thin(view),
    )


def _thin(view: _View) -> float | None:
    thin = None if view.users is not None else thin_tissue.share(view.own, view.overview.mpp)
    return None if thin is None else round(thin, 4)


def _grey_levels(rgb: Pixels, scanned: Mask) -> tuple[float | None, float | None]:
    """Brightness (90th percentile of grey) and contrast (above the 1st) of what was scanned."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[scanned]
    if not len(grey):
        return None, None
    low, high = np.percentile(grey, [1, 90])
    return round(float(high), 1), round(float(high - low), 1)
