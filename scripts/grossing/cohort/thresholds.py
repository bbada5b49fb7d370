"""Every threshold: the column it judges, the config key of its limit, its direction, its reason.

A limit of 0 for `tissue_area_mm2_min`, or of 1 for a share, fails nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from grossing.columns.reason_codes import SlideReason, TileReason
from grossing.columns.study_codes import StudyReason


@dataclass(frozen=True)
class Threshold:
    """`column` may not be above (max) or below (min) the config's `thresholds.*.{limit}`.

    `is_named`: the reason names the column, where several columns have one reason.
    """

    column: str
    limit: str
    direction: Literal["min", "max"]
    reason: SlideReason | TileReason | StudyReason
    is_named: bool = False

    def exceeded(self, value: float, limits: Mapping[str, float]) -> bool:
        """Whether a value is on the wrong side of its limit; NaN never is."""
        limit = limits[self.limit]
        return value > limit if self.direction == "max" else value < limit

    def near(self, value: float, limits: Mapping[str, float]) -> bool:
        """Whether a value is within `near_margin` (relative) of its limit."""
        limit = limits[self.limit]
        return limit != 0 and abs(value - limit) < limits["near_margin"] * limit

    def text(self, value: float, limits: Mapping[str, float]) -> str:
        """`reason=value>limit` or `reason=column:value>limit`, `<` where the value is below it."""
        shown = f"{self.reason}={self.column}:" if self.is_named else f"{self.reason}="
        return shown + compared(value, limits[self.limit])


def with_value(reason: str, value: float, limit: float) -> str:
    """`reason=value>limit`, `<` or `=`."""
    return f"{reason}={compared(value, limit)}"


def compared(value: float, limit: float) -> str:
    """`value>limit`, `<` or `=`; the value with enough digits to differ from the limit."""
    sign = ">" if value > limit else "<" if value < limit else "="
    text = f"{value:.4g}"
    if float(text) == limit and value != limit:
        text = f"{value:.9g}"
    return f"{text}{sign}{limit:g}"


#: checked first; a slide that is not brightfield is judged by nothing else
BRIGHTFIELD = Threshold("brightness", "brightness_min", "min", "not_brightfield")

#: the same of a slide whose stain is fluorescence: its dark background
DARK_FIELD = Threshold("background", "brightness_min", "max", "not_dark_field")

#: on what is measured before tiling
SLIDE = (
    Threshold("tissue_area_mm2", "tissue_area_mm2_min", "min", "tissue_area_mm2"),
    Threshold("blurred_fraction", "blurred_fraction_max", "max", "blurred_fraction"),
    Threshold("pen_fraction", "pen_fraction_max", "max", "pen_fraction"),
)

#: beyond them a slide that would be tiled gets REVIEW
REVIEW = (
    Threshold("focus_uncertain_fraction", "focus_uncertain_fraction_max", "max", "focus_uncertain"),
    Threshold("possible_pen_area_mm2", "possible_pen_area_mm2_max", "max", "possible_pen"),
    Threshold("faint_tissue_fraction", "faint_tissue_fraction_max", "max", "faint_tissue"),
    Threshold("thin_tissue_fraction", "thin_tissue_fraction_max", "max", "thin_tissue"),
    Threshold("round_detail_fraction", "round_detail_fraction_min", "min", "possible_dirt"),
    Threshold("foreign_dye_fraction", "foreign_dye_fraction_max", "max", "stain_differs"),
    Threshold("eosin_fraction", "eosin_fraction_min", "min", "stain_differs", is_named=True),
    Threshold("eosin_extent", "eosin_extent_min", "min", "stain_differs", is_named=True),
    Threshold("mask_agreement", "mask_agreement_min", "min", "mask_disagrees"),
    Threshold("mask_missed_fraction", "mask_missed_fraction_max", "max", "mask_misses_tissue"),
    Threshold("mask_on_glass_fraction", "mask_on_glass_fraction_max", "max", "mask_on_glass"),
    Threshold("mask_moved_gain", "mask_moved_gain_max", "max", "mask_misplaced"),
)

#: beside the other slides: beyond them a slide that would be tiled gets REVIEW
COHORT = (
    Threshold("outlier_z", "outlier_z_max", "max", "outlier"),
    Threshold("stain_z", "stain_z_max", "max", "stain_differs"),
)

#: on the results of tiling
AFTER_TILING = (
    Threshold("lost_fraction", "lost_fraction_max", "max", "lost_fraction"),
    Threshold("absent_fraction", "absent_fraction_max", "max", "absent_fraction"),
    Threshold("suspicious_fraction", "suspicious_fraction_max", "max", "suspicious_fraction"),
)

#: columns of `TILE` above whose limit a tile may show something else than the slide
SUSPICIOUS = ("overview_difference", "seam_step")

TILE = (
    Threshold("overview_difference", "overview_difference_max", "max", "overview_difference"),
    Threshold("seam_step", "seam_step_max", "max", "seam_step"),
    Threshold("absent_fraction", "absent_fraction_max", "max", "absent_fraction"),
    Threshold("tissue_fraction", "tissue_fraction_min", "min", "tissue_fraction"),
    Threshold("focus", "focus_min", "min", "focus"),
    Threshold("pen_fraction", "pen_fraction_max", "max", "pen_fraction"),
)
