"""Everything that is measured of one slide; nothing is judged here."""

import logging
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from grossing.mask import labels, tissue
from grossing.measure import overview, sampling
from grossing.slide import identity, modality, opening
from grossing.stain import normalisation
from grossing.support.errors import SlideError

THUMBNAIL_PX = 1024
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Measured:
    """`record` goes to the slide's JSON; pictures are None where the slide could not be used.

    `mask` (H, W) uint8 labels and `thumbnail` (h, w, 3) uint8 span the scanned bounds.
    """

    record: dict[str, Any]
    mask: npt.NDArray[np.uint8] | None = None
    thumbnail: npt.NDArray[np.uint8] | None = None


def slide(
    path: str | os.PathLike[str],
    *,
    slide_id: str,
    given_mpp: float | None,
    given_stain: str,
    mpp_from_objective: bool,
    tissue: dict[str, Any],
    focus: dict[str, Any],
    stack: Mapping[str, Any] | None = None,
) -> Measured:
    """Facts, tissue and pen mask, focus, stain and identity of one slide.

    An unusable slide has `readable` false with the reason; what may be gone the next time (storage
    that fails) is raised, so that the job is tried again.

    Parameters
    ----------
    given_mpp, given_stain : the sheet's `mpp` (um/px) and `stain`
    tissue, focus : the config sections of these names
    stack : what is told of the stack that the slide was fused from (`fusion.Fused.facts`)
    """
    refused = stack is not None and stack["error_code"] is not None
    record: dict[str, Any] = {
        "slide_id": slide_id,
        "readable": False,
        "error_code": None,
        "error_message": None,
        "remedy": None,
        **identity.identity(path, hashed=not refused),
    }
    try:
        if stack is not None and refused:
            raise SlideError(stack["error_code"], stack["error_message"], stack["remedy"])
        with opening.Slide(path) as opened:
            opening.check_index(opened)
            record |= opening.description(opened)
            facts = opening.facts(
                opened, given_mpp=given_mpp, mpp_from_objective=mpp_from_objective
            )
            if stack is None:
                return _measure(opened, record, facts, given_stain, tissue, focus)
            record |= {"objective": stack["objective"]}
            measured = _measure(
                opened, record, _planes_facts(facts, stack), given_stain, tissue, focus
            )
            return replace(measured, record=measured.record | _planes_losses(measured, stack))
    except SlideError as error:
        return Measured(_refused(record, error))


def _planes_facts(facts: opening.Facts, stack: Mapping[str, Any]) -> opening.Facts:
    """The resolution, and where it comes from, is that of the planes: the fused file is ours."""
    return replace(facts, **{key: stack[key] for key in ("mpp", "mpp_x", "mpp_y", "mpp_source")})


def _planes_losses(measured: Measured, stack: Mapping[str, Any]) -> dict[str, Any]:
    """What did not decode when the planes were fused counts as lost of the slide, rounded up."""
    cells = stack["lost_cells"] + stack["substituted_cells"]
    lost = math.ceil(1e4 * cells / stack["cells"]) / 1e4
    lost += measured.record["overview_lost_fraction"]
    return {"overview_lost_fraction": min(1.0, round(lost, 4))}


def _refused(record: dict[str, Any], error: SlideError) -> dict[str, Any]:
    LOG.warning("slide %s: %s: %s", record["slide_id"], error.code, error)
    return record | {
        "readable": False,
        "error_code": error.code,
        "error_message": error.message,
        "remedy": error.remedy,
    }


def _measure(
    opened: opening.Slide,
    record: dict[str, Any],
    facts: opening.Facts,
    given_stain: str,
    tissue_options: dict[str, Any],
    focus_options: dict[str, Any],
) -> Measured:
    record |= _resolution_columns(facts)
    small = overview.read(opened, facts, mpp=tissue_options["working_mpp"])
    dark_field = modality.is_fluorescence(given_stain)
    seen = 255 - small.rgb if dark_field else small.rgb
    mask = tissue.segment(seen, small.mpp, scanned=small.scanned, **tissue_options)
    glass = tissue.glass_colour(seen, scanned=small.scanned)
    glass = 255 - glass if dark_field else glass
    place = (opened, facts, mask, small.downsample)
    tried, failed = sampling.probe(*place)
    record |= {"probes": tried, "probes_failed": failed}
    if failed * 2 > tried:
        message = f"{failed} of {tried} probes of level 0 do not decode"
        raise SlideError("unreadable", message, "copy or scan the slide again")
    sample = sampling.read(*place, glass, **focus_options)
    shown = small.rgb.copy()
    shown[~small.scanned] = glass
    record |= _area_columns(mask, small) | sample.columns()
    record |= {f"background_{band}": int(glass[i]) for i, band in enumerate("rgb")}
    record |= _brightness(seen, small.scanned)
    record["is_he"] = modality.is_he(given_stain)
    pooled = sample.pixels if record["is_he"] else sample.pixels[:0]
    record |= normalisation.statistics(pooled, glass)
    record["readable"] = True
    LOG.info("slide %s: %.2f mm2 of tissue", record["slide_id"], record["tissue_area_mm2"])
    return Measured(record, mask, _thumbnail(shown))


def _resolution_columns(facts: opening.Facts) -> dict[str, Any]:
    return {
        "mpp": round(facts.mpp, 6),
        "mpp_x": facts.mpp_x,
        "mpp_y": facts.mpp_y,
        "mpp_source": facts.mpp_source,
        "anisotropic": facts.anisotropic,
    }


def _area_columns(mask: npt.NDArray[np.uint8], small: overview.Overview) -> dict[str, Any]:
    counts = np.bincount(mask.ravel(), minlength=8)
    scanned = max(1, int(counts[1:].sum()))
    bodies = max(1, int(counts[labels.TISSUE] + counts[labels.FOLD]))
    pixel_mm2 = small.mpp**2 / 1e6
    return {
        "overview_downsample": small.downsample,
        "overview_lost_fraction": small.lost_fraction,
        "tissue_area_mm2": round(float(counts[labels.TISSUE] * pixel_mm2), 4),
        "tissue_fraction": round(float(counts[labels.TISSUE] / scanned), 4),
        "pen_fraction": round(float(counts[labels.PEN] / scanned), 4),
        "fold_fraction": round(float(counts[labels.FOLD] / bodies), 4),
        "dark_spot_fraction": round(float(counts[labels.DARK_SPOT] / scanned), 4),
        "bubble_fraction": round(float(counts[labels.BUBBLE] / scanned), 4),
    }


def _brightness(rgb: npt.NDArray[np.uint8], scanned: npt.NDArray[np.bool_]) -> dict[str, Any]:
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[scanned]
    if not len(grey):
        return {"brightness": None, "contrast": None}
    low, high = np.percentile(grey, [1, 90])
    return {"brightness": round(float(high), 1), "contrast": round(float(high - low), 1)}


def _thumbnail(rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    scale = min(1.0, THUMBNAIL_PX / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
