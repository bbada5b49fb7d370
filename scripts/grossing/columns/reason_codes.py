"""Codes that a verdict may name.

Made from workflow/schemas/cohort_qc.schema.yaml by `make schemas`.
"""

from typing import Literal

SlideReason = Literal[
    "not_brightfield",
    "not_dark_field",
    "stain_differs",
    "mask_disagrees",
    "mask_misses_tissue",
    "mask_on_glass",
    "mask_misplaced",
    "coarser_than_target",
    "no_tissue",
    "tissue_area_mm2",
    "blurred_fraction",
    "focus_uncertain",
    "pen_fraction",
    "lost_fraction",
    "absent_fraction",
    "suspicious_fraction",
    "suspicious_tiles",
    "no_passing_tile",
    "no_candidate_tile",
    "near_threshold",
    "glass_not_found",
    "possible_pen",
    "faint_tissue",
    "thin_tissue",
    "possible_dirt",
    "plane_shift",
    "plane_light",
    "pictures_left_out",
    "salvaged",
    "anisotropic",
    "outlier",
    "duplicate_in_other_split",
    "duplicate_in_other_case",
    "duplicate_with_other_label",
    "accepted_by_review",
    "rejected_by_review",
    "review_outdated",
    "mpp_doubtful",
]
TileReason = Literal[
    "lost",
    "tissue_fraction",
    "focus",
    "pen_fraction",
    "overview_difference",
    "seam_step",
    "absent_fraction",
    "decoders_disagree",
    "no_focus",
]
