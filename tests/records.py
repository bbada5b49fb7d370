"""Records of slides that tests judge: a good one, how it may differ, and a refused one."""

import hashlib
from dataclasses import fields
from typing import Any

from grossing.columns.error_codes import ErrorCode
from grossing.slide.identity import Identity, Stat
from grossing.slide.record import (
    Areas,
    Bounds,
    FileFacts,
    FocusMeasures,
    FocusPlaces,
    Level,
    Light,
    Measures,
    Probes,
    Refusal,
    Resolution,
    SlideRecord,
    StainMeasures,
)

#: fields of the parts of a slide that passes
GOOD: dict[type, dict[str, Any]] = {
    FileFacts: {
        "vendor": "aperio",
        "width_px": 40_000,
        "height_px": 30_000,
        "levels": (Level(40_000, 30_000, 1.0),),
        "bounds": Bounds(0, 0, 40_000, 30_000),
        "objective": 40.0,
        "quickhash": None,
        "icc_bytes": 0,
    },
    Resolution: {
        "mpp": 0.25,
        "mpp_x": 0.25,
        "mpp_y": 0.25,
        "mpp_source": "file",
        "anisotropic": False,
    },
    Probes: {"probes": 5, "probes_failed": 0},
    Areas: {
        "overview_downsample": 32.0,
        "overview_lost_fraction": 0.0,
        "tissue_area_mm2": 50.0,
        "tissue_fraction": 0.6,
        "pen_fraction": 0.0,
        "fold_fraction": 0.0,
        "dark_spot_fraction": 0.0,
        "bubble_fraction": 0.0,
    },
    FocusMeasures: {
        "focus_tiles_failed": 0,
        "focus_reblur_median": 0.6,
        "sharpness_score": 300.0,
    },
    Light: {
        "background_r": 240,
        "background_g": 240,
        "background_b": 240,
        "brightness": 240.0,
        "contrast": 100.0,
    },
    StainMeasures: {"is_he": True},
}


def good(
    slide_id: str = "a",
    *,
    content_hash: str | None = None,
    focus_reblur: tuple[float | None, ...] = (0.6,) * 10,
    **changes: Any,
) -> SlideRecord:
    """The record of a slide that passes, but for the values of some fields of its parts.

    Parameters
    ----------
    content_hash : by default one that no other slide_id has
    focus_reblur : of the sampled places
    changes : fields of any part
    """
    at = tuple(range(len(focus_reblur)))
    changes["focus_tiles"] = FocusPlaces(at, at, *[focus_reblur] * 4)

    def part(kind: type) -> Any:
        own = {f.name: changes.pop(f.name) for f in fields(kind) if f.name in changes}
        return kind(**GOOD[kind] | own)

    content_hash = content_hash or hashlib.sha256(slide_id.encode()).hexdigest()
    record = SlideRecord(
        slide_id,
        Identity(Stat(1, 10_000, 1), content_hash),
        file=part(FileFacts),
        resolution=part(Resolution),
        probes=part(Probes),
        measures=Measures(*map(part, (Areas, FocusMeasures, Light, StainMeasures))),
    )
    assert not changes, f"no such field of a slide: {', '.join(changes)}"
    return record


def refused(slide_id: str = "a", code: ErrorCode = "file_missing") -> SlideRecord:
    """The record of a slide that cannot be used."""
    refusal = Refusal(code, "no such file", "correct `path` in the cohort sheet")
    return SlideRecord(slide_id, Identity(None, None), refusal)
