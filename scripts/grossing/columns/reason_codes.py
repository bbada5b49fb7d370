"""Codes that a verdict may name.

Made from workflow/schemas/cohort_qc.schema.yaml by `make schemas`.
"""

from typing import Literal

SlideReason = Literal[
    "not_brightfield",
    "not_dark_field",
    "stain_differs",
    "coarser_than_target",
    "no_tissue",
    "tissue_area_mm2",
    "blurred_fraction",
    "pen_fraction",
    "lost_fraction",
    "absent_fraction",
    "suspicious_fraction",
    "suspicious_tiles",
    "no_passing_tile",
    "no_candidate_tile",
    "near_threshold",
    "salvaged",
    "anisotropic",
    "mpp_doubtful",
]
TileReason = Literal[
    "lost",
    "tissue_fraction",
    "focus_reblur",
    "pen_fraction",
    "overview_difference",
    "seam_step",
    "absent_fraction",
    "decoders_disagree",
    "no_focus",
]
